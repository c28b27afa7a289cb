"""Which character another is read as, and how often: what everything here that compares plates draws on.

Each pair has a chance that was counted on pictures (`counted.py`) and is smoothed with stated classes, so that what was
never seen stays possible, but dear.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
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


Table = Callable[[str], Mapping[str, float]]
"""Of a character that was misread: how likely each other one is what stands there. Sums to 1; empty where no reader
says such a character."""


def smoothed(misread: Mapping[str, Mapping[str, int]], shown: Mapping[str, int]) -> Table:
    """From how often each character was misread as which, and how often each was shown at all."""

    def chance(true: str, read: str) -> float:
        expected = _AS_IF_SHOWN * _TYPICAL * _share(true, read)
        return (misread.get(true, {}).get(read, 0) + expected) / (shown.get(true, 0) + _AS_IF_SHOWN)

    @cache
    def truly(read: str) -> Mapping[str, float]:
        if read not in CHARACTERS:
            return MappingProxyType({})
        chances = {true: chance(true, read) for true in CHARACTERS if true != read}
        total = sum(chances.values())
        return MappingProxyType({true: each / total for true, each in chances.items()})

    return truly


def _share(true: str, read: str) -> float:
    """How much of a character's misreads the stated classes give to another."""
    return _likeness(true, read) / sum(_likeness(true, other) for other in CHARACTERS if other != true)


def _likeness(one: str, other: str) -> float:
    return _IN_CLASS if any(one in group and other in group for group in CLASSES) else _ELSE


truly = smoothed(MISREAD, SHOWN)
"""As it was counted with the reader that is shipped."""
