"""Sells places at the lots: never more at one moment than the lot says that it keeps back."""
