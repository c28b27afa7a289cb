"""How likely a plate is read so when it was read otherwise before: of one vehicle, both times through a camera."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from functools import cache

from models.plates.confusions import truly
from models.plates.counted import READS, SLIPS, WRONG_BELOW

TYPICAL = 0.997
"""How sure a character is taken to be where the reader doesn't say. Not less: it was decided by a vote."""
_LEAST_WRONG = 0.0005
_AS_IF_COUNTED = 20
_AT_ENTRY = 0.15
"""What is inside was decided by a vote; what is seen at an exit may be a question to the driver. So much seldomer is a
plate inside misread."""
_SELDOMER = 0.3
"""Pictures that were made worse to be counted hide an end of the plate oftener than a lane does; so many times."""


@cache
def _steps() -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Bounds of sureness, and how often a character between them is wrong: the surer, the seldomer."""
    bounds = tuple(bound for bound, _, _ in WRONG_BELOW[:-1])
    wrong = [(few + _AS_IF_COUNTED * 0.01) / (all_ + _AS_IF_COUNTED) for _, few, all_ in WRONG_BELOW]
    falling = [max(wrong[place:]) for place in range(len(wrong))]
    return bounds, tuple(max(share, _LEAST_WRONG) for share in falling)


def wrong(sure: float) -> float:
    """How often a character that a reader is so sure of is another."""
    bounds, shares = _steps()
    return shares[bisect_right(bounds, sure)]


def sureness(plate: str, confidences: Sequence[float]) -> Sequence[float]:
    """One for each character, also where the reader gave none."""
    return confidences if len(confidences) == len(plate) else (TYPICAL,) * len(plate)


def all_right(confidences: Sequence[float]) -> float:
    """How likely not one character of a read is wrong."""
    likely = 1.0
    for sure in confidences:
        likely *= 1 - wrong(sure)
    return likely


def likeness(seen: str, surely: Sequence[float], entered: str, as_surely: Sequence[float]) -> float:
    """How likely a vehicle that was read as `entered` when it came is now read as `seen`, the plate being whatever it
    is: 0 to 1.

    Along the likeliest way from one text to the other: characters that are the same, characters of which one was
    misread, and characters that one of the two reads lost or added.
    """
    lost, added = _slips("lost"), _slips("added")
    above = [1.0]
    for column in range(len(entered)):
        above.append(above[-1] * lost[_place(column, len(entered))])
    for row, left in enumerate(seen):
        more = added[_place(row, len(seen))]
        here = [above[0] * more]
        for column, right in enumerate(entered):
            same = above[column] * _alike(left, surely[row], right, as_surely[column])
            less = here[column] * lost[_place(column, len(entered))]
            here.append(max(same, above[column + 1] * more, less))
        above = here
    return above[-1]


def _alike(left: str, sure: float, right: str, as_sure: float) -> float:
    one, other = wrong(sure), wrong(as_sure)
    if left == right:
        return (1 - one) * (1 - other)
    return one * (1 - other) * truly(left).get(right, 0.0) + other * (1 - one) * truly(right).get(left, 0.0)


def _place(place: int, length: int) -> str:
    return "head" if place == 0 else "tail" if place == length - 1 else "inside"


@cache
def _slips(kind: str) -> dict[str, float]:
    """How often a read at an exit loses a character there, or adds one, or the one at the entry did the opposite."""
    opposite = {"lost": "added", "added": "lost"}[kind]
    return {
        place: _SELDOMER
        * (SLIPS.get(f"{kind} {place}", 0) + _AT_ENTRY * SLIPS.get(f"{opposite} {place}", 0) + 1)
        / READS
        for place in ("head", "inside", "tail")
    }
