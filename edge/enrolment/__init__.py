"""Bringing a new computer on line with what the operator sent: a file, a picture or the text itself."""
