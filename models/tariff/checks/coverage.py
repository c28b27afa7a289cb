"""Whether each moment of the week has one rate: no gap, and no two that both want to hold."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from itertools import pairwise, product
from typing import NamedTuple

from models.documents.document import Path
from models.documents.finding import Finding
from models.spots import SpotType, VehicleType
from models.tariff.engine.plan import Kind
from models.tariff.engine.planning import fits, how_particular, named_days
from models.tariff.engine.windows import ApartDays, apart, covers, rank
from models.tariff.language.rates import Rate
from models.tariff.language.terms import Terms
from models.tariff.language.written import MINUTES_OF_A_DAY, WEEKDAYS, Days

_SUMMER = dt.date(2028, 7, 3)
"""A Monday; any week does for what holds each week."""


_NONE = ApartDays(frozenset(), frozenset())


class _Day(NamedTuple):
    """A day to be looked at; `name` as people call it."""

    day: int
    apart: ApartDays
    name: str
    dated: bool


def coverage(terms: Terms) -> Iterator[Finding]:
    told: set[Path] = set()
    for vehicle in VehicleType:
        for spot, code in product(_spots(terms), _codes(terms)):
            for finding in _of(terms, vehicle, spot, code):
                if finding.path not in told:
                    told.add(finding.path)
                    yield finding


def _spots(terms: Terms) -> list[SpotType | None]:
    return [None, *sorted({spot for rate in terms.rates for spot in rate.spots})]


def _codes(terms: Terms) -> list[str]:
    return ["", *sorted({code for rate in terms.rates for code in rate.validations})]


def _of(terms: Terms, vehicle: VehicleType, spot: SpotType | None, code: str) -> Iterator[Finding]:
    kind = Kind(vehicle, spot, frozenset({code}))
    fitting = [(index, rate) for index, rate in enumerate(terms.rates) if fits(rate, kind)]
    rates = [rate for _, rate in fitting]
    whose = f" for {vehicle}" if any(rate.vehicles for rate in terms.rates) else ""
    gap: Finding | None = None
    for day in _days(rates, list(named_days(terms))):
        for minute, until in _pieces(rates):
            held = _held(rates, day, minute)
            if len(held) > 1:
                first, second = (fitting[place][0] for place in held[:2])
                yield _overlap(terms, first, second, day, minute)
            elif not held and gap is None and not day.dated:
                gap = _gap(day, minute, until, whose)
    if gap is not None:
        yield gap


def _held(rates: Sequence[Rate], day: _Day, minute: int) -> list[int]:
    """The places of the rates that want to hold, with nothing to choose between them."""
    best: tuple[object, ...] | None = None
    held: list[int] = []
    for place, rate in enumerate(rates):
        if covers(rate, day.day, minute, day.apart) is None:
            continue
        here = (
            how_particular(rate),
            rank(rate, apart=day.day in day.apart.holidays | day.apart.eves),
        )
        if best is None or here > best:
            best, held = here, [place]
        elif here == best:
            held.append(place)
    return held


def _pieces(rates: Sequence[Rate]) -> list[tuple[int, int]]:
    ends = {end.minute % MINUTES_OF_A_DAY for rate in rates for end in (rate.from_, rate.to) if end is not None}
    edges = [*sorted({0, *ends}), MINUTES_OF_A_DAY]
    return list(pairwise(edges))


def _days(rates: Sequence[Rate], named: Sequence[Days | None]) -> Iterator[_Day]:
    """A week of each season, another with holidays in it, and the dates that are named."""
    for monday in _weeks(rates):
        first = monday.toordinal()
        special = apart(named, frozenset({first + 1, first + 2, first + 4}))
        for day in range(first, first + 7):
            date = dt.date.fromordinal(day)
            yield _Day(day, _NONE, _named(date, rates), dated=False)
            kind = "a holiday" if day in special.holidays else "an eve" if day in special.eves else "near holidays"
            if special != _NONE:
                yield _Day(day, special, f"{_named(date, rates)} ({kind})", dated=False)
    for rate in rates:
        for span in rate.dates or ():
            for date in {span.first, span.last}:
                yield _Day(date.toordinal(), _NONE, f"{date}", dated=True)


def _weeks(rates: Sequence[Rate]) -> list[dt.date]:
    firsts = {_SUMMER}
    for rate in rates:
        if rate.season is not None:
            for month, day in (rate.season.first, rate.season.last):
                date = dt.date(2028, month, day)
                firsts |= {date - dt.timedelta(days=7), date, date + dt.timedelta(days=1)}
    return sorted(firsts)


def _named(date: dt.date, rates: Sequence[Rate]) -> str:
    weekday = WEEKDAYS[date.weekday()]
    return f"{weekday} ({date:%m-%d})" if any(rate.season for rate in rates) else weekday


def _gap(day: _Day, minute: int, until: int, whose: str) -> Finding:
    return Finding(
        ("rates",),
        f"no rate holds{whose} on {day.name} from {_clock(minute)} to {_clock(until)}: add one for that time (price: 0 "
        "where it is free), or one without days and times, for all other times",
    )


def _overlap(terms: Terms, first: int, second: int, day: _Day, minute: int) -> Finding:
    rate, path = terms.rates[second], ("rates", second)
    key = next((key for key, value in (("from", rate.from_), ("days", rate.days)) if value is not None), None)
    other = terms.rates[first].name or f"rates[{first}]"
    return Finding(
        path if key is None else (*path, key),
        f'"{other}" holds on {day.name} at {_clock(minute)} too: one has to end where the other begins',
    )


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"
