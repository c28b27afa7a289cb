"""Stays, and the vehicles, moments and restarts that belong to them."""
