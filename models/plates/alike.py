"""How likely two plates are one that was read wrongly: for lists that a person looks through, never for a gate."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import cache
from typing import TypeVar

from models.plates.confusions import truly

_ALIKE, _OTHER, _MISSING = 0.3, 1.0, 0.8
_OFTEN = 0.2
"""Of a misread character's true ones: those with such a share are alike, those with a tenth of it hardly any more."""
_DEARER_BY_TEN = 0.5
NEIGHBOUR = 1.6
"""Up to here a plate stands in the list: one character that is another, or one missing, and some alike."""
MISREAD = 0.7
"""Up to here nobody holds it against a driver: two characters that are easily confused at most."""

_T = TypeVar("_T")


def apart(one: str, other: str) -> float:
    """0 for equal plates; each character that is confused, another, or missing adds to it."""
    above = [place * _MISSING for place in range(len(other) + 1)]
    for row, left in enumerate(one, 1):
        here = [row * _MISSING]
        for column, right in enumerate(other, 1):
            changed = above[column - 1] + _changed(left, right)
            here.append(min(changed, above[column] + _MISSING, here[column - 1] + _MISSING))
        above = here
    return round(above[-1], 6)


def neighbours(plate: str, known: Iterable[tuple[str, _T]]) -> list[_T]:
    """Of those that are known by their plates, the ones near enough to be it, the likeliest first; not the same one."""
    all_others = ((apart(plate, other), other, one) for other, one in known if other != plate)
    near = [each for each in all_others if each[0] <= NEIGHBOUR]
    return [one for _, _, one in sorted(near, key=lambda each: each[:2])]


@cache
def _changed(left: str, right: str) -> float:
    """The dearer, the seldomer either is read for the other."""
    if left == right:
        return 0.0
    share = max(truly(left).get(right, 0.0), truly(right).get(left, 0.0))
    if share <= 0.0:
        return _OTHER
    return min(_OTHER, max(_ALIKE, _ALIKE + _DEARER_BY_TEN * math.log10(_OFTEN / share)))
