"""The cars of a planned day: each visit is one, and comes at its own time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from models.plates import Plate
from models.tickets import Direction
from simulator.cars import Car, Traffic
from simulator.day.visits import ENTERING, LEAVING, ComesIn, Visit
from simulator.plates import number_plate
from simulator.twin.people import Carried

MINUTE = 60.0
_FIRST_AFTER = 3.0


@dataclass(frozen=True)
class PlannedTraffic(Traffic):
    """One car for each visit, `every` so many seconds."""

    visits: tuple[Visit, ...] = ()
    every: float = 9 * MINUTE

    def car(self, number: int) -> Car:
        visit = self.visits[number]
        return replace(
            super().car(number),
            plate=number_plate(self.seed, number if visit.driver is None else visit.driver),
            stay=visit.stays * MINUTE,
            readable=ENTERING[visit.comes_in].readable,
            meets_at_exit=LEAVING[visit.goes_out].meets,
        )

    def gap_before(self, number: int) -> float:
        return self.every if number else _FIRST_AFTER

    def comes_at(self, number: int) -> float:
        """Seconds after the first one."""
        return number * self.every

    @property
    def lasts(self) -> float:
        """Seconds from the first car to the last one's departure."""
        return max(self.comes_at(number) + visit.stays * MINUTE for number, visit in enumerate(self.visits))

    def of(self, *ways: ComesIn) -> Iterable[tuple[int, Car]]:
        """The cars that come in by these ways, with their numbers."""
        return [(number, self.car(number)) for number, visit in enumerate(self.visits) if visit.comes_in in ways]


def permits(traffic: PlannedTraffic) -> list[dict[str, Any]]:
    """For the lot's file: whoever comes on a permit has one."""
    holders: dict[Plate, int] = {}
    for number, car in traffic.of(ComesIn.PERMIT_PLATE, ComesIn.PERMIT_CARD):
        holders.setdefault(car.text, number)
    return [{"plate": str(plate), "cards": [card_of(number)]} for plate, number in holders.items()]


def carried(traffic: PlannedTraffic) -> dict[tuple[int, Direction], Carried]:
    """What drivers show on the way in and on the way out."""
    cards = {number: Carried("card_reader", card_of(number)) for number, _ in traffic.of(ComesIn.PERMIT_CARD)}
    return {(number, direction): card for number, card in cards.items() for direction in Direction}


def card_of(number: int) -> str:
    return f"17-{number:05}"
