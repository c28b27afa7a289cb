"""What can happen to a car or an arm, as values: the ground truth that a world hands out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from drivers.contract import Position
from models.ids import LaneName
from simulator.cars import Car
from simulator.lanes import How
from simulator.troubles import Trouble


class What(StrEnum):
    """The names stand in the witness file."""

    ARRIVED = "arrived"
    AT_LOOP = "at_loop"
    VENDED = "vended"
    VEND_REPEATED = "vend_repeated"
    ARM = "arm"
    TOLD = "told"
    """The arm was told to stay up, no longer to, or to close"""
    UNDER_ARM = "under_arm"
    PASSED = "passed"
    ENTERED = "entered"
    CAME_TO_EXIT = "came_to_exit"
    LEFT = "left"
    BACKED_OUT = "backed_out"
    GAVE_UP = "gave_up"
    """It lost its patience: no vend came."""
    CRUSHED = "crushed"
    """The arm came down on it."""
    WENT_WRONG = "went_wrong"
    """Something of the lane's hardware is out of order from now on."""
    MENDED = "mended"


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened, `at` seconds after the world began."""

    what: What
    at: float
    lane: LaneName
    car: Car | None = None
    vend: str | None = None
    on_loop: bool | None = None
    """For a vend: whether a car stood on the arming loop; for a car that passed: whether the next one did already."""
    position: Position | None = None
    """For an arm: where it is now."""
    waited: float = 0.0
    how: How | None = None
    """For a car under the arm: on whose leave."""
    far: bool = False
    """For a car: whether it came from the lane's far side."""
    trouble: Trouble | None = None
    order: str | None = None
    """For an arm that was told: `hold`, `release` or `lower`."""
