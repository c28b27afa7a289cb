"""The process of its own that looks at all lanes, and the daemon's end of it."""
