"""Spots and the vehicles that fit them."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class SpotType(StrEnum):
    MOTORCYCLE = "MOTORCYCLE"
    COMPACT = "COMPACT"
    REGULAR = "REGULAR"
    LARGE = "LARGE"
    HANDICAP = "HANDICAP"
    EV = "EV"


class SpotStatus(StrEnum):
    AVAILABLE = "AVAILABLE"
    OCCUPIED = "OCCUPIED"
    RESERVED = "RESERVED"
    MAINTENANCE = "MAINTENANCE"


class Blocked(StrEnum):
    """Why nobody is led to a spot, whether or not a ticket's vehicle stands on it."""

    MAINTENANCE = "maintenance"
    """A person has taken it out of service; a vehicle that stands there may stay"""
    UNKNOWN_VEHICLE = "unknown_vehicle"
    """A vehicle stands on it that no ticket is known to belong to"""


class VehicleType(StrEnum):
    MOTORCYCLE = "MOTORCYCLE"
    COMPACT = "COMPACT"
    REGULAR = "REGULAR"
    LARGE = "LARGE"


class Right(StrEnum):
    """What lets a vehicle use a kept-back spot: a disabled badge, or being electric."""

    HANDICAP = "HANDICAP"
    EV = "EV"


# From the tightest spot to the widest: a small vehicle leaves the large spots to those who need them.
_FITS: dict[VehicleType, tuple[SpotType, ...]] = {
    VehicleType.MOTORCYCLE: (SpotType.MOTORCYCLE, SpotType.COMPACT, SpotType.REGULAR, SpotType.LARGE),
    VehicleType.COMPACT: (SpotType.COMPACT, SpotType.REGULAR, SpotType.LARGE),
    VehicleType.REGULAR: (SpotType.REGULAR, SpotType.LARGE),
    VehicleType.LARGE: (SpotType.LARGE,),
}


def compatible(vehicle: VehicleType, rights: Iterable[Right] = ()) -> tuple[SpotType, ...]:
    """The spot types that this vehicle may take, the best choice first.

    A right puts its own spots first: whoever may use a disabled or a charging spot is led to one. Such
    spots are taken to be of regular width, so a LARGE vehicle gets none of them by right.
    """
    held = set(rights)
    if not held:
        return _FITS[vehicle]
    by_right = tuple(SpotType(right) for right in Right if right in held)
    return (() if vehicle is VehicleType.LARGE else by_right) + _FITS[vehicle]


def rights_to(spot_type: SpotType) -> tuple[Right, ...]:
    """The right that a spot of this type takes: whoever has reserved one has it there."""
    return tuple(right for right in Right if right.value == spot_type.value)
