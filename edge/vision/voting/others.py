"""The vehicles before and behind the one on the loop: when a plate may be theirs and not its own. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from drivers.contract import PlateCandidate
from edge.vision.loops import ECHO
from edge.vision.voting.track import ALIKE, SURE, similarity
from models.instants import SECOND, Monotonic
from models.lanes import DROPS_OUT

ON_TIME = 3 * SECOND // 2
"""Who drives onto the loop is read by then; who is read later may have come up behind one that can't be read"""
FIRST_LOOKS = 2
"""A camera or a computer that is slow has so many looks all the same"""
ALL_BUT_NEAR = 0.7
"""Of the width that counts: who creeps onto the loop is read a little too small at first"""
_AS_WIDE = 0.7
"""Of the usual width: the plate of who waits a vehicle's length behind is about half as wide"""
_MOST_WIDTHS = 9
_MOST_BEFORE = 8


@dataclass(frozen=True, slots=True)
class Predecessor:
    """A vehicle that has left the loop: its plate, and when it left."""

    text: str
    at: Monotonic


@dataclass(frozen=True, slots=True)
class Widths:
    """How wide plates are on this loop: of the last vehicles, and (`here`) of this one as it came. `unlearned`: of the
    last one, which wasn't decided; it counts once that has left."""

    of_the_last: tuple[int, ...] = ()
    here: int | None = None
    unlearned: int | None = None


UNKNOWN = Widths()


def is_same_vehicle(left: Monotonic | None, at: Monotonic) -> bool:
    """A loop that goes on so soon after it went off has its vehicle still, or the lane wants to look afresh."""
    return left is not None and at - left < DROPS_OUT


def remembered(before: Sequence[Predecessor], departed: Predecessor | None, at: Monotonic) -> tuple[Predecessor, ...]:
    recent = [each for each in before if at - each.at < ECHO]
    return tuple([*recent, *(() if departed is None else (departed,))][-_MOST_BEFORE:])


def is_echo(before: Sequence[Predecessor], arrived: Monotonic, candidate: PlateCandidate, at: Monotonic) -> bool:
    """Whether it may be the plate of one that has left. One that left since this one `arrived` stands there still, as
    far as is known: it was looked at afresh."""
    recent = (each.text for each in before if each.at <= arrived and at - each.at < ECHO)
    return any(_may_be(candidate, text) for text in recent)


def _may_be(candidate: PlateCandidate, text: str) -> bool:
    """What is surely another plate is, however alike: a company's cars come one after the other."""
    doubtful = min(candidate.confidences) < SURE
    return candidate.text == text or (doubtful and similarity(candidate.text, text) >= ALIKE)


def is_as_wide_as_usual(widths: Widths, width: int) -> bool:
    usual = _usual(widths)
    return usual is not None and width >= _AS_WIDE * usual


def came(widths: Widths, seen: Iterable[int]) -> Widths:
    """This vehicle's plate was read as it came."""
    return replace(widths, here=max((*seen, widths.here or 0)) or None)


def learned(widths: Widths, width: int) -> Widths:
    """A plate of that width was decided here."""
    return replace(widths, of_the_last=(*widths.of_the_last, width)[-_MOST_WIDTHS:], unlearned=None)


def of_the_next(widths: Widths) -> Widths:
    """Another vehicle comes. Where nobody is decided, widths are learned from those who weren't."""
    known = widths if widths.unlearned is None else learned(widths, widths.unlearned)
    return replace(known, here=None)


def resized(widths: Widths, across: float) -> Widths:
    def wide(width: int | None) -> int | None:
        return None if width is None else round(width * across)

    last = tuple(round(width * across) for width in widths.of_the_last)
    return Widths(last, wide(widths.here), wide(widths.unlearned))


def _usual(widths: Widths) -> int | None:
    if widths.of_the_last:
        return sorted(widths.of_the_last)[len(widths.of_the_last) // 2]
    return widths.here
