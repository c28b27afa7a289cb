"""Reservations: the code that a driver shows, and the rules for who comes early, late or not at all. No I/O."""
