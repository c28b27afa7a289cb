"""Goes through a stay as its driver does: one unit of time after another, each at the price of the window in which it
begins."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from models.instants import Instant
from models.tariff.engine.localtime import LocalTime
from models.tariff.engine.plan import ENDLESS, Layer, PlannedRate, Step
from models.tariff.engine.windows import NONE, Held
from models.tariff.language.written import At


class Charge(NamedTuple):
    """So many units of one price, one after another. `amount` in the plan's small units."""

    at: Instant
    until: Instant
    rate: PlannedRate
    step: Step
    window: tuple[int, int]
    """Which occurrence of which window"""
    units: int
    amount: int


@dataclass(frozen=True, slots=True)
class Rules:
    """How units are counted in this tariff."""

    time: LocalTime
    day_starts: At
    run_on: bool
    completed: bool
    by_arrival: bool


def walk(layer: Layer, begin: Instant, end: Instant, edges: Sequence[Instant], rules: Rules) -> list[Charge]:
    """What is charged from `begin` to `end`, in the order of time. No charge goes over one of the `edges` (at which
    caps begin anew) with more than the unit that is running there."""
    return _Walk(layer, begin, end, edges, rules).charges()


class _Walk:
    """One stay, on its way. `_entered` is when the window was entered that holds now."""

    def __init__(self, layer: Layer, begin: Instant, end: Instant, edges: Sequence[Instant], rules: Rules) -> None:
        self._layer, self._begin, self._end = layer, begin, end
        self._edges, self._rules = edges, rules
        self._held = Held(NONE, 0, begin)
        self._entered = begin

    def charges(self) -> list[Charge]:
        now, found = self._begin, list[Charge]()
        while now < self._end:
            self._look(now)
            if self._held.window == NONE:
                now = self._held.until
                continue
            charge = self._next(now)
            if charge.units:
                found.append(charge)
            now = charge.until
        return found

    def _look(self, now: Instant) -> None:
        if now < self._held.until or (self._rules.by_arrival and self._held.window != NONE):
            return
        before = self._held[:2]
        self._held = self._layer.windows.held(now, self._end)
        if self._held[:2] != before:
            self._entered = now

    def _next(self, now: Instant) -> Charge:
        rate = self._layer.rates[self._held.window]
        window_ends = ENDLESS if self._rules.by_arrival else self._held.until
        frame, frame_ends = self._frame(rate, now, window_ends)
        step, step_ends = _step(rate, now - frame)
        stops = min(frame + step_ends, frame_ends)
        if step.unit is None:
            stops = min(stops, window_ends, self._next_day(now) if step.each_day else ENDLESS)
            return self._charge(rate, step, now, 1, Instant(min(stops, self._end)))
        if not self._rules.run_on:
            stops = min(stops, window_ends)
        return self._units(rate, step, step.unit, now, stops, window_ends)

    def _units(self, rate: PlannedRate, step: Step, unit: int, now: Instant, stops: int, window_ends: int) -> Charge:
        """As many units as begin before anything changes."""
        place = bisect_right(self._edges, now)
        changes = min(stops, window_ends, self._edges[place] if place < len(self._edges) else ENDLESS)
        last = min(stops, self._end)
        count = -(-(min(changes, self._end) - now) // unit)
        if self._rules.completed:
            count = min(count, (last - now) // unit)
            if not count:
                return self._charge(rate, step, now, 0, Instant(last))
        return self._charge(rate, step, now, count, Instant(min(now + count * unit, stops)))

    def _charge(self, rate: PlannedRate, step: Step, now: Instant, count: int, until: Instant) -> Charge:
        return Charge(now, until, rate, step, self._held[:2], count, count * step.price)

    def _frame(self, rate: PlannedRate, now: Instant, window_ends: int) -> tuple[Instant, int]:
        """From when on the time on the ladder counts, and when it starts again."""
        again = rate.again
        if again == "never":
            return self._begin, ENDLESS
        if again == "each window":
            return self._entered, ENDLESS if self._rules.run_on else window_ends
        if again == "each day":
            today = self._rules.time.last(now, self._rules.day_starts)
            return max(today, self._begin), self._next_day(now)
        assert isinstance(again, int)
        frame = Instant(now - (now - self._begin) % again)
        return frame, frame + again

    def _next_day(self, now: Instant) -> Instant:
        return self._rules.time.next(now, self._rules.day_starts)


def _step(rate: PlannedRate, elapsed: int) -> tuple[Step, int]:
    """The step of the ladder after so long. The last goes on: a day of 25 hours is longer than its ladder."""
    for step in rate.steps:
        if elapsed < step.ends:
            return step, step.ends
    return rate.steps[-1], ENDLESS
