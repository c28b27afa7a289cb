"""The cars of a planned day: each visit is one, and comes at its own time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from models.instants import SECOND, Instant
from models.spots import VehicleType
from models.tickets import Direction
from simulator.cars import Car, Traffic
from simulator.day.bookings import Wanted
from simulator.day.visits import ENTERING, EXITS, LEAVING, MERCHANT, RESERVED, ComesIn, GoesOut, Visit
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
        drawn = super().car(number - visit.again)
        return replace(
            drawn,
            number=number,
            vehicle_type=VehicleType.REGULAR if visit.comes_in in RESERVED else drawn.vehicle_type,
            stay=visit.stays * MINUTE,
            readable=ENTERING[visit.comes_in].readable,
            meets_at_exit=LEAVING[visit.goes_out].meets,
        )

    def gap_before(self, number: int) -> float:
        return self.every if number else _FIRST_AFTER

    def choice(self, number: int, purpose: str, options: int) -> int:
        """Each leaves by the exit at which they can pay in their way, where the lot has it."""
        if purpose != Direction.EXIT:
            return super().choice(number, purpose, options)
        return EXITS.index(LEAVING[self.visits[number].goes_out].by) % options

    def comes_at(self, number: int) -> float:
        """Seconds after the first one."""
        return number * self.every

    def of(self, *ways: ComesIn) -> list[tuple[int, Car]]:
        """The cars that come in by these ways, with their numbers."""
        return [(number, self.car(number)) for number, visit in enumerate(self.visits) if visit.comes_in in ways]


def permits(traffic: PlannedTraffic) -> list[dict[str, Any]]:
    """For the lot's file: whoever comes on a permit has one."""
    holders = traffic.of(ComesIn.PERMIT_PLATE, ComesIn.PERMIT_CARD)
    cards = [{"plate": str(car.text), "cards": [card_of(number)]} for number, car in holders]
    return cards + [{"plate": str(car.text), "kind": "courtesy"} for _, car in traffic.of(ComesIn.COURTESY)]


def barred(traffic: PlannedTraffic) -> list[dict[str, Any]]:
    """For the lot's file: whoever isn't let in."""
    return [{"plate": str(car.text), "reason": "left without paying"} for _, car in traffic.of(ComesIn.BARRED)]


def wanted(traffic: PlannedTraffic, begins: Instant, *ways: ComesIn) -> list[Wanted]:
    """The reservations of those who come in by these ways, on a day whose first car comes when it `begins`."""
    return [
        Wanted(
            number,
            comes := Instant(begins + round(traffic.comes_at(number) * SECOND)),
            Instant(comes + round(car.stay * SECOND)),
            car.text if car.readable else None,
        )
        for number, car in traffic.of(*ways)
    ]


def carried(traffic: PlannedTraffic, codes: Mapping[int, str]) -> dict[tuple[int, Direction], Carried]:
    """What drivers show on the way in and on the way out; `codes` are those of reservations."""
    shown = {number: Carried("card_reader", card_of(number)) for number, _ in traffic.of(ComesIn.PERMIT_CARD)}
    for number, car in traffic.of(*RESERVED):
        if not car.readable:
            shown[number] = Carried("code_scanner", codes[number])
    validated = {
        (number, Direction.EXIT): Carried("code_scanner", MERCHANT)
        for number, visit in enumerate(traffic.visits)
        if visit.goes_out is GoesOut.VALIDATED
    }
    return validated | {(number, direction): what for number, what in shown.items() for direction in Direction}


def card_of(number: int) -> str:
    return f"17-{number:05}"
