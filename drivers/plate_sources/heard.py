"""What a camera that reads plates itself says: a plate, a vehicle that comes or goes, a picture, its clock."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from models.instants import Instant
from models.spots import VehicleType

LONGEST_TEXT = 32
LONGEST_EVENT = 128
LARGEST_PICTURE = 2 * 1024 * 1024


class Bearing(StrEnum):
    """Which way a vehicle drives, as the camera sees it."""

    APPROACHES = "approaches"
    LEAVES = "leaves"


@dataclass(frozen=True, slots=True)
class HeardPlate:
    """One statement of the device about one vehicle. `event` is the device's own id of it: what it says again under
    that id is about the same vehicle, and replaces what it said before. Empty where it gives none.

    `text` is as the device wrote it, and may be no plate at all. `confidence` 0 to 1, None where it doesn't say;
    `confidences`: one a character, where it says. `taken` is by the device's own clock, which nobody believes.
    """

    event: str
    text: str
    confidence: float | None = None
    confidences: tuple[float, ...] = ()
    vehicle_type: VehicleType | None = None
    bearing: Bearing | None = None
    taken: Instant | None = None
    picture: bytes | None = None
    """A JPEG"""


@dataclass(frozen=True, slots=True)
class HeardVehicle:
    """A vehicle has come where it counts, or isn't there any more. Only of devices that tell both."""

    event: str
    here: bool
    vehicle_type: VehicleType | None = None


@dataclass(frozen=True, slots=True)
class HeardPicture:
    """A picture that belongs to a plate that was said before. A JPEG."""

    event: str
    picture: bytes


@dataclass(frozen=True, slots=True)
class HeardClock:
    """A sign of life with the device's own time in it."""

    taken: Instant


Heard = HeardPlate | HeardVehicle | HeardPicture | HeardClock


def is_jpeg(content: bytes) -> bool:
    """Whether this is the beginning and the size of a picture that is worth keeping."""
    return content.startswith(b"\xff\xd8\xff") and len(content) <= LARGEST_PICTURE


def share(value: float, whole: float) -> float | None:
    """A confidence as 0 to 1; None for what can't be one."""
    try:
        part = value / whole
    except OverflowError:  # A number with hundreds of digits.
        return None
    return part if 0 <= part <= 1 else None
