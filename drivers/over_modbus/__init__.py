"""What all parts behind a Modbus line share."""
