"""What all parts on a serial line, or a stream of bytes like one, share."""
