"""What the caps of the day, the week, the window and the stay take off, charge by charge."""

from __future__ import annotations

from typing import NamedTuple

from models.instants import Instant
from models.tariff.engine.periods import Calendar, FirstPart, Periods, periods_of
from models.tariff.engine.plan import DAY, ENDLESS, Plan, PlannedCap
from models.tariff.engine.walk import Charge, Fold
from models.tariff.engine.windows import holds_on


class Cut(NamedTuple):
    """What one cap takes off one charge, in the plan's small units, in so many of its periods. A ladder may fall: then
    it gives back."""

    words: str
    amount: int
    periods: int
    begin: Instant


class _Limit:
    """What was charged in one period, and what of it is above the limit."""

    def __init__(self) -> None:
        self._limit, self._charged, self._over = ENDLESS, 0, 0
        self._counted = False

    def begins(self, limit: int) -> None:
        self._limit, self._charged, self._over, self._counted = limit, 0, 0, False

    def take(self, amount: int) -> int:
        """How much of a further charge is over."""
        self._charged += amount
        over = max(self._charged - self._limit, 0)
        change, self._over = over - self._over, over
        return change

    def counts(self) -> int:
        """1 for the first time in a period that something is over."""
        first, self._counted = not self._counted, True
        return int(first)


class _Running:
    """One cap, in the period in which the stay is now."""

    def __init__(self, planned: PlannedCap, periods: Periods) -> None:
        self.planned, self.periods, self.limit = planned, periods, _Limit()
        self.number = -1

        self.part = periods if isinstance(periods, FirstPart) else None

    @property
    def words(self) -> str:
        return self.planned.words[min(self.number, len(self.planned.limits) - 1)]


class _DayMinimum:
    """What is charged on each day, where each day that costs anything has a least price."""

    def __init__(self, least: int, days: Periods) -> None:
        self._least, self._days = least, days
        self._sums: dict[int, tuple[Instant, int]] = {}

    def take(self, at: Instant, amount: int) -> None:
        self._days.go_to(at)
        begin, before = self._sums.get(self._days.number, (self._days.begin, 0))
        self._sums[self._days.number] = (begin, before + amount)

    def missing(self) -> list[tuple[Instant, int]]:
        """The days that cost something, but too little: how much."""
        return [(begin, self._least - sum_) for begin, sum_ in self._sums.values() if 0 < sum_ < self._least]


class Caps:
    """The caps of one stay, from the shortest period to the longest: what a day's cap has taken off doesn't count for
    the week's. Charges come in the order of time."""

    def __init__(self, plan: Plan, entered: Instant, *, windows_only: bool = False) -> None:
        self._plan = plan
        planned = () if windows_only else plan.caps
        self.periods = [periods_of(cap, entered, plan.time) for cap in planned]
        self._running = [_Running(cap, periods) for cap, periods in zip(planned, self.periods, strict=True)]
        self._minimum = None if windows_only else _day_minimum(plan, entered)
        if self._minimum is not None:
            self.periods = [*self.periods, self._minimum[1]]
        self._windows: dict[tuple[int, tuple[int, int, int]], _Limit] = {}
        self.fold = _fold(planned[0], entered) if planned else None

    def cut(self, charge: Charge) -> list[Cut]:
        """What is taken off a charge."""
        found: list[Cut] = []
        amount = charge.amount
        if charge.rate.cap is not None:
            limit = self._window(charge)
            over = limit.take(amount)
            amount -= over
            if over:
                found.append(Cut(charge.rate.cap_words, over, limit.counts(), charge.at))
        for index, each in enumerate(self._running):
            if each.planned.rates and charge.rate.name not in each.planned.rates:
                continue
            if each.part is not None and charge.at >= each.part.until(charge.at):
                continue
            if charge.folded and index == 0:
                over = amount - charge.folded * min(amount // charge.folded, each.planned.limits[0])
                if over:
                    found.append(Cut(each.planned.words[0], over, charge.folded, charge.at))
            else:
                self._enter(each, charge.at)
                over = each.limit.take(amount)
                if over:
                    found.append(Cut(each.words, over, each.limit.counts(), each.periods.begin))
            amount -= over
        if self._minimum is not None:
            self._minimum[0].take(charge.at, amount)
        return found

    def missing(self) -> list[tuple[Instant, int]]:
        """What is missing to the least price of a day, and when that day began."""
        return [] if self._minimum is None else self._minimum[0].missing()

    def _window(self, charge: Charge) -> _Limit:
        key = (id(charge.rate), charge.window)
        limit = self._windows.get(key)
        if limit is None:
            limit = self._windows[key] = _Limit()
            limit.begins(charge.rate.cap or 0)
        return limit

    def _enter(self, each: _Running, at: Instant) -> None:
        each.periods.go_to(at)
        number = each.periods.number
        if number != each.number:
            each.number = number
            each.limit.begins(self._limit_of(each.planned, number, each.periods.begin))

    def _limit_of(self, planned: PlannedCap, number: int, begin: Instant) -> int:
        if number and planned.cap.once:
            return ENDLESS
        said = planned.cap
        if (said.days or said.dates or said.season) and not holds_on(
            said, self._plan.time.day(begin), self._plan.apart
        ):
            return ENDLESS
        return planned.limits[min(number, len(planned.limits) - 1)]


def _day_minimum(plan: Plan, entered: Instant) -> tuple[_DayMinimum, Periods] | None:
    least = plan.terms.minimum
    if least is None or least.per != DAY:
        return None
    days, edges = (Calendar(entered, DAY, plan.terms.day_starts, plan.time) for _ in range(2))
    return _DayMinimum(plan.scaled(least.amount), days), edges


def _fold(shortest: PlannedCap, entered: Instant) -> Fold | None:
    """Whole periods of the shortest cap all cost the same, where it counts from entry and always holds."""
    cap = shortest.cap
    plain = (
        shortest.rolling
        and len(shortest.limits) == 1
        and not (
            cap.once or cap.days or cap.dates or cap.season or cap.ends_units or cap.rates or cap.first or cap.until
        )
    )
    return Fold(entered, shortest.length) if plain else None
