"""Licence plates as text: one spelling for each, as a camera can say it, and a form that is fit for a log."""

from __future__ import annotations

import unicodedata
from typing import NewType

Plate = NewType("Plate", str)
"""Upper case letters and digits only, as `normalised` gives them."""

SHORTEST = 2
LONGEST = 12
_CYRILLIC = dict(zip("АВЕЅІЈКМНОРСТУҮХ", "ABESIJKMHOPCTYYX", strict=True))
_GREEK = dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEZHIKMNOPTYX", strict=True))
_STROKED = {"Ø": "O", "Đ": "D", "Ð": "D", "Ł": "L", "Ħ": "H", "Ŧ": "T", "Æ": "AE", "Œ": "OE", "ẞ": "SS"}
"""Letters that are a Latin one to a camera, and that Unicode doesn't take apart."""
_SEEN_AS = str.maketrans(_CYRILLIC | _GREEK | _STROKED)
_LATIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_KEPT = frozenset(("Lu", "Ll", "Lt", "Lo", "Nd"))
"""Letters with and without case, and digits; no marks above letters, no numerals in circles."""


def normalised(text: str) -> Plate:
    """`gö-ab 12` is `GOAB12`: upper case, no separators, letters and digits as the Latin ones that they look like.

    No reader tells Ö from O: its alphabet is A to Z and 0 to 9. A plate with a mark is therefore spelled without it
    everywhere, or a permit for it would open nothing. The price is that two plates that differ by a mark alone are
    one here (of Germany's districts only BO and BÖ are such a pair). Greek and Cyrillic letters become the Latin ones
    that they are drawn like, digits of any script 0 to 9; what looks like no Latin letter stays: Д, 京. Of no other
    script are marks dropped: か isn't が.
    Raises ValueError when nothing that can be a plate is left.
    """
    plain = _composed(_composed(text).upper())
    kept = "".join(_latin(c) for c in plain if unicodedata.category(c) in _KEPT)
    if not SHORTEST <= len(kept) <= LONGEST:
        raise ValueError(f"{text!r} isn't a plate: {SHORTEST} to {LONGEST} letters and digits are expected")
    return Plate(kept)


def _composed(text: str) -> str:
    """Full-width and other forms of a character made plain, its marks in it."""
    return unicodedata.normalize("NFKC", text)


def _latin(character: str) -> str:
    """A letter without its marks where it then is a Latin one, a digit as 0 to 9, and anything else as it is."""
    digit = unicodedata.decimal(character, None)
    if digit is not None:
        return str(digit)
    bare = unicodedata.normalize("NFD", character)[0].translate(_SEEN_AS)
    return bare if _LATIN.issuperset(bare) else character


def respelled(plate: str) -> Plate:
    """A plate out of a store or an intent as it is spelled today: it may have been written when marks, and Greek and
    Cyrillic letters, were kept. What would become too long stays as it is."""
    try:
        return normalised(plate)
    except ValueError:
        return Plate(plate)


def masked(plate: str) -> str:
    """For logs and public screens: the first two characters (of a short plate fewer), the rest as dots."""
    shown = min(2, len(plate) // 2)
    return plate[:shown] + "•" * max(len(plate) - shown, 1)
