"""A vehicle at an exit whose plate is exactly nobody's: which stay may be its own, and who says so."""
