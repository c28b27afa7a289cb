"""What all parts behind an MQTT broker share."""
