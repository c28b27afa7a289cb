"""What all parts with a web server share."""
