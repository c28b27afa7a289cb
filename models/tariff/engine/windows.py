"""Which of several windows holds at an instant, and until when."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

from models.instants import Instant
from models.tariff.engine.localtime import LocalTime
from models.tariff.language.parts import DAYS_END, MIDNIGHT
from models.tariff.language.written import MINUTES_OF_A_DAY, At, DateSpan, Days, Season

_WEEK = 7 * MINUTES_OF_A_DAY
_MOST_KEPT = 4_000
NONE = -1
"""No window holds."""


class Dated(Protocol):
    """On which days something holds."""

    @property
    def days(self) -> Days | None: ...
    @property
    def dates(self) -> tuple[DateSpan, ...] | None: ...
    @property
    def season(self) -> Season | None: ...


class Bounded(Dated, Protocol):
    """When something holds, by the wall clock."""

    @property
    def from_(self) -> At | None: ...
    @property
    def to(self) -> At | None: ...


class Held(NamedTuple):
    """One window, from where it was looked at. `begun` is the day on which this occurrence of it began; 0: it has no
    times of day, and goes on for as long as no other holds. `until` may be beyond what was asked for."""

    window: int
    begun: int
    until: Instant


class ApartDays(NamedTuple):
    """Days (as ordinals) that aren't simply the weekdays they fall on, because the tariff names such days."""

    holidays: frozenset[int]
    eves: frozenset[int]


def apart(days: Iterable[Days | None], holidays: frozenset[int]) -> ApartDays:
    """`days`: all that are named in one tariff."""
    named = [each for each in days if each is not None]
    eves = frozenset(day - 1 for day in holidays) - holidays
    return ApartDays(
        holidays if any(each.holidays for each in named) else frozenset(),
        eves if any(each.eves for each in named) else frozenset(),
    )


def covers(window: Bounded, day: int, minute: int, apart: ApartDays) -> int | None:
    """The day on which the occurrence began that holds at that minute (0: without times of day); None: none holds."""
    begin, end = window.from_ or MIDNIGHT, window.to or DAYS_END
    if window.from_ is None and window.to is None:
        return 0 if holds_on(window, day, apart) else None
    if begin.weekday is not None and end.weekday is not None:
        first = begin.weekday * MINUTES_OF_A_DAY + begin.minute
        length = (end.weekday * MINUTES_OF_A_DAY + end.minute - first - 1) % _WEEK + 1
        since = ((day - 1) % 7 * MINUTES_OF_A_DAY + minute - first) % _WEEK
        begun = day - (since + begin.minute) // MINUTES_OF_A_DAY
        return begun if since < length and holds_on(window, begun, apart) else None
    over_midnight = end.minute <= begin.minute
    if begin.minute <= minute and (over_midnight or minute < end.minute) and holds_on(window, day, apart):
        return day
    if over_midnight and minute < end.minute and holds_on(window, day - 1, apart):
        return day - 1
    return None


def holds_on(window: Dated, day: int, apart: ApartDays) -> bool:
    date = dt.date.fromordinal(day)
    if window.season is not None and not window.season.holds(date):
        return False
    if window.dates is not None and not any(span.first <= date <= span.last for span in window.dates):
        return False
    return window.days is None or falls_on(window.days, day, apart)


def falls_on(days: Days, day: int, apart: ApartDays) -> bool:
    if day in apart.holidays:
        return days.holidays
    if day in apart.eves:
        return days.eves
    return (day - 1) % 7 in days.weekdays


def rank(window: Bounded, *, apart: bool) -> tuple[bool, ...]:
    """Of two windows that hold at once, the more particular one counts. `apart`: on a holiday, or an eve."""
    whenever = window.from_ is None and window.to is None and window.days is None
    return (
        window.dates is not None,
        apart and window.days is not None,
        window.season is not None,
        not whenever,
    )


class Windows:
    """Windows of which at most one holds at a time."""

    def __init__(
        self, windows: Sequence[Bounded], time: LocalTime, apart: ApartDays, first: Sequence[int] = ()
    ) -> None:
        """`first`: how particular each window is besides its times, such as one for motorcycles only."""
        self._windows, self._time = windows, time
        self._first = first or [0] * len(windows)
        self._apart = apart
        self._whenever = len(windows) == 1 and rank(windows[0], apart=False) == (False,) * 4
        ends = {end.minute % MINUTES_OF_A_DAY for each in windows for end in (each.from_, each.to) if end is not None}
        self._edges = sorted({0, *ends})
        self._days: dict[int, tuple[list[Instant], list[tuple[int, int]]]] = {}

    def held(self, at: Instant, horizon: Instant) -> Held:
        """What holds at `at`, and until when, looking no further than `horizon`."""
        if self._whenever:
            return Held(0, 0, horizon)
        day = self._time.day(at)
        begins, held = self._day(day)
        index = max(bisect_right(begins, at) - 1, 0)
        found = held[index]
        while True:
            for place in range(index + 1, len(held)):
                if held[place] != found:
                    return Held(*found, begins[place])
            day, index = day + 1, -1
            ends = self._time.instant(day, 0)
            if ends >= horizon:
                return Held(*found, ends)
            begins, held = self._day(day)

    def _day(self, day: int) -> tuple[list[Instant], list[tuple[int, int]]]:
        known = self._days.get(day)
        if known is None:
            if len(self._days) >= _MOST_KEPT:
                self._days.clear()
            held = [self._at(day, minute) for minute in self._edges]
            known = self._days[day] = ([self._time.instant(day, minute) for minute in self._edges], held)
        return known

    def _at(self, day: int, minute: int) -> tuple[int, int]:
        is_apart = day in self._apart.holidays or day in self._apart.eves
        best: tuple[tuple[int, tuple[bool, ...]], int, int] | None = None
        for index, window in enumerate(self._windows):
            begun = covers(window, day, minute, self._apart)
            if begun is not None:
                here = (self._first[index], rank(window, apart=is_apart))
                if best is None or here > best[0]:
                    best = (here, index, begun)
        return (NONE, 0) if best is None else best[1:]
