"""The HTTP API for operators' and drivers' software."""
