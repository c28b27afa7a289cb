"""One lane in metres: where its loops lie, the cars in it, and what its devices say of them.

The arm stands at 0; cars of the lane's own direction come from negative metres. A car that comes from the other side
is described in its own metres, in which everything but the arm lies as it does for the others. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from drivers.contract import Position
from models.ids import LaneName
from models.spots import VehicleType
from models.tickets import Direction
from simulator.arm import Arm
from simulator.cars import Car, Habit
from simulator.troubles import Trouble, said_level

STOP_LINE = -1.4
ARMING_LOOP = (-3.6, -1.6)
CLOSING_LOOP = (-0.4, 1.4)
FAR_LOOP = (2.6, 4.6)
"""The arming loop of the other side, as far from the closing loop as the near one. One-way lanes have none."""
OUT_OF_THE_LANE = 4.8
TURNED_BACK = -6.2
"""Where a car that reverses is out of everyone's way."""
HEADWAY = 5.2
"""Kept to the car in front: longer than from the arming loop's start to the closing loop's end, so that
the next car reaches the arming loop when the one before has cleared both loops."""
TAILGATING = 2.5
"""A tailgater's distance: short, and yet each loop clears between the two. Two cars that no loop can tell apart are
one long car to any lane."""
CROWDING = 1.0
"""Too short for the arming loop to clear between two cars."""
ROOM_TO_REVERSE = 4.9


class How(StrEnum):
    """On whose leave a car drove under the arm."""

    VEND = "vend"
    TAILGATE = "tailgate"
    WRONG_WAY = "wrong_way"
    FORCED = "forced"
    HELD = "held"
    """The arm was kept up"""


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
    arm_is_replaced_after: float = 90.0
    lurks_for: float = 600.0
    """A driver on the wrong side gives up after this long and takes the right lane."""
    trouble_lasts: float = 20.0
    """What a car meets is mended after this long."""


@dataclass(frozen=True, slots=True)
class Driving:
    """A car in a lane. `front` is its front bumper, in its own metres; `far`: it came from the other side."""

    car: Car
    front: float
    habit: Habit = Habit.ORDERLY
    far: bool = False
    speed: float = 3.0
    waited: float = 0.0
    paused: float = 0.0
    """How long it has been doing what its habit is."""
    cleared: bool = False
    """The arm was raised while this car was the one at the arming loop: it may drive when the arm is up."""
    reversing: bool = False
    gave_up: bool = False
    pushed_back: bool = False
    """It turns back so that the car before it can."""
    how: How | None = None
    """Set as it comes under the arm."""

    @property
    def rear(self) -> float:
        return self.front - self.car.length

    def over(self, loop: tuple[float, float]) -> bool:
        """Whether it is over what lies there in its own metres."""
        return self.front - self.car.length < loop[1] and self.front > loop[0]

    def moved(self, front: float, speed: float, waits: float) -> Driving:
        """The same car a moment later; the most frequent of all steps, so written out."""
        return Driving(
            *(self.car, front, self.habit, self.far, speed, self.waited + waits, self.paused, self.cleared),
            *(self.reversing, self.gave_up, self.pushed_back, self.how),
        )

    @property
    def on_arming_loop(self) -> bool:
        """The one on its own side."""
        return self.over(ARMING_LOOP)

    @property
    def passed(self) -> bool:
        """Clear of the closing loop, on the far side."""
        return self.rear >= CLOSING_LOOP[1]

    @property
    def may_turn_back(self) -> bool:
        """At the arming loop and not beyond the stop line: from there it has room to reverse."""
        return self.on_arming_loop and self.front <= STOP_LINE

    @property
    def under_the_arm(self) -> bool:
        arm = CLOSING_LOOP[0] + CLOSING_LOOP[1] if self.far else 0.0
        return self.rear < arm < self.front


@dataclass(frozen=True, slots=True)
class Ill:
    """Something wrong with a lane's hardware, until a moment or (None) until it is mended."""

    trouble: Trouble
    until: float | None = None


@dataclass(frozen=True, slots=True)
class Lurking:
    """A driver on the wrong side of a lane, who waits for a chance to slip through."""

    car: Car
    since: float


@dataclass(frozen=True, slots=True)
class Lane:
    """One way through. `cars` stand in the order in which they came, the first one nearest to the arm."""

    name: LaneName
    direction: Direction
    arm: Arm = field(default_factory=Arm)
    cars: tuple[Driving, ...] = ()
    two_way: bool = False
    lurking: tuple[Lurking, ...] = ()
    ills: tuple[Ill, ...] = ()
    next_habit: Habit | None = None
    """What the next driver who comes does, on demand"""

    @property
    def is_exit(self) -> bool:
        return self.direction is Direction.EXIT

    @property
    def troubles(self) -> frozenset[Trouble]:
        return frozenset(ill.trouble for ill in self.ills) if self.ills else _NONE

    def direction_of(self, car: Driving) -> Direction:
        """Whether that car is on its way in or out."""
        return self.direction if not car.far else opposite(self.direction)

    def at_arming_loop(self, far: bool = False) -> Driving | None:
        """The car that stands before the arm, on one of its sides."""
        return next((car for car in self.cars if car.far is far and car.on_arming_loop), None)

    @property
    def arming_loop(self) -> bool:
        return any(car.over(FAR_LOOP if car.far else ARMING_LOOP) for car in self.cars)

    @property
    def far_loop(self) -> bool:
        return any(car.over(ARMING_LOOP if car.far else FAR_LOOP) for car in self.cars)

    @property
    def closing_loop(self) -> bool:
        return any(car.over(CLOSING_LOOP) for car in self.cars)

    def has_room(self, manners: Manners, behind: float = HEADWAY, far: bool = False) -> bool:
        """Whether a car may drive up on that side, so far behind the last one. Nobody drives up against another."""
        if any(car.far is not far for car in self.cars):
            return False
        return not self.cars or self.cars[-1].rear - behind >= manners.comes_from

    @property
    def at_rest(self) -> bool:
        return not self.cars and self.arm.at_rest


_NONE: frozenset[Trouble] = frozenset()


@dataclass(frozen=True, slots=True)
class Said:
    """What a lane's devices say, rightly or wrongly. None: silent."""

    position: Position | None
    arming_loop: bool | None
    closing_loop: bool | None
    far_loop: bool | None = None
    vehicle_type: VehicleType | None = None
    """Of the vehicle before the arm"""


def said(lane: Lane, now: float) -> Said:
    troubles = lane.troubles
    position: Position | None = lane.arm.position
    far = lane.far_loop if lane.two_way else None
    kind = _shown_class(lane)
    if not troubles:
        return Said(position, lane.arming_loop, lane.closing_loop, far, kind)
    if Trouble.POSITION_DEAD in troubles:
        position = Position.UNKNOWN
    if Trouble.BARRIER_SILENT in troubles:
        position = None
    arming = said_level(
        *(lane.arming_loop, now),
        *(Trouble.ARMING_LOOP_ON, Trouble.ARMING_LOOP_OFF, Trouble.ARMING_LOOP_CHATTERS),
        troubles,
    )
    return Said(
        position,
        None if Trouble.ARMING_LOOP_SILENT in troubles else arming,
        None if Trouble.CLOSING_LOOP_SILENT in troubles else detected(lane, now),
        far,
        kind,
    )


def _shown_class(lane: Lane) -> VehicleType | None:
    """What the lane's classifier sees on the arming loop."""
    at_loop = lane.at_arming_loop() or (lane.at_arming_loop(far=True) if lane.two_way else None)
    return at_loop.car.vehicle_type if at_loop else None


def detected(lane: Lane, now: float) -> bool:
    """What the closing loop's detector says, to the arm's own safety too."""
    if not lane.ills:
        return lane.closing_loop
    return said_level(
        *(lane.closing_loop, now),
        *(Trouble.CLOSING_LOOP_ON, Trouble.CLOSING_LOOP_OFF, Trouble.CLOSING_LOOP_CHATTERS),
        lane.troubles,
    )


def opposite(direction: Direction) -> Direction:
    return Direction.EXIT if direction is Direction.ENTRY else Direction.ENTRY
