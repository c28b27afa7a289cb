"""Valet parking: keys, where vehicles stand, and who waits for theirs. Pure."""

VALET = "valet"
"""The code of the tariff's offer with the rates of an attendant's work."""
