"""The service that operators and drivers see."""
