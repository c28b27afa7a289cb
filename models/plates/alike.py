"""How likely two plates are one that was read wrongly: for lists that a person looks through, never for a gate."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

_GROUPS = ("0DOQ", "1IL", "2Z", "38B", "5S", "6G", "EF", "FP", "HKMRN", "VTYU", "AR4", "7T1")
"""Characters that cameras and people take for one another."""
_CONFUSED = frozenset((a, b) for group in _GROUPS for a in group for b in group if a != b)
_ALIKE, _OTHER, _MISSING = 0.3, 1.0, 0.8
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


def _changed(left: str, right: str) -> float:
    if left == right:
        return 0.0
    return _ALIKE if (left, right) in _CONFUSED else _OTHER
