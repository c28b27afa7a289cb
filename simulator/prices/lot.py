"""A lot on that day: lanes where cars queue, signs that show the price, spots, and the money that is taken.

The price is the lot's own: `models.pricing` decides it and holds it still at the lanes, `models.tariff` charges by it.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache

from models.instants import SECOND, Instant
from models.money import Minor
from models.pricing import Policy, Quote, Seen, Standing, lane_quote, next_price
from models.tariff import Terms, fee, priced
from models.tariff.calendars import resolved
from simulator.prices.visitors import MINUTE, Day, Visitor, events_nearby

ROLLS_UP = 4 * SECOND
"""From one car's leaving the arming loop until the next one's standing on it."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What is tried: a policy, and the lot at which it holds. `freezes` is off only to show what it is for."""

    name: str
    policy: Policy
    tariff: Terms
    spots: int
    lanes: int
    events: int = 1
    freezes: bool = True


@dataclass(frozen=True, slots=True)
class Price:
    """From then on the lot's price was the tariff's times the factor."""

    at: Instant
    factor: Decimal


@dataclass(frozen=True, slots=True)
class SignChange:
    """One lane's sign went over to another price, and whether somebody stood there."""

    at: Instant
    lane: int
    before: Decimal
    after: Decimal
    waiting: bool

    @property
    def jump(self) -> Decimal:
        return abs(self.after - self.before)


@dataclass(frozen=True, slots=True)
class Ticket:
    """A stay, with the price that was pinned and the one that its driver saw on coming to the lane."""

    entered: Instant
    leaves: Instant
    factor: Decimal
    seen: Decimal
    paid: Minor


@dataclass(frozen=True, slots=True)
class Sample:
    """How the lot stood at one minute."""

    at: Instant
    taken: int
    revenue: int


@dataclass(slots=True)
class Lived:
    """What came of the day."""

    trial: Trial
    day: Day
    samples: list[Sample] = field(default_factory=list[Sample])
    tickets: list[Ticket] = field(default_factory=list[Ticket])
    sign_changes: list[SignChange] = field(default_factory=list[SignChange])
    prices: list[Price] = field(default_factory=list[Price])
    """The lot's: the first, and each that followed"""
    held_back: int = 0
    """Changes of the lot's price that somebody who waited at a lane wasn't shown"""
    too_dear: list[Instant] = field(default_factory=list[Instant])
    full: list[Instant] = field(default_factory=list[Instant])


@dataclass(slots=True)
class _Lane:
    quote: Quote
    queue: list[Visitor] = field(default_factory=list[Visitor])
    at_the_sign: Visitor | None = None
    seen: Decimal = Decimal(1)
    rolling: bool = False


def lived(trial: Trial, visitors: Sequence[Visitor], day: Day) -> Lived:
    """The whole day of that lot; the same in every run."""
    return _Lot(trial, visitors, day).live()


class _Lot:
    def __init__(self, trial: Trial, visitors: Sequence[Visitor], day: Day) -> None:
        self._trial, self._day = trial, day
        self._tariff = resolved(trial.tariff, range(day.date.year, day.date.year + 2))
        self._taken = self._revenue = self._order = 0
        self._due: list[tuple[Instant, int, Callable[[], None]]] = []
        self._now = day.begins
        self._standing = self._next(None)
        self._lanes = [_Lane(lane_quote(None, self._standing, False)) for _ in range(trial.lanes)]
        self._told = Lived(trial, day, prices=[Price(day.begins, self._standing.factor)])
        self._priced = cache(lambda factor: priced(self._tariff, factor))
        for visitor in visitors:
            self._at(visitor.comes, lambda visitor=visitor: self._comes(visitor))
        for minute in range((day.ends - day.begins) // MINUTE + 1):
            self._at(Instant(day.begins + minute * MINUTE), self._sample)

    def live(self) -> Lived:
        while self._due:
            self._now, _, happens = heapq.heappop(self._due)
            happens()
            self._reprice()
        return self._told

    def _at(self, when: Instant, happens: Callable[[], None]) -> None:
        self._order += 1
        heapq.heappush(self._due, (when, self._order, happens))

    def _comes(self, visitor: Visitor) -> None:
        if self._taken >= self._trial.spots:
            self._told.full.append(self._now)
            return
        lane = min(self._lanes, key=lambda one: len(one.queue) + (one.at_the_sign is not None))
        lane.queue.append(visitor)
        self._call(lane)

    def _call(self, lane: _Lane) -> None:
        """The next car of the queue starts towards the sign, if that is free."""
        if lane.queue and not lane.rolling and lane.at_the_sign is None:
            lane.rolling = True
            self._at(Instant(self._now + ROLLS_UP), lambda: self._stands(lane))

    def _stands(self, lane: _Lane) -> None:
        """A car has come onto the arming loop, and its driver reads the sign."""
        lane.rolling, visitor = False, lane.queue.pop(0)
        lane.at_the_sign, lane.seen = visitor, lane.quote.factor
        self._at(Instant(self._now + visitor.decides), lambda: self._decides(lane, visitor))

    def _decides(self, lane: _Lane, visitor: Visitor) -> None:
        leaves = Instant(self._now + visitor.stays)
        usual = fee(self._tariff, self._now, leaves).total
        asked = fee(self._priced(lane.quote.factor), self._now, leaves).total
        if asked > usual * visitor.would_pay:
            self._told.too_dear.append(self._now)
        elif self._taken >= self._trial.spots:
            self._told.full.append(self._now)
        else:
            self._taken += 1
            ticket = Ticket(self._now, leaves, lane.quote.factor, lane.seen, asked)
            self._at(leaves, lambda: self._leaves(ticket))
        lane.at_the_sign = None
        self._call(lane)

    def _leaves(self, ticket: Ticket) -> None:
        self._taken -= 1
        self._revenue += ticket.paid
        self._told.tickets.append(ticket)

    def _sample(self) -> None:
        self._told.samples.append(Sample(self._now, self._taken, self._revenue))

    def _next(self, standing: Standing | None) -> Standing:
        events = events_nearby(self._day, self._trial.events, self._now)
        seen = Seen.at(self._now, self._day.zone, self._taken, self._trial.spots, events)
        return next_price(self._trial.policy, standing, seen, self._now)

    def _reprice(self) -> None:
        before, self._standing = self._standing, self._next(self._standing)
        if before.factor != self._standing.factor:
            self._told.prices.append(Price(self._now, self._standing.factor))
            self._told.held_back += any(lane.at_the_sign is not None for lane in self._lanes)
        for number, lane in enumerate(self._lanes):
            self._show(number, lane)

    def _show(self, number: int, lane: _Lane) -> None:
        waiting = lane.at_the_sign is not None
        before, lane.quote = lane.quote, lane_quote(lane.quote, self._standing, waiting and self._trial.freezes)
        if before.factor != lane.quote.factor:
            self._told.sign_changes.append(SignChange(self._now, number, before.factor, lane.quote.factor, waiting))
