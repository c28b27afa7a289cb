"""A lot that is off line for a day: the cloud goes on selling, walk-ins come to the last spot, guests come to theirs.

The cloud knows only what the lot told it before the line was cut, and sells by peak overlap up to the quota that the
lot has acknowledged then. SellingCloud says so in a few lines; tests/cloud/test_selling_offline.py has the real one.
What is judged is judged from outside: who was let in and who wasn't.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Protocol

from edge.lane.signals import Allowed, Refused
from models.ids import LotId
from models.instants import HOUR, Instant
from models.refusals import Refusal
from models.spots import SpotType, VehicleType
from tests.edge.reserving import MINUTE, Gate, Sold

ELSEWHERE = LotId("0193e1a0-0000-7000-8000-0000000000ff")
QUARTER = 15 * MINUTE
TYPES = (SpotType.COMPACT, SpotType.REGULAR, SpotType.EV)


@dataclass
class Outcome:
    """What came of the day. `turned_away`: sold places that their guests didn't get; `twice`: codes that opened again;
    `wrongly`: codes that opened elsewhere or out of their time."""

    sold: int = 0
    came: int = 0
    walk_ins: int = 0
    full: int = 0
    turned_away: list[Sold] = field(default_factory=list[Sold])
    twice: int = 0
    wrongly: int = 0


class Seller(Protocol):
    """Whoever sells the lot's places while the line is cut."""

    def sell(self, spot_type: SpotType, start: Instant, end: Instant) -> Sold | None:
        """None: not sold."""
        ...

    def cancel(self, sold: Sold) -> None:
        """The lot doesn't hear of it, so its code still opens."""
        ...


class SellingCloud:
    """Sells up to what the lot keeps back of each type at any moment, whoever came or left meanwhile."""

    def __init__(self, gate: Gate) -> None:
        self._gate, self._kept = gate, gate.kept
        self._sold: list[Sold] = []

    def sell(self, spot_type: SpotType, start: Instant, end: Instant) -> Sold | None:
        mine = [each for each in self._sold if each.spot_type is spot_type and each.start < end and start < each.end]
        edges = [start, *(each.start for each in mine if each.start > start)]
        peak = max(sum(each.start <= edge < each.end for each in mine) for edge in edges)
        if peak >= self._kept.get(str(spot_type), 0):
            return None
        self._sold.append(self._gate.signed(start, end, spot_type))
        return self._sold[-1]

    def cancel(self, sold: Sold) -> None:
        pass


@dataclass
class Day:
    """One day at one lot, quarter hour by quarter hour; what happens is drawn from `chance`."""

    gate: Gate
    chance: random.Random
    seller: Seller
    quarters: int = 96
    wishes: int = 3
    """How many at most want to book in a quarter of an hour"""
    outcome: Outcome = field(default_factory=Outcome)
    inside: dict[str, Instant] = field(default_factory=dict[str, Instant])
    guests: list[tuple[Sold, Instant]] = field(default_factory=list[tuple[Sold, Instant]])
    used: list[Sold] = field(default_factory=list[Sold])
    _plates: int = 0

    def run(self) -> Outcome:
        waiting: list[tuple[Instant, Sold]] = []
        for _ in range(self.quarters):
            waiting += self._sell()
            if self.chance.random() < 0.5:
                self._walk_ins()
            self._leave()
            self._walk_ins()
            self._come(waiting)
            self._cheat()
            self.gate.keeps()
            self.gate.lot.clock.forward(minutes=15)
        return self.outcome

    def _sell(self) -> list[tuple[Instant, Sold]]:
        """Returns who comes when; some never do, and some come though they have cancelled."""
        coming: list[tuple[Instant, Sold]] = []
        for _ in range(self.chance.randrange(self.wishes + 1)):
            spot_type = self.chance.choice(TYPES)
            start = Instant(self.gate.now + self.chance.randrange(0, 16) * QUARTER)
            end = Instant(start + self.chance.randrange(1, 12) * QUARTER)
            sold = self.seller.sell(spot_type, start, end)
            if sold is None:
                continue
            self.outcome.sold += 1
            if self.chance.random() < 0.2:
                self.seller.cancel(sold)
            if self.chance.random() < 0.9:
                coming.append((Instant(self.chance.randrange(start, end, QUARTER)), sold))
        return coming

    def _walk_ins(self) -> None:
        """As many as the lot takes, as a rule more."""
        for _ in range(self.chance.randrange(4)):
            self._plates += 1
            plate = f"W{self._plates}"
            answer = self.gate.shows(plate, vehicle_type=_vehicle(self.chance.choice(TYPES)))
            if isinstance(answer, Allowed):
                assert answer.ticket is not None
                self.gate.lot.decide(self.gate.entry().confirm(answer.ticket))
                self.inside[plate] = Instant(self.gate.now + self.chance.randrange(1, 40) * QUARTER)
                self.outcome.walk_ins += 1
            else:
                assert answer.reason is Refusal.LOT_FULL
                self.outcome.full += 1

    def _come(self, waiting: list[tuple[Instant, Sold]]) -> None:
        due = [(at, sold) for at, sold in waiting if at <= self.gate.now]
        for each in due:
            waiting.remove(each)
            self._arrive(each[1])

    def _arrive(self, sold: Sold) -> None:
        """Some back out once before they come in."""
        for backs_out in (True, False) if self.chance.random() < 0.1 else (False,):
            answer = self.gate.shows(sold, vehicle_type=_vehicle(sold.spot_type))
            if isinstance(answer, Refused):
                self.outcome.turned_away.append(sold)
                return
            assert answer.ticket is not None
            desk = self.gate.entry()
            self.gate.lot.decide(
                desk.withdraw(answer.ticket, vended=True) if backs_out else desk.confirm(answer.ticket)
            )
        self.outcome.came += 1
        self.used.append(sold)
        self.guests.append((sold, Instant(self.chance.randrange(self.gate.now + QUARTER, sold.end + 1, QUARTER))))

    def _leave(self) -> None:
        """Guests leave in their time."""
        for plate in [plate for plate, at in self.inside.items() if at <= self.gate.now]:
            del self.inside[plate]
            self.gate.leaves(plate)
        for sold, at in [each for each in self.guests if each[1] <= self.gate.now]:
            self.guests.remove((sold, at))
            self.gate.leaves(sold)

    def _cheat(self) -> None:
        """Codes that were used, of another lot, over, and of tomorrow."""
        now = self.gate.now
        for sold in self.used[-2:]:
            self.outcome.twice += self._opens(sold)
        here = self.chance.choice(TYPES)
        self.outcome.wrongly += self._opens(self.gate.signed(now, Instant(now + HOUR), here, ELSEWHERE))
        self.outcome.wrongly += self._opens(self.gate.signed(Instant(now - HOUR), now, here))
        self.outcome.wrongly += self._opens(self.gate.signed(Instant(now + 24 * HOUR), Instant(now + 25 * HOUR), here))

    def _opens(self, sold: Sold) -> bool:
        return isinstance(self.gate.shows(sold), Allowed)


def _vehicle(spot_type: SpotType) -> VehicleType:
    return VehicleType.COMPACT if spot_type is SpotType.COMPACT else VehicleType.REGULAR


def acknowledged(gate: Gate, places: int) -> None:
    """While the line still stands: so many of each type are asked for, and as many as can be are kept back."""
    for spot_type in TYPES:
        gate.asks_for(places, spot_type)


def full_of_walk_ins(gate: Gate, chance: random.Random) -> dict[str, Instant]:
    """Who parks there when the day begins, and until when."""
    inside: dict[str, Instant] = {}
    for number in range(chance.randrange(12)):
        plate = f"B{number}"
        if isinstance(gate.shows(plate), Allowed):
            gate.lot.decide(lambda tx: tx.connection.execute("UPDATE tickets SET status = 'ACTIVE'"))
            inside[plate] = Instant(gate.now + chance.randrange(1, 30) * QUARTER)
    return inside
