"""The drivers of one day: when they come, how long they mean to stay, and what they would pay for that.

All of it is made up, in the shape of a town-centre garage: the figures below are assumptions, not a survey. The same
seed brings the same drivers, whatever the price, so that two policies meet the same day.
"""

from __future__ import annotations

import datetime as dt
import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from models.instants import HOUR, SECOND, Instant, from_datetime

MINUTE = 60 * SECOND
DAY_BEGINS = 5
"""The hour at which a day of parking begins: the lot is empty then."""


@dataclass(frozen=True, slots=True)
class Day:
    """One day of parking: 24 hours from five in the morning by the lot's own clock."""

    date: dt.date
    zone: ZoneInfo

    @property
    def begins(self) -> Instant:
        return from_datetime(dt.datetime.combine(self.date, dt.time(DAY_BEGINS), self.zone))

    @property
    def ends(self) -> Instant:
        return from_datetime(dt.datetime.combine(self.date + dt.timedelta(days=1), dt.time(DAY_BEGINS), self.zone))

    def at(self, hour: float) -> Instant:
        """25.5 is half past one of the night after."""
        return Instant(self.begins + round((hour - DAY_BEGINS) * HOUR))

    @property
    def weekend(self) -> bool:
        return self.date.weekday() >= 5


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who wants to park."""

    kind: str
    comes: Instant
    stays: int
    """Microseconds"""
    would_pay: float
    """At most so many times what the stay costs without a dynamic price"""
    decides: int
    """How long it stands at the lane, in microseconds: reading the sign, taking the ticket, or driving on"""


@dataclass(frozen=True, slots=True)
class Kind:
    """Drivers who are alike. Hours of the day and lengths of stay in hours."""

    name: str
    workday: float
    """How many a spot on a working day"""
    weekend: float
    comes: Callable[[random.Random], float]
    stays: Callable[[random.Random, float], float]
    """From the hour at which it comes"""
    would_pay: float
    """Half of them would pay more than so many times the usual"""
    spread: float
    """How far they differ in that: the deviation of the logarithm"""


def _about(middle: float, deviation: float) -> Callable[[random.Random], float]:
    return lambda chance: chance.gauss(middle, deviation)


def _for(hours: float, spread: float, most: float) -> Callable[[random.Random, float], float]:
    """Around so many hours, more often far longer than far shorter."""
    return lambda chance, _: min(most, max(0.15, hours * math.exp(chance.gauss(0, spread))))


def _shopping(chance: random.Random) -> float:
    return chance.gauss(11.2, 1.4) if chance.random() < 0.5 else chance.gauss(15.8, 1.7)


COMMUTER = Kind("commuter", 0.58, 0.08, _about(7.9, 0.6), lambda c, _: max(3.0, c.gauss(8.7, 0.7)), 1.9, 0.35)
SHOPPER = Kind("shopper", 2.7, 3.4, _shopping, _for(1.3, 0.5, 5), 1.7, 0.4)
ERRAND = Kind("errand", 0.5, 0.3, lambda c: c.uniform(7, 21), _for(0.4, 0.5, 2), 2.4, 0.5)
DINER = Kind("diner", 0.35, 0.55, _about(19.6, 0.9), _for(2.0, 0.35, 5), 2.2, 0.4)
GUEST = Kind("guest of the event", 0.7, 0.7, _about(19.2, 0.4), lambda c, hour: c.gauss(22.7, 0.3) - hour, 2.4, 0.35)
EVENT_FROM, EVENT_UNTIL = 18.0, 22.5
"""The hours at which an evening's event counts as one nearby."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """How the drivers of a day differ from the ordinary ones."""

    demand: float = 1.0
    """So many times as many come"""
    would_pay: float = 1.0
    """They would pay so many times as much"""
    events: int = 1
    """In the evening, nearby"""


def visitors(seed: int, spots: int, day: Day, crowd: Crowd) -> list[Visitor]:
    """Everybody who comes to a lot of this size on that day, in the order in which they come."""
    found: list[Visitor] = []
    for kind in (COMMUTER, SHOPPER, ERRAND, DINER, *(GUEST,) * crowd.events):
        chance = random.Random(f"{seed} {kind.name} {len(found)}")
        a_spot = kind.weekend if day.weekend else kind.workday
        how_many = round(a_spot * spots * crowd.demand * max(0.5, chance.gauss(1, 0.06)))
        found += [_visitor(chance, kind, day, crowd.would_pay) for _ in range(how_many)]
    return sorted(found, key=lambda one: one.comes)


def events_nearby(day: Day, events: int, now: Instant) -> int:
    return events if day.at(EVENT_FROM) <= now < day.at(EVENT_UNTIL) else 0


def _visitor(chance: random.Random, kind: Kind, day: Day, would_pay: float) -> Visitor:
    comes = min(max(kind.comes(chance), DAY_BEGINS + 0.1), DAY_BEGINS + 20)
    return Visitor(
        kind.name,
        day.at(comes),
        round(max(0.15, kind.stays(chance, comes)) * HOUR),
        would_pay * kind.would_pay * math.exp(chance.gauss(0, kind.spread)),
        round((chance.uniform(25, 60) if chance.random() < 0.08 else chance.uniform(6, 15)) * SECOND),
    )
