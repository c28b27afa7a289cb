"""Which character another is read as, and how often: what everything here that compares plates draws on.

Each pair has a chance that was counted on pictures (`counted.py`) and is smoothed with stated classes, so that what was
never seen stays possible, but dear.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from models.plates.counted import MISREAD, SHOWN

CLASSES = ("0DOQ", "1IL", "2Z", "38B", "5S", "6G", "EF", "FP", "HKMRN", "VTYU", "A4R", "7T1", "UJ", "CG", "MW", "B8R")
"""Characters that cameras and people take for one another, stated before anything was counted."""
CHARACTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_TYPICAL = 0.01
"""How often a character was expected to be misread, before anything was counted."""
_IN_CLASS, _ELSE = 1.0, 0.03
_AS_IF_SHOWN = 150
"""The stated classes weigh as much as if each character had been counted so often."""


@cache
def misread_as(true: str) -> Mapping[str, float]:
    """How likely a character is read as each other one, at the average of what was counted."""
    likes = {read: _likeness(true, read) for read in CHARACTERS if read != true}
    total = sum(likes.values())
    counted, shown = MISREAD.get(true, {}), SHOWN.get(true, 0)
    return MappingProxyType(
        {
            read: (counted.get(read, 0) + _AS_IF_SHOWN * _TYPICAL * like / total) / (shown + _AS_IF_SHOWN)
            for read, like in likes.items()
        }
    )


@cache
def truly(read: str) -> Mapping[str, float]:
    """Of a character that was misread: how likely each other one is what stands there. Sums to 1."""
    chances = {true: misread_as(true).get(read, 0.0) for true in CHARACTERS if true != read}
    total = sum(chances.values())
    return MappingProxyType({true: chance / total for true, chance in chances.items()} if total else {})


def _likeness(one: str, other: str) -> float:
    return _IN_CLASS if any(one in group and other in group for group in CLASSES) else _ELSE
