"""One lane in metres: where its loops lie, and how drivers behave between them.

The arm stands at 0; cars come from negative metres and drive towards positive ones. Pure.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

from drivers.contract import Position
from models.ids import LaneName
from models.tickets import Direction
from simulator.arm import Arm, moved
from simulator.cars import Car

STOP_LINE = -1.4
ARMING_LOOP = (-3.6, -1.6)
CLOSING_LOOP = (-0.4, 1.4)
OUT_OF_THE_LANE = 4.0
TURNED_BACK = -6.2
"""Where a car that reverses is out of everyone's way."""
HEADWAY = 5.2
"""Kept to the car in front: longer than from the arming loop's start to the closing loop's end, so that
the next car reaches the arming loop when the one before has cleared both loops."""


@dataclass(frozen=True, slots=True)
class Manners:
    """How people drive and how long they wait: metres, seconds."""

    comes_from: float = -20.0
    cruise: float = 4.0
    acceleration: float = 1.6
    braking: float = 1.5
    patience: float = 120.0
    """A driver who waits this long at the stop line without a vend turns back."""
    tries_again_after: float = 10.0
    """A car that turned back at an exit comes again after this long."""


@dataclass(frozen=True, slots=True)
class Driving:
    """A car in a lane. `front` is its front bumper."""

    car: Car
    front: float
    speed: float = 3.0
    waited: float = 0.0
    cleared: bool = False
    """The arm was raised while this car was the one at the arming loop: it may drive when the arm is up."""
    reversing: bool = False
    gave_up: bool = False

    @property
    def rear(self) -> float:
        return self.front - self.car.length

    def over(self, loop: tuple[float, float]) -> bool:
        return self.rear < loop[1] and self.front > loop[0]

    @property
    def on_arming_loop(self) -> bool:
        return self.over(ARMING_LOOP)

    @property
    def passed(self) -> bool:
        """Clear of the closing loop, on the far side."""
        return self.rear >= CLOSING_LOOP[1]

    @property
    def may_turn_back(self) -> bool:
        """At the arming loop and not beyond the stop line: from there it has room to reverse."""
        return self.on_arming_loop and self.front <= STOP_LINE


@dataclass(frozen=True, slots=True)
class Lane:
    """One way through. `cars` stand in the order in which they came, the first one nearest to the arm."""

    name: LaneName
    direction: Direction
    arm: Arm = field(default_factory=Arm)
    cars: tuple[Driving, ...] = ()

    @property
    def is_exit(self) -> bool:
        return self.direction is Direction.EXIT

    def at_arming_loop(self) -> Driving | None:
        return next((car for car in self.cars if car.on_arming_loop), None)

    @property
    def arming_loop(self) -> bool:
        return self.at_arming_loop() is not None

    @property
    def closing_loop(self) -> bool:
        return any(car.over(CLOSING_LOOP) for car in self.cars)

    def has_room(self, manners: Manners) -> bool:
        return not self.cars or self.cars[-1].rear - HEADWAY >= manners.comes_from


def advance(lane: Lane, seconds: float, manners: Manners) -> tuple[Lane, tuple[Driving, ...]]:
    """The lane some seconds later, and the cars that are no longer in it."""
    arm = moved(lane.arm, seconds, lane.closing_loop)
    cars: list[Driving] = []
    for car in lane.cars:
        ahead = cars[-1].rear - HEADWAY if cars else math.inf
        if car.reversing:
            cars.append(_back(car, seconds, manners))
        else:
            changes_mind = car.car.backs_out_after is not None and not lane.is_exit
            cars.append(_forward(car, ahead, arm.position is Position.OPEN and not changes_mind, seconds, manners))
    cars = [_loses_heart(car, lane, manners) for car in cars]
    gone = tuple(car for car in cars if car.rear >= OUT_OF_THE_LANE or (car.reversing and car.front <= TURNED_BACK))
    return replace(lane, arm=arm, cars=tuple(car for car in cars if car not in gone)), gone


def _back(car: Driving, seconds: float, manners: Manners) -> Driving:
    speed = min(car.speed + manners.acceleration * seconds, 1.2)
    return replace(car, front=car.front - speed * seconds, speed=speed)


def _forward(car: Driving, ahead: float, way_is_free: bool, seconds: float, manners: Manners) -> Driving:
    may_go = car.front > STOP_LINE or (car.cleared and way_is_free)
    limit = min(ahead, math.inf if may_go else STOP_LINE)
    way = max(0.0, limit - car.front)
    wanted = min(car.speed + manners.acceleration * seconds, manners.cruise, math.sqrt(2 * manners.braking * way))
    # The last centimetres: braking along a square root never quite arrives.
    front = max(limit, car.front) if way < 0.02 else car.front + min(wanted * seconds, way)
    after = replace(car, front=front, speed=wanted if front < limit else 0.0)
    return replace(after, waited=car.waited + seconds) if front == STOP_LINE and not may_go else after


def _loses_heart(car: Driving, lane: Lane, manners: Manners) -> Driving:
    """The car as it is, or reversing: its driver had a mind to back out, or has waited for too long."""
    changes_mind = not lane.is_exit and car.car.backs_out_after is not None and car.waited >= car.car.backs_out_after
    gives_up = car.waited >= manners.patience
    if car.reversing or not car.may_turn_back or not (changes_mind or gives_up):
        return car
    return replace(car, reversing=True, speed=0.0, gave_up=not changes_mind)
