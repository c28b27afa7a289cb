"""What the signs, printers, scanners and readers on the post are made of."""
