"""Relay boards that exist only on a pty: what a driver says to them, and how long their contacts were really made."""
