"""The periods of a cap, one after another: of a fixed length since entry, of the calendar, or the whole stay."""

from __future__ import annotations

import datetime as dt
from typing import Protocol

from models.instants import Instant
from models.tariff.engine.localtime import LocalTime
from models.tariff.engine.plan import ENDLESS, MONTH, STAY, WEEK, PlannedCap
from models.tariff.language.written import At


class Periods(Protocol):
    """Where a stay is among a cap's periods; it only ever goes on."""

    number: int
    """Of the period, from 0"""
    begin: Instant
    end: int
    cuts: bool
    """Whether a unit that is running ends with a period"""

    def go_to(self, at: Instant) -> None: ...


class Whole:
    """A single period: the stay."""

    def __init__(self, entered: Instant) -> None:
        self.number, self.begin, self.end = 0, entered, ENDLESS
        self.cuts = False

    def go_to(self, at: Instant) -> None:
        pass


class Until:
    """Nothing but a moment at which something changes."""

    def __init__(self, at: Instant) -> None:
        self.number, self.begin, self.cuts = 0, at, False
        self.end: int = at

    def go_to(self, at: Instant) -> None:
        if at >= self.end:
            self.end = ENDLESS


class Rolling:
    """Periods of one length, counted from entry."""

    def __init__(self, entered: Instant, length: int, *, cuts: bool = False, once: bool = False) -> None:
        self._entered, self._length, self.cuts, self._once = entered, length, cuts, once
        self.number, self.begin, self.end = 0, entered, entered + length

    def go_to(self, at: Instant) -> None:
        if at >= self.end:
            self.number = (at - self._entered) // self._length
            self.begin = Instant(self._entered + self.number * self._length)
            self.end = self.begin + self._length
            self.cuts = self.cuts and not self._once


class Calendar:
    """Days, weeks or months of the calendar; the first is the one in which the stay begins."""

    def __init__(self, entered: Instant, per: str, resets: At, time: LocalTime, *, cuts: bool = False) -> None:
        self._time, self._minute, self._per, self.cuts = time, resets.minute, per, cuts
        when = At(resets.minute, resets.weekday or 0) if per == WEEK else At(resets.minute)
        self._day = time.last_day(entered, when)
        if per == MONTH:
            self._day = dt.date.fromordinal(self._day).replace(day=1).toordinal()
        self.number, self.begin = 0, time.instant(self._day, self._minute)
        self._next = self._following()
        self.end: int = time.instant(self._next, self._minute)

    def go_to(self, at: Instant) -> None:
        while at >= self.end:
            self.number += 1
            self.begin, self._day = Instant(self.end), self._next
            self._next = self._following()
            self.end = self._time.instant(self._next, self._minute)

    def _following(self) -> int:
        if self._per == MONTH:
            after = dt.date.fromordinal(self._day) + dt.timedelta(days=31)
            return after.replace(day=1).toordinal()
        return self._day + (7 if self._per == WEEK else 1)


class FirstPart:
    """Periods of which only the first part counts. For who asks where something changes, that part has an end too."""

    def __init__(self, whole: Periods, length: int | None, until: At | None, time: LocalTime) -> None:
        self._whole, self._length, self._until, self._time = whole, length, until, time
        self.number, self.begin, self.cuts = whole.number, whole.begin, whole.cuts
        self._part_ends = self._end_of_part()
        self.end: int = min(self._part_ends, whole.end)

    def go_to(self, at: Instant) -> None:
        if at < self.end:
            return
        if at >= self._whole.end:
            self._whole.go_to(at)
            self.number, self.begin = self._whole.number, self._whole.begin
            self._part_ends = self._end_of_part()
        self.end = self._part_ends if at < self._part_ends else self._whole.end

    def until(self, at: Instant) -> int:
        """When the part ends that counts of the period of `at`."""
        self.go_to(at)
        return self._part_ends

    def _end_of_part(self) -> int:
        ends = self._whole.end
        if self._length is not None:
            ends = min(ends, self.begin + self._length)
        return ends if self._until is None else min(ends, self._time.next(self.begin, self._until))


def periods_of(cap: PlannedCap, entered: Instant, time: LocalTime) -> Periods:
    whole = _whole_periods(cap, entered, time)
    if cap.first is None and cap.cap.until is None:
        return whole
    return FirstPart(whole, cap.first, cap.cap.until, time)


def _whole_periods(cap: PlannedCap, entered: Instant, time: LocalTime) -> Periods:
    per = cap.cap.per
    if isinstance(per, int):
        return Rolling(entered, cap.length, cuts=cap.cap.ends_units, once=cap.cap.once)
    return Whole(entered) if per == STAY else Calendar(entered, per, cap.resets, time, cuts=cap.cap.ends_units)
