"""Takes off a stay's charges what is above the caps of the day, the week, the window, the stay."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from models.instants import Instant
from models.tariff.engine.localtime import LocalTime
from models.tariff.engine.plan import ENDLESS, MONTH, STAY, WEEK, Plan, PlannedCap
from models.tariff.engine.walk import Charge
from models.tariff.engine.windows import falls_on
from models.tariff.language.written import At


class Over(NamedTuple):
    """What one cap takes off in one of its periods (in the plan's small units), and the words of the bill for it.
    `after`: the index of the charge with which the limit was passed last."""

    words: str
    begin: Instant
    after: int
    amount: int


@dataclass(slots=True)
class _Period:
    """One period of one cap: what was charged in it, and what of that is kept."""

    begin: Instant
    end: int
    limit: int
    words: str
    charged: int = 0
    over: int = 0
    last: int = 0

    def keep(self, amount: int, index: int) -> int:
        """How much of a further charge is kept. A ladder may fall: then what is over falls first."""
        before = self.charged - self.over
        self.charged += amount
        over = max(self.charged - self.limit, 0)
        if over != self.over:
            self.over, self.last = over, index
        return self.charged - self.over - before


def periods(cap: PlannedCap, entered: Instant, end: Instant, time: LocalTime) -> Iterator[tuple[Instant, int]]:
    """Begin and end of each period that a stay touches, in order."""
    if cap.cap.per == STAY:
        yield entered, ENDLESS
    elif cap.rolling:
        for begin in range(entered, max(end, entered + 1), cap.length):
            yield Instant(begin), begin + cap.length
    else:
        yield from pairwise(_calendar(cap, entered, end, time))


def _calendar(cap: PlannedCap, entered: Instant, end: Instant, time: LocalTime) -> Iterator[Instant]:
    resets = cap.resets
    if cap.cap.per == WEEK:
        resets = At(resets.minute, resets.weekday or 0)
    begin = time.last(entered, resets)
    if cap.cap.per == MONTH:
        while time.local(begin).day != 1:
            begin = time.last(Instant(begin - 1), resets)
    day, days = time.day(begin), 7 if cap.cap.per == WEEK else 1
    while begin < end or begin <= entered:
        yield begin
        day += days
        begin = time.instant(day, resets.minute) if cap.cap.per != MONTH else _next_month(begin, resets, time)
    yield begin


def _next_month(begin: Instant, resets: At, time: LocalTime) -> Instant:
    first = dt.date.fromordinal(time.day(begin)).replace(day=1) + dt.timedelta(days=32)
    return time.instant(first.replace(day=1).toordinal(), resets.minute)


class Caps:
    """The caps of one stay."""

    def __init__(self, plan: Plan, entered: Instant, end: Instant, *, windows_only: bool = False) -> None:
        self._plan = plan
        caps = () if windows_only else plan.caps
        self._periods = [(cap, list(self._of(cap, entered, end))) for cap in caps]

    def _of(self, cap: PlannedCap, entered: Instant, end: Instant) -> Iterator[_Period]:
        for index, (begin, ends) in enumerate(periods(cap, entered, end, self._plan.time)):
            place = min(index, len(cap.limits) - 1)
            holds = (index == 0 or not cap.cap.once) and self._on(cap, begin)
            yield _Period(begin, ends, cap.limits[place] if holds else ENDLESS, cap.words[place])

    def _on(self, cap: PlannedCap, begin: Instant) -> bool:
        days, plan = cap.cap.days, self._plan
        return days is None or falls_on(days, plan.time.day(begin), plan.caps_apart)

    def edges(self) -> list[Instant]:
        """Where a period ends and the next begins."""
        return sorted({period.begin for _, periods in self._periods for period in periods[1:]})

    def limit(self, charges: Sequence[Charge]) -> list[Over]:
        """What has to be taken off, in the order of the charges. Shorter periods go first: what a day's cap has taken
        off doesn't count for the week's."""
        windows: dict[tuple[int, tuple[int, int]], _Period] = {}
        places = [0] * len(self._periods)
        for index, charge in enumerate(charges):
            amount = charge.amount
            if charge.rate.cap is not None:
                key = (id(charge.rate), charge.window)
                if key not in windows:
                    windows[key] = _Period(charge.at, ENDLESS, charge.rate.cap, charge.rate.cap_words)
                amount = windows[key].keep(amount, index)
            for place, (cap, periods) in enumerate(self._periods):
                if cap.rates and charge.rate.name not in cap.rates:
                    continue
                while charge.at >= periods[places[place]].end:
                    places[place] += 1
                amount = periods[places[place]].keep(amount, index)
        taken = [*windows.values(), *(period for _, periods in self._periods for period in periods)]
        found = [Over(each.words, each.begin, each.last, each.over) for each in taken if each.over]
        return sorted(found, key=_after)


def _after(over: Over) -> int:
    return over.after
