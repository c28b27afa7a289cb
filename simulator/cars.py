"""The cars of a run: who they are, how long they stay, and when they come, all drawn from one seed."""

from __future__ import annotations

import random
from dataclasses import dataclass

from models.plates import Plate
from models.spots import VehicleType
from simulator.plates import NumberPlate, number_plate

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


@dataclass(frozen=True, slots=True)
class Car:
    """One car. Lengths of time in seconds."""

    number: int
    plate: NumberPlate
    vehicle_type: VehicleType
    colour: str
    stay: float
    backs_out_after: float | None = None
    """Its driver changes their mind this long after stopping at the entry, vend or no vend; None: never."""

    @property
    def text(self) -> Plate:
        return self.plate.text

    @property
    def length(self) -> float:
        return LENGTHS[self.vehicle_type]


@dataclass(frozen=True, slots=True)
class Traffic:
    """What drives up: the rate in cars a minute, stays in seconds from `shortest_stay` to `longest_stay`."""

    seed: int = 1
    per_minute: float = 6.0
    shortest_stay: float = 20.0
    longest_stay: float = 90.0
    backing_out: float = 0.0
    """Share of the drivers who change their mind at the entry, 0 to 1."""

    def car(self, number: int) -> Car:
        """The car with this number, always the same one for the same seed."""
        dice = random.Random(f"car {self.seed} {number}")
        kind = dice.choices(list(_HOW_MANY), list(_HOW_MANY.values()))[0]
        colour = dice.choice(COLOURS)
        stay = dice.uniform(self.shortest_stay, self.longest_stay)
        changes_mind = dice.random() < self.backing_out
        after = dice.uniform(0.3, 5.0)
        plate = number_plate(self.seed, number)
        return Car(number, plate, kind, colour, stay, after if changes_mind else None)

    def gap_before(self, number: int) -> float:
        """Seconds between this car and the one before it; arrivals are independent of each other."""
        return random.Random(f"gap {self.seed} {number}").expovariate(self.per_minute / 60)

    def choice(self, number: int, purpose: str, options: int) -> int:
        """Which of so many lanes this car takes."""
        return random.Random(f"{purpose} {self.seed} {number}").randrange(options)
