"""The cars of a run: who they are, how long they stay, and when they come, all drawn from one seed."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from models.plates import Plate
from models.spots import VehicleType
from models.tickets import Direction
from simulator.plates import NumberPlate, number_plate
from simulator.troubles import Trouble

LENGTHS = {
    VehicleType.MOTORCYCLE: 2.2,
    VehicleType.COMPACT: 3.7,
    VehicleType.REGULAR: 4.6,
    VehicleType.LARGE: 5.9,
}
"""Metres, bumper to bumper."""

_HOW_MANY = {
    VehicleType.MOTORCYCLE: 8,
    VehicleType.COMPACT: 30,
    VehicleType.REGULAR: 50,
    VehicleType.LARGE: 12,
}

COLOURS = ("silver", "black", "white", "blue", "red", "graphite", "green", "orange")


class Habit(StrEnum):
    """How a driver takes a lane."""

    ORDERLY = "orderly"
    HESITATES = "hesitates"
    """Stops for a while with its nose between the loops"""
    BACKS_OUT = "backs_out"
    """Waits a while at the stop line and reverses, vend or no vend"""
    ROLLS_BACK = "rolls_back"
    """Drives under the arm and reverses out of the lane"""
    COMES_AGAIN = "comes_again"
    """Rolls back from under the arm to the stop line, and drives on from there"""
    STOPS_UNDER_ARM = "stops_under_arm"
    CROWDS = "crowds"
    """Keeps so little distance that the arming loop never clears between it and the car before"""
    TAILGATES = "tailgates"
    """Follows the car before through, on its vend"""
    WRONG_WAY = "wrong_way"
    """Slips through the other direction's lane while its arm is up"""
    BREAKS_THROUGH = "breaks_through"
    """Drives through the arm, which breaks off"""


FOLLOWERS = (Habit.CROWDS, Habit.TAILGATES)
"""They come right behind another car."""


@dataclass(frozen=True, slots=True)
class Car:
    """One car. Lengths of time in seconds."""

    number: int
    plate: NumberPlate
    vehicle_type: VehicleType
    colour: str
    stay: float
    at_entry: Habit = Habit.ORDERLY
    at_exit: Habit = Habit.ORDERLY
    pause: float = 2.0
    """How long its driver waits before, or while, doing what they do"""
    readable: bool = True
    """Whether its plate can be read at all"""
    meets_at_entry: Trouble | None = None
    meets_at_exit: Trouble | None = None
    """What goes wrong with the lane's hardware while it is there"""

    @property
    def text(self) -> Plate:
        return self.plate.text

    @property
    def length(self) -> float:
        return LENGTHS[self.vehicle_type]

    def habit(self, direction: Direction) -> Habit:
        return self.at_entry if direction is Direction.ENTRY else self.at_exit

    def meets(self, direction: Direction) -> Trouble | None:
        return self.meets_at_entry if direction is Direction.ENTRY else self.meets_at_exit

    @property
    def unusual(self) -> bool:
        habits = any(habit is not Habit.ORDERLY for habit in (self.at_entry, self.at_exit))
        return habits or not self.readable or self.meets_at_entry is not None or self.meets_at_exit is not None


UNREADABLE = "unreadable"
Quirk = Habit | Trouble | str
"""What makes a car's visit an unusual one: a habit, a trouble that it meets, or `unreadable`."""

QUIRKS: Mapping[tuple[Direction, Quirk], float] = {
    (Direction.ENTRY, Habit.HESITATES): 10,
    (Direction.ENTRY, Habit.BACKS_OUT): 12,
    (Direction.ENTRY, Habit.ROLLS_BACK): 6,
    (Direction.ENTRY, Habit.COMES_AGAIN): 6,
    (Direction.ENTRY, Habit.STOPS_UNDER_ARM): 6,
    (Direction.ENTRY, Habit.CROWDS): 10,
    (Direction.ENTRY, Habit.TAILGATES): 8,
    (Direction.ENTRY, Habit.BREAKS_THROUGH): 1,
    (Direction.ENTRY, Habit.WRONG_WAY): 3,
    (Direction.ENTRY, UNREADABLE): 12,
    (Direction.ENTRY, Trouble.ARM_STUCK): 2,
    (Direction.ENTRY, Trouble.BARRIER_SILENT): 2,
    (Direction.ENTRY, Trouble.CAMERA_BLIND): 2,
    (Direction.EXIT, Habit.HESITATES): 6,
    (Direction.EXIT, Habit.BACKS_OUT): 6,
    (Direction.EXIT, Habit.ROLLS_BACK): 4,
    (Direction.EXIT, Habit.COMES_AGAIN): 4,
    (Direction.EXIT, Habit.STOPS_UNDER_ARM): 4,
    (Direction.EXIT, Habit.CROWDS): 6,
    (Direction.EXIT, Habit.TAILGATES): 6,
    (Direction.EXIT, Habit.WRONG_WAY): 3,
    (Direction.EXIT, Habit.BREAKS_THROUGH): 1,
    (Direction.EXIT, Trouble.TERMINAL_DECLINES): 5,
    (Direction.EXIT, Trouble.TERMINAL_UNREACHABLE): 4,
    (Direction.EXIT, Trouble.TERMINAL_HANGS): 2,
    (Direction.EXIT, Trouble.ARM_STUCK): 2,
    (Direction.EXIT, Trouble.ARM_SLOW): 2,
}
"""How often each is met, relative to the others."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """What drives up: the rate in cars a minute, stays in seconds from `shortest_stay` to `longest_stay`."""

    seed: int = 1
    per_minute: float = 6.0
    shortest_stay: float = 20.0
    longest_stay: float = 90.0
    backing_out: float = 0.0
    """Share of the drivers who change their mind at the entry, 0 to 1."""
    misbehaving: float = 0.0
    """Share of the cars whose visit is an unusual one, 0 to 1."""
    quirks: Mapping[tuple[Direction, Quirk], float] = field(default_factory=lambda: QUIRKS, hash=False)

    def car(self, number: int) -> Car:
        """The car with this number, always the same one for the same seed."""
        dice = random.Random(f"car {self.seed} {number}")
        kind = dice.choices(list(_HOW_MANY), list(_HOW_MANY.values()))[0]
        colour = dice.choice(COLOURS)
        stay = dice.uniform(self.shortest_stay, self.longest_stay)
        changes_mind = dice.random() < self.backing_out
        car = Car(number, number_plate(self.seed, number), kind, colour, stay, pause=dice.uniform(0.3, 5.0))
        if changes_mind:
            return replace(car, at_entry=Habit.BACKS_OUT)
        return self._with_quirk(car) if self.misbehaving else car

    def gap_before(self, number: int) -> float:
        """Seconds between this car and the one before it; arrivals are independent of each other."""
        if self.misbehaving and number and self.car(number).at_entry in FOLLOWERS:
            return 0.0
        return random.Random(f"gap {self.seed} {number}").expovariate(self.per_minute / 60)

    def choice(self, number: int, purpose: str, options: int) -> int:
        """Which of so many lanes this car takes: a follower the one of the car before it."""
        while purpose == Direction.ENTRY and self.misbehaving and number and self.car(number).at_entry in FOLLOWERS:
            number -= 1
        return random.Random(f"{purpose} {self.seed} {number}").randrange(options)

    def _with_quirk(self, car: Car) -> Car:
        dice = random.Random(f"quirk {self.seed} {car.number}")
        if dice.random() >= self.misbehaving:
            return car
        return with_quirk(car, *dice.choices(list(self.quirks), list(self.quirks.values()))[0])


def with_quirk(car: Car, direction: Direction, quirk: Quirk) -> Car:
    """That car, with something unusual about it at an entry or an exit."""
    entry = direction is Direction.ENTRY
    if quirk == UNREADABLE or (quirk is Habit.BREAKS_THROUGH and entry):
        car = replace(car, readable=False)
    if isinstance(quirk, Trouble):
        return replace(car, meets_at_entry=quirk) if entry else replace(car, meets_at_exit=quirk)
    if isinstance(quirk, Habit):
        return replace(car, at_entry=quirk) if entry else replace(car, at_exit=quirk)
    return car
