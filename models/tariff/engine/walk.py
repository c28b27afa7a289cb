"""Goes through a stay as its driver does: one unit of time after another, each at the price of the window in which it
begins."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from models.instants import Instant
from models.tariff.engine.localtime import LocalTime
from models.tariff.engine.periods import Periods
from models.tariff.engine.plan import ENDLESS, Layer, PlannedRate, Step
from models.tariff.engine.windows import NONE, Held
from models.tariff.language.written import At


class Charge(NamedTuple):
    """So many units of one price, one after another. `amount` in the plan's small units."""

    at: Instant
    until: Instant
    rate: PlannedRate
    step: Step
    window: tuple[int, int, int]
    """Which occurrence of which window: the day on which it began, or when it was entered"""
    units: int
    amount: int
    folded: int = 0
    """So many whole periods of the shortest cap these units are; 0: they lie within one"""


class Fold(NamedTuple):
    """Periods in which all units of one price come to the same sum: from `begin` on, each of this `length`."""

    begin: Instant
    length: int


@dataclass(frozen=True, slots=True)
class Rules:
    """How units are counted in this tariff."""

    time: LocalTime
    day_starts: At
    run_on: bool
    completed: bool
    by_arrival: bool


def walk(
    layer: Layer,
    entered: Instant,
    begin: Instant,
    end: Instant,
    rules: Rules,
    caps: Sequence[Periods] = (),
    fold: Fold | None = None,
) -> Iterator[Charge]:
    """What is charged from `begin` to `end`, in the order of time. No charge goes over the end of a period of a cap
    with more than the unit that is running there, but for whole periods of the first, by which `fold` counts.

    Ladders count from `begin`; lengths after which they start again count from `entered`, which is before it where the
    first minutes are free.
    """
    at = layer.rates[0].at if layer.rates else None
    if at is not None:
        return _moments(layer, at, begin, end, rules.time)
    return _Walk(layer, entered, begin, end, rules, caps, fold).charges()


def _moments(layer: Layer, at: At, begin: Instant, end: Instant, time: LocalTime) -> Iterator[Charge]:
    """Each time that the clock shows `at` from `begin` on, before `end`, while the layer holds."""
    rate = layer.rates[0]
    now = time.next(Instant(begin - 1), at)
    while now < end:
        held = layer.windows.held(now, end)
        if held.window != NONE:
            yield Charge(now, now, rate, rate.steps[0], (*held[:2], 0), 1, rate.steps[0].price)
        now = time.next(now, at)


class _Walk:
    """One stay, on its way. `_anchor` is its entry and `_origin` where ladders count from; both may be a later moment
    that is treated as a new arrival. `_entered` is when the window was entered that holds now; in `_pauses`, the
    ladders stood still."""

    def __init__(
        self,
        layer: Layer,
        entered: Instant,
        begin: Instant,
        end: Instant,
        rules: Rules,
        caps: Sequence[Periods],
        fold: Fold | None,
    ) -> None:
        self._layer, self._begin, self._end, self._rules = layer, begin, end, rules
        self._caps, self._fold = caps, fold
        self._cutting = [periods for periods in caps if periods.cuts]
        self._held = Held(NONE, 0, begin)
        self._anchor, self._origin, self._entered = entered, begin, begin
        self._pauses: list[tuple[Instant, Instant]] = []
        self._flat_until: dict[int, int] = {}
        """By where the ladder counts from: when its flat step ends that was begun last"""
        self._had: set[int] = set()

    def charges(self) -> Iterator[Charge]:
        now = self._begin
        while now < self._end:
            self._look(now)
            if self._held.window == NONE:
                now = self._held.until
            elif self._layer.rates[self._held.window].pauses:
                self._pauses.append((now, self._held.until))
                now = self._held.until
            else:
                charge = self._next(now)
                now = max(charge.until, Instant(now + 1))
                if charge.units > 0:
                    yield charge

    def _look(self, now: Instant) -> None:
        """What holds now. Where the time of arrival decides, it holds on until it says that a new arrival begins."""
        if now < self._held.until:
            return
        before = self._held[:2]
        held = self._layer.windows.held(now, self._end)
        # Where clocks go back over midnight, a day may seem to be over before it has begun.
        self._held = held._replace(until=max(held.until, Instant(now + 1)))
        if self._rules.by_arrival and self._held.window != NONE:
            self._anchor = self._origin = self._entered = now
            self._held = Held(*self._held[:2], self._expires(self._layer.rates[self._held.window], now))
        elif self._held[:2] != before:
            self._entered = now

    def _expires(self, rate: PlannedRate, now: Instant) -> Instant:
        if rate.holds is None:
            return Instant(ENDLESS)
        return Instant(now + rate.holds) if isinstance(rate.holds, int) else self._rules.time.next(now, rate.holds)

    def _next(self, now: Instant) -> Charge:
        rate = self._layer.rates[self._held.window]
        window_ends, paused = self._held.until, self._pause_at(self._held.until)
        frame, frame_ends = self._frame(rate, now, window_ends)
        elapsed = now - frame - (self._paused_since(frame) if self._pauses else 0)
        step, step_ends = _step(rate, elapsed)
        step_ends += now - elapsed
        untimed = self._held.begun == 0 or self._rules.by_arrival
        window = (*self._held[:2], self._entered if untimed else 0)
        runs_on = self._rules.run_on or paused
        if step.unit is None:
            until = min(step_ends, frame_ends, self._next_day(now) if step.each_day else ENDLESS)
            if not runs_on or until >= ENDLESS:
                until = min(until, window_ends)
            count = self._begins(rate, step, frame, now, step_ends, frame_ends)
            charge = Charge(now, Instant(until), rate, step, window, count, count * step.price)
        else:
            stops = min(frame_ends, ENDLESS if self._rules.run_on else step_ends, ENDLESS if runs_on else window_ends)
            count, until, folded = self._units(rate, step.unit, now, stops, min(step_ends, window_ends))
            charge = Charge(now, Instant(until), rate, step, window, count, count * step.price, folded)
        return self._over_pauses(charge, frame_ends) if paused else charge

    def _begins(self, rate: PlannedRate, step: Step, frame: int, now: Instant, step_ends: int, frame_ends: int) -> int:
        """1 where a flat step begins; 0 where it only goes on: it was begun under another window, or is for the whole
        stay and was charged before."""
        if rate.once:
            first = id(rate) not in self._had
            self._had.add(id(rate))
            return int(first)
        if step.each_day or step.ends >= ENDLESS:
            return 1
        if step_ends >= ENDLESS:
            # Beyond the ladder's end, on a night of 25 hours: the last step goes on.
            return 0
        goes_on = frame < now < self._flat_until.get(frame, frame)
        self._flat_until[frame] = min(step_ends, frame_ends)
        return int(not goes_on)

    def _units(self, rate: PlannedRate, unit: int, now: Instant, stops: int, changes: int) -> tuple[int, int, int]:
        """As many units as begin before anything changes, until when they pay, and how many whole periods of the
        shortest cap they are. A unit that runs at `stops` ends there."""
        changes = min(changes, stops, self._end)
        if self._caps:
            whole = self._whole_periods(rate, unit, now, changes)
            if whole:
                return whole[1] // unit, now + whole[1], whole[0]
            changes = min(changes, self._change_of_caps(now, 0))
            stops = min([stops, *(periods.end for periods in self._cutting if periods.cuts)])
        last = min(stops, self._end)
        count = -(-(changes - now) // unit)
        if self._rules.completed:
            count = min(count, (last - now) // unit)
            if not count:
                return 0, last, 0
        return count, min(now + count * unit, stops), 0

    def _change_of_caps(self, now: Instant, first: int) -> int:
        soonest = ENDLESS
        for periods in self._caps[first:]:
            if now >= periods.end:
                periods.go_to(now)
            if periods.end < soonest:
                soonest = periods.end
        return soonest

    def _whole_periods(self, rate: PlannedRate, unit: int, now: Instant, changes: int) -> tuple[int, int] | None:
        """How many periods of the shortest cap go by before anything else changes, and how long they are together."""
        fold = self._fold
        if fold is None or rate.cap is not None or fold.length % unit or (now - fold.begin) % fold.length:
            return None
        count = (min(changes, self._change_of_caps(now, 1)) - now) // fold.length
        return (count, count * fold.length) if count else None

    def _frame(self, rate: PlannedRate, now: Instant, window_ends: int) -> tuple[int, int]:
        """From when on the time on the ladder counts, and when it starts again."""
        again = rate.again
        begin: int = self._origin
        end: int = ENDLESS
        if again.window:
            begin, end = self._entered, ENDLESS if self._rules.run_on else window_ends
        if again.day:
            begin = max(begin, self._rules.time.last(now, self._rules.day_starts))
            end = min(end, self._next_day(now))
        if again.length:
            counted_from = self._entered if again.window else self._anchor
            last = now - (now - counted_from) % again.length
            begin, end = max(begin, last), min(end, last + again.length)
        return begin, end

    def _next_day(self, now: Instant) -> Instant:
        return self._rules.time.next(now, self._rules.day_starts)

    def _pause_at(self, at: Instant) -> bool:
        return self._layer.pauses and at < self._end and self._rate_at(at).pauses

    def _rate_at(self, at: Instant) -> PlannedRate:
        return self._layer.rates[self._layer.windows.held(at, self._end).window]

    def _paused_since(self, frame: int) -> int:
        return sum(max(until - max(since, frame), 0) for since, until in self._pauses)

    def _over_pauses(self, charge: Charge, frame_ends: int) -> Charge:
        """A unit that is running when a pause begins goes on when it ends, but not beyond the end of its ladder."""
        until: int = charge.until
        edge = self._held.until
        while until > edge and self._pause_at(edge):
            after = self._layer.windows.held(edge, self._end).until
            if frame_ends <= after:
                self._pauses.append((edge, Instant(frame_ends)))
                until = frame_ends
                break
            self._pauses.append((edge, after))
            until = min(until + after - edge, frame_ends)
            edge = after if self._pause_at(after) else self._layer.windows.held(after, self._end).until
        return charge._replace(until=Instant(until))


def _step(rate: PlannedRate, elapsed: int) -> tuple[Step, int]:
    """The step of the ladder after so long. The last goes on: a day of 25 hours is longer than its ladder."""
    for step in rate.steps:
        if elapsed < step.ends:
            return step, step.ends
    return rate.steps[-1], ENDLESS
