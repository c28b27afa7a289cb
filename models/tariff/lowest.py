"""The lowest fee that a stay can have of which nobody knows exactly when it began, or how long it was. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple

from models.instants import SECOND, Instant
from models.tariff.bill import ORDINARY, Fee, Stay
from models.tariff.edges import Edges, edges_of
from models.tariff.engine.charged import plan_of
from models.tariff.engine.plan import Kind, Plan
from models.tariff.fees import fee
from models.tariff.hourly import HourlyTariff
from models.tariff.language.terms import Terms
from models.timeline import Bounds

MOST_TRIED = 500
"""Stays that are charged to find the lowest: some tens of milliseconds."""
FEWEST_TRIED = 40
_DAY = 86_400 * SECOND
_YEAR, _SOME_DAYS = 366 * _DAY, 8 * _DAY
_SOMEWHEN = Instant(1_798_761_600 * SECOND)
"""The beginning of a year; any does for what comes back each year, and dates that are named are looked at anyway."""
_UNKNOWN: Bounds = (None, None)
_SIDES = (0, -1, 1)
_MOST_RESTS = 16
_NEAREST = 6
"""Units at each end of a range"""


def lowest_fee(
    tariff: HourlyTariff | Terms,
    earliest_entry: Instant | None,
    latest_entry: Instant | None,
    least: int,
    most: int | None,
    stay: Stay = ORDINARY,
    leaves: Bounds = _UNKNOWN,
) -> Fee:
    """The lowest fee that is consistent with what is known: of when the vehicle came, of how long it stayed (in
    microseconds), and of when it `leaves`. None: no bound is known. Where all is known, it is the fee.

    Within a step of the tariff's ladders, a window and a period the fee is one, so only their edges are tried, and the
    ends of what is possible; never more than MOST_TRIED of them. Raises as `fee` does.
    """
    if isinstance(tariff, HourlyTariff):
        entered = next((at for at in (earliest_entry, latest_entry) if at is not None), Instant(0))
        return fee(tariff, entered, Instant(entered + least), stay)
    space = _space((earliest_entry, latest_entry), (least, most), leaves)
    if space.known:
        return fee(tariff, space.entries[0], Instant(space.entries[0] + least), stay)
    plan = plan_of(tariff, Kind(stay.vehicle, stay.spot))
    edges = edges_of(plan, stay)
    best: Fee | None = None
    for entered, left in islice(_once(_tried(space, edges, plan)), _most_tried(least)):
        charged = fee(tariff, entered, left, stay)
        if best is None or charged.total < best.total:
            best = charged
        if best.total <= 0:
            break
    assert best is not None, "the ends of what is possible are always tried"
    return best


class _Space(NamedTuple):
    """What is possible: the first and the last of entries, of lengths and of exits, which hold all at once."""

    entries: tuple[Instant, Instant]
    lengths: tuple[int, int]
    exits: Bounds

    @property
    def known(self) -> bool:
        return self.entries[0] == self.entries[1] and self.lengths[0] == self.lengths[1]

    def lengths_from(self, entered: Instant) -> tuple[int, int] | None:
        """The least and the most that a stay can have been that began then; None: none can have."""
        (least, most), (earliest, latest) = self.lengths, self.exits
        if not self.entries[0] <= entered <= self.entries[1]:
            return None
        least = least if earliest is None else max(least, earliest - entered)
        most = most if latest is None else min(most, latest - entered)
        return (least, most) if least <= most else None


def _space(entries: Bounds, lengths: tuple[int, int | None], exits: Bounds) -> _Space:
    """With what each says of the others, and an end where nobody knows one. Exits that contradict the rest aren't
    believed."""
    (begin, end), (least, most), (first, last) = entries, lengths, exits
    if last is not None:
        end = Instant(last - least if end is None else min(end, last - least))
    if first is not None and most is not None:
        begin = Instant(first - most if begin is None else max(begin, first - most))
    if begin is None:
        begin = _SOMEWHEN if end is None else Instant(end - _YEAR)
    if end is None:
        end = Instant(begin + _YEAR)
    contradictory = begin > end or (first is not None and last is not None and first > last)
    if contradictory and exits != _UNKNOWN:
        return _space(entries, lengths, _UNKNOWN)
    begin, end = min(begin, end), max(begin, end)
    if most is None:
        most = max(least + _YEAR, *(at - begin for at in exits if at is not None), 0)
    return _Space((begin, end), (least, max(most, least)), exits)


def _tried(space: _Space, edges: Edges, plan: Plan) -> Iterator[tuple[Instant, Instant]]:
    """Entries and exits, the likeliest to be cheap first."""
    for entered in _entries(space, edges, plan):
        possible = space.lengths_from(entered)
        if possible is None:
            continue
        yield entered, Instant(entered + possible[0])
        if edges.may_fall:
            yield from ((entered, left) for left in _exits(entered, possible, edges, plan))


def _entries(space: _Space, edges: Edges, plan: Plan) -> Iterator[Instant]:
    """The ends; then where a window or a period begins at the entry or at the exit; then where a unit does."""
    begin, end = space.entries
    shortest = space.lengths[0]
    yield begin
    yield end
    walls = list(edges.walls(plan.time, begin, Instant(end + shortest + _DAY)))
    yield from _beside(_within(walls, begin, end))
    offsets = {shortest, *edges.offsets}
    yield from _beside(_within((wall - offset for wall in walls for offset in offsets), begin, end))
    yield from _beside(_within((wall - shift for wall in walls for shift in edges.shifts), begin, end))
    for unit in edges.units:
        rests = sorted({(wall - offset) % unit for wall in walls for offset in {0, *offsets}})
        for rest in rests[:_MOST_RESTS]:
            yield from _beside(_congruent(rest, unit, begin, end))


def _congruent(rest: int, unit: int, begin: Instant, end: Instant) -> list[int]:
    """The times that leave `rest` when divided by a unit: the nearest to both ends."""
    first = begin + (rest - begin) % unit
    count = (end - first) // unit + 1
    places = {*range(min(count, _NEAREST)), *range(max(count - _NEAREST, 0), count)}
    return [first + place * unit for place in sorted(places)]


def _exits(entered: Instant, possible: tuple[int, int], edges: Edges, plan: Plan) -> Iterator[Instant]:
    least, most = possible
    for length in (most, *edges.lengths):
        for side in (0, 1):
            if least <= length + side <= most:
                yield Instant(entered + length + side)
    last = min(entered + most, entered + least + _SOME_DAYS)
    yield from edges.walls(plan.time, Instant(entered + least), Instant(last))


def _beside(times: Iterable[int]) -> Iterator[Instant]:
    """Each, and a moment before and after."""
    return (Instant(at + side) for at in times for side in _SIDES)


def _within(times: Iterable[int], begin: int, end: int) -> list[int]:
    return sorted({at for at in times if begin - 1 <= at <= end + 1})


def _once(pairs: Iterator[tuple[Instant, Instant]]) -> Iterator[tuple[Instant, Instant]]:
    seen: set[tuple[Instant, Instant]] = set()
    for pair in pairs:
        if pair not in seen:
            seen.add(pair)
            yield pair


def _most_tried(least: int) -> int:
    """A long stay takes longer to charge, and a lane waits."""
    return max(FEWEST_TRIED, min(MOST_TRIED, MOST_TRIED * 10 * _DAY // max(least, 1)))
