"""Where a tariff's price can change: times of the wall clock, lengths of a stay, units. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

from pydantic import BaseModel

from models.instants import SECOND, Instant
from models.tariff.bill import Stay
from models.tariff.engine.localtime import LocalTime
from models.tariff.engine.plan import ENDLESS, Plan
from models.tariff.language.settling import Validation
from models.tariff.language.stays import Special
from models.tariff.language.terms import Terms
from models.tariff.language.written import MINUTES_OF_A_DAY, At, DateSpan, Season

_AT_EACH_END = 8
"""Days: a week, and one more for what runs over midnight."""
_MOST_DAYS = 60
_MOST_UNITS = 8
_UNITS = ("per", "in_steps_of", "starts_again")


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
    said = _Said()
    said.hear("", terms)
    offsets = {free.first * SECOND for free in plan.free} | {_validated(terms, stay) * SECOND}
    units = tuple(sorted(said.units, reverse=True)[:_MOST_UNITS])
    ends = {step.ends for step in steps if step.ends < ENDLESS}
    shifts = {end + offset for end in ends for offset in {0, *offsets}}
    lengths = said.lengths | shifts | {unit * count for unit in units for count in (1, 2)}
    return Edges(
        minutes=tuple(sorted({0, *said.minutes})),
        named=plan.apart.holidays | plan.apart.eves | said.days,
        seasons=tuple(said.seasons),
        lengths=tuple(sorted(lengths)),
        offsets=tuple(sorted(offsets)),
        shifts=tuple(sorted(shifts)),
        units=units,
        moments=tuple(_joins(terms, stay)),
        may_fall=any(step.price < 0 for step in steps)
        or any(map(_can_be_had_by_staying, plan.specials))
        or any(tax.days is not None for tax in terms.tax)
        or any(offer.longer_than is not None for offer in _used(terms, stay)),
    )


class _Said:
    """All times of day, lengths, days and seasons that stand anywhere in a tariff: whatever they are for, something may
    change there."""

    def __init__(self) -> None:
        self.minutes, self.lengths, self.units = set[int](), set[int](), set[int]()
        self.days, self.seasons = set[int](), set[Season]()

    def hear(self, key: str, value: Any) -> None:
        match value:
            case BaseModel():
                for name in type(value).model_fields:
                    self.hear(name, getattr(value, name))
            case At(minute):
                self.minutes.add(minute % MINUTES_OF_A_DAY)
            case DateSpan(first, last):
                self.days |= {first.toordinal(), last.toordinal()}
            case Season():
                self.seasons.add(value)
            case int() if not isinstance(value, bool):
                self.lengths.add(value * SECOND)
                if key in _UNITS:
                    self.units.add(value * SECOND)
            case dict() | tuple():
                held = cast("dict[str, Any] | tuple[Any, ...]", value)
                for each in held.values() if isinstance(held, dict) else held:
                    self.hear(key, each)
            case _:
                pass


def _can_be_had_by_staying(special: Special) -> bool:
    """Whether a longer stay gets its price, or gets out of it."""
    ends = special.leave is not None or special.at_most is not None
    waits = special.at_least is not None or (special.leave is not None and special.leave.after is not None)
    return waits or (ends and special.charge != "if cheaper")


def _used(terms: Terms, stay: Stay) -> list[Validation]:
    offers = {} if terms.validations is None else terms.validations.offers
    return [offers[code] for code in stay.validations if code in offers]


def _validated(terms: Terms, stay: Stay) -> int:
    return sum(offer.time or 0 for offer in _used(terms, stay))


def _joins(terms: Terms, stay: Stay) -> Iterator[Instant]:
    """Until when a stay goes on with the one before."""
    if terms.re_entry is not None:
        for before in stay.earlier:
            yield before.left
            yield Instant(before.left + terms.re_entry.within * SECOND)
