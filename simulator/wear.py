"""What goes wrong with a lane's hardware while a car is there, and when it is mended. Pure."""

from __future__ import annotations

from models.tickets import Direction
from simulator.cars import Car
from simulator.happenings import Happening
from simulator.lanes import Lane, Manners
from simulator.orders import broken, mended_of
from simulator.troubles import Trouble


def meet(
    lane: Lane, car: Car, direction: Direction | None, now: float, manners: Manners, happened: list[Happening]
) -> Lane:
    """The lane with what goes wrong as this car comes to it; without a direction, the car has broken off the arm."""
    if direction is None:
        return broken(lane, Trouble.ARM_BROKEN_OFF, now + manners.arm_is_replaced_after, now, happened)
    trouble = car.meets(direction)
    return lane if trouble is None else broken(lane, trouble, now + manners.trouble_lasts, now, happened)


def mend(lane: Lane, now: float, happened: list[Happening]) -> Lane:
    """The lane without what is mended by now. Nobody puts on an arm over a car."""
    for ill in lane.ills:
        over_a_car = ill.trouble is Trouble.ARM_BROKEN_OFF and lane.closing_loop
        if ill.until is not None and ill.until <= now and not over_a_car:
            lane = mended_of(lane, ill.trouble, now, happened)
    return lane
