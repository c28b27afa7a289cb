"""What a device wrote as a plate: a plate, or one of the words for none. Pure."""

from __future__ import annotations

from drivers.plate_sources.heard import LONGEST_TEXT
from models.plates import Plate, normalised

_NO_PLATE = frozenset(
    (
        *("UNKNOWN", "UNKNOW", "NOPLATE", "NOPLATENUMBER", "UNLICENSED", "UNRECOGNIZED", "UNRECOGNISED"),
        *("NONE", "NULL", "NAN", "NOTREAD", "NOTFOUND", "NOTRECOGNIZED", "UNDEFINED", "EMPTY", "NOREAD", "NOLICENSE"),
        *("无车牌", "未识别", "车牌", "无牌车"),
    )
)
"""What cameras say of a vehicle whose plate they haven't read, without its separators."""


def plate_in(text: str) -> Plate | None:
    """None for what is no plate."""
    if len(text) > LONGEST_TEXT:
        return None
    try:
        plate = normalised(text)
    except ValueError:
        return None
    return None if plate in _NO_PLATE else plate
