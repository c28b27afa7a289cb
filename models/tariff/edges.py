"""Where a tariff's price can change: times of the wall clock, lengths of a stay, units. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from models.instants import SECOND, Instant
from models.tariff.bill import Stay
from models.tariff.engine.localtime import LocalTime
from models.tariff.engine.plan import ENDLESS, Plan, Step
from models.tariff.language.parts import Times
from models.tariff.language.stays import Special
from models.tariff.language.terms import Terms
from models.tariff.language.written import MINUTES_OF_A_DAY, At, Season

_AT_EACH_END = 8
"""Days: a week, and one more for what runs over midnight."""
_MOST_DAYS = 60
_MOST_UNITS = 8


@dataclass(frozen=True)
class Edges:
    """`minutes`: of the day; `named`: days (ordinals) that aren't like others. Lengths in microseconds: at `lengths` a
    condition begins or ends; `offsets`: from entry to where charging begins; `shifts`: from entry to a further step of
    a ladder; `units` are charged begun. `may_fall`: a longer stay can cost less."""

    minutes: tuple[int, ...]
    named: frozenset[int]
    seasons: tuple[Season, ...]
    lengths: tuple[int, ...]
    offsets: tuple[int, ...]
    shifts: tuple[int, ...]
    units: tuple[int, ...]
    moments: tuple[Instant, ...]
    may_fall: bool

    def walls(self, time: LocalTime, begin: Instant, end: Instant) -> Iterator[Instant]:
        """When the wall clock shows one of the times, between two instants: on the days at both ends, and those that
        are named."""
        first, last = time.day(begin), time.day(end)
        for day in self._days(first, last):
            for minute in self.minutes:
                at = time.instant(day, minute)
                if begin <= at <= end:
                    yield at
        yield from (at for at in self.moments if begin <= at <= end)

    def _days(self, first: int, last: int) -> list[int]:
        named = sorted(day for day in self._unlike(first, last) if first <= day <= last)
        early = range(first, min(first + _AT_EACH_END, last) + 1)
        late = range(max(last - _AT_EACH_END, first), last + 1)
        return list(dict.fromkeys([*early, *named[:_MOST_DAYS], *late]))

    def _unlike(self, first: int, last: int) -> Iterator[int]:
        """Named days and the next ones, and a week from where a season begins or ends."""
        yield from (day + beside for day in self.named for beside in (0, 1))
        years = range(dt.date.fromordinal(first).year, dt.date.fromordinal(last).year + 1) if self.seasons else ()
        for year in years:
            for month, day in {end for season in self.seasons for end in season}:
                change = (dt.date(year, month, 1) + dt.timedelta(days=day - 1)).toordinal()
                yield from range(change, change + _AT_EACH_END)


def edges_of(plan: Plan, stay: Stay) -> Edges:
    terms = plan.terms
    steps = [step for layer in (plan.rates, *plan.extras) for rate in layer.rates for step in rate.steps]
    offsets = {free.first * SECOND for free in plan.free} | {_validated(terms, stay) * SECOND}
    units = _units(plan, steps)
    ends = {step.ends for step in steps if step.ends < ENDLESS}
    shifts = {end + offset for end in ends for offset in {0, *offsets}}
    lengths = _lengths(plan) | shifts | {unit * count for unit in units for count in (1, 2)}
    return Edges(
        minutes=tuple(sorted({0, *_minutes(plan)})),
        named=frozenset(plan.holidays | _named(terms)),
        seasons=tuple({times.season for times in _times(terms) if times.season is not None}),
        lengths=tuple(sorted(lengths)),
        offsets=tuple(sorted(offsets)),
        shifts=tuple(sorted(shifts)),
        units=units,
        moments=tuple(_joins(terms, stay)),
        may_fall=any(step.price < 0 for step in steps) or any(map(_can_be_had_by_staying, plan.specials)),
    )


def _can_be_had_by_staying(special: Special) -> bool:
    """Whether a longer stay gets its price, or gets out of it."""
    ends = special.leave is not None or special.at_most is not None
    waits = special.at_least is not None or (special.leave is not None and special.leave.after is not None)
    return waits or (ends and special.charge != "if cheaper")


def _units(plan: Plan, steps: list[Step]) -> tuple[int, ...]:
    found = {step.unit for step in steps if step.unit is not None}
    found |= {cap.length for cap in plan.caps if cap.rolling}
    found |= {rate.again for layer in (plan.rates, *plan.extras) for rate in layer.rates if isinstance(rate.again, int)}
    return tuple(sorted(found, reverse=True)[:_MOST_UNITS])


def _lengths(plan: Plan) -> set[int]:
    found = {length for special in plan.specials for length in (special.at_least, special.at_most, special.pays_for)}
    found |= {plan.terms.grace.entry, plan.terms.grace.unit, *(free.first for free in plan.free)}
    return {length * SECOND for length in found if length is not None}


def _validated(terms: Terms, stay: Stay) -> int:
    offers = {} if terms.validations is None else terms.validations.offers
    return sum(offers[code].time or 0 for code in stay.validations if code in offers)


def _minutes(plan: Plan) -> Iterator[int]:
    terms = plan.terms
    ends: list[At | None] = [terms.day_starts, *(cap.resets for cap in terms.caps)]
    for times in _times(terms):
        ends += [times.from_, times.to]
    for special in plan.specials:
        ends += [special.pays_until]
        ends += [] if special.leave is None else [special.leave.by, special.leave.after]
    return (end.minute % MINUTES_OF_A_DAY for end in ends if end is not None)


def _times(terms: Terms) -> Iterator[Times]:
    yield from terms.rates
    yield from terms.extras
    yield from (each.arrive for each in (*terms.specials, *terms.free))
    if terms.charging is not None and terms.charging.idle is not None:
        yield terms.charging.idle


def _named(terms: Terms) -> set[int]:
    """The first and the last day of dates."""
    found: set[int] = set()
    for times in _times(terms):
        for span in times.dates or ():
            found |= {span.first.toordinal(), span.last.toordinal()}
    return found


def _joins(terms: Terms, stay: Stay) -> Iterator[Instant]:
    """Until when a stay goes on with the one before."""
    if terms.re_entry is not None:
        for before in stay.earlier:
            yield before.left
            yield Instant(before.left + terms.re_entry.within * SECOND)
