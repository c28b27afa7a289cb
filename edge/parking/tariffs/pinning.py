"""A tariff as it is pinned on a ticket: with its holidays as dates, so that lot and cloud charge alike for ever."""

from __future__ import annotations

import datetime as dt

from models.instants import HOUR, Instant, to_datetime
from models.tariff import Tariff, Terms
from models.tariff.calendars import resolved
from models.tariff.engine.planning import holiday_days
from models.tariff.language.terms import Calendar
from models.tariff.language.written import DateSpan

BEFORE, AFTER = 8, 400
"""Days around the entry whose holidays a ticket has: a week's cap began before it, and the stay may be long."""
_DAY = 24 * HOUR


def pinned(tariff: Tariff, entered: Instant, *, dated: bool) -> Tariff:
    """The tariff for a ticket of that moment. `dated` False: the clock may be wrong, so that it has more holidays."""
    if not isinstance(tariff, Terms) or tariff.holidays is None:
        return tariff
    today = to_datetime(entered).date().toordinal()
    first, last = today - (BEFORE if dated else AFTER), today + AFTER
    years = range(dt.date.fromordinal(first).year, dt.date.fromordinal(last).year + 1)
    try:
        dated_terms = resolved(tariff, years)
    except ValueError:
        # Another release knows that country's holidays; here, only those that are written out.
        dated_terms = tariff.with_holidays(tariff.holidays.model_copy(update={"country": None, "region": None}))
    days = sorted(day for day in holiday_days(dated_terms) if first <= day <= last)
    dates = Calendar.model_construct(country=None, region=None, also=_spans(days), except_=())
    return tariff.with_holidays(dates)


def _spans(days: list[int]) -> tuple[DateSpan, ...]:
    """Days one after another as one span."""
    spans: list[list[int]] = []
    for day in days:
        if spans and spans[-1][1] == day - 1:
            spans[-1][1] = day
        else:
            spans.append([day, day])
    return tuple(DateSpan(*map(dt.date.fromordinal, span)) for span in spans)


class Pins:
    """Pins the tariff of the moment: worked out once a day, and asked for at each entry."""

    def __init__(self) -> None:
        self._of: tuple[Tariff, int, bool] | None = None
        self._pinned: Tariff | None = None

    def pinned(self, tariff: Tariff, now: Instant, *, dated: bool) -> Tariff:
        day = now // _DAY
        if self._pinned is None or self._of is None or self._of[0] is not tariff or self._of[1:] != (day, dated):
            self._of, self._pinned = (tariff, day, dated), pinned(tariff, now, dated=dated)
        return self._pinned
