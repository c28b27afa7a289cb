"""Licence plates as text: one spelling for each, and a form that is fit for a log."""

from __future__ import annotations

import unicodedata
from typing import NewType

Plate = NewType("Plate", str)
"""Upper case letters and digits only, as `normalised` gives them."""

SHORTEST = 2
LONGEST = 12


def normalised(text: str) -> Plate:
    """`ab 12-cde` is `AB12CDE`: upper case, without separators, full-width forms made plain.

    Raises ValueError when nothing that can be a plate is left.
    """
    plain = unicodedata.normalize("NFKC", text).upper()
    kept = "".join(c for c in plain if c.isalnum())
    if not SHORTEST <= len(kept) <= LONGEST:
        raise ValueError(f"{text!r} isn't a plate: {SHORTEST} to {LONGEST} letters and digits are expected")
    return Plate(kept)


def masked(plate: str) -> str:
    """For logs and public screens: the first two characters (of a short plate fewer), the rest as dots."""
    shown = min(2, len(plate) // 2)
    return plate[:shown] + "•" * max(len(plate) - shown, 1)
