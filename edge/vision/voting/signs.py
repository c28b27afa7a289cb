"""What a lane without an arming loop says of the vehicles in its picture, and how much it wants to see. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from edge.vision.voting.vote import Verdict


class Effort(Enum):
    """How often a lane wants its newest frame read."""

    NONE = 0
    GLANCE = 1
    SLOW = 2
    FULL = 3


@dataclass(frozen=True, slots=True)
class CameIntoView:
    vehicle: int


@dataclass(frozen=True, slots=True)
class Decided:
    vehicle: int
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Guessed:
    vehicle: int
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Left:
    vehicle: int


Sign = CameIntoView | Decided | Guessed | Left
