"""The wall clock of one time zone: which day it is at an instant, and when the clock shows a time of day."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from zoneinfo import ZoneInfo

from models.instants import Instant, from_datetime, to_datetime
from models.tariff.language.written import MINUTES_OF_A_DAY, At

_MOST_KEPT = 20_000
_MINUTE = dt.timedelta(minutes=1)


class LocalTime:
    """Days are ordinals as `datetime.date` counts them. What was worked out once is kept: many stays share a day.

    Each time of day comes once a day: where the clocks go back and show it twice, the first time; where they go forward
    and leave it out, the moment at which they do.
    """

    def __init__(self, zone: str) -> None:
        """Raises zoneinfo.ZoneInfoNotFoundError."""
        self._zone = ZoneInfo(zone)
        self._known: dict[tuple[int, int], Instant] = {}

    def local(self, at: Instant) -> dt.datetime:
        return to_datetime(at).astimezone(self._zone)

    def day(self, at: Instant) -> int:
        return self.local(at).toordinal()

    def instant(self, day: int, minute: int) -> Instant:
        """When the clock shows `minute` (0 to 1440) of that day."""
        known = self._known.get((day, minute))
        if known is None:
            if len(self._known) >= _MOST_KEPT:
                self._known.clear()
            known = self._known[day, minute] = self._worked_out(day + minute // MINUTES_OF_A_DAY, minute % 1440)
        return known

    def next(self, after: Instant, when: At) -> Instant:
        """The first time after `after` at which the clock shows `when`."""
        day = self.day(after)
        while not _on(day, when) or self.instant(day, when.minute) <= after:
            day += 1
        return self.instant(day, when.minute)

    def last(self, until: Instant, when: At) -> Instant:
        """The last time, `until` included, at which the clock showed `when`."""
        return self.instant(self.last_day(until, when), when.minute)

    def last_day(self, until: Instant, when: At) -> int:
        """On which day that was."""
        day = self.day(until)
        while not _on(day, when) or self.instant(day, when.minute) > until:
            day -= 1
        return day

    def _worked_out(self, day: int, minute: int) -> Instant:
        shown = dt.datetime.fromordinal(day) + minute * _MINUTE
        first = from_datetime(shown.replace(tzinfo=self._zone))
        if self.local(first).replace(tzinfo=None) == shown:
            return first
        return self._leap(from_datetime(shown.replace(tzinfo=self._zone, fold=1)), first)

    def _leap(self, before: Instant, after: Instant) -> Instant:
        """When the clocks go forward, between two instants."""
        offset = self.local(before).utcoffset()
        while after - before > 1:
            middle = Instant((before + after) // 2)
            if self.local(middle).utcoffset() == offset:
                before = middle
            else:
                after = middle
        return after


def _on(day: int, when: At) -> bool:
    return when.weekday is None or (day - 1) % 7 == when.weekday


@lru_cache(maxsize=256)
def local_time(zone: str) -> LocalTime:
    return LocalTime(zone)
