"""What kind of vehicle it is, when several say so: whose word is taken. Pure.

The order, and why: a light beam across the lane measures, and nobody talks it out of it. A permit is the operator's own
word on exactly this plate. A classifier is a device made to tell: who has reserved a smaller place than their vehicle
needs is led to one that it fits. A reservation names the place that is kept and paid for, and goes over a camera's
class, a guess that confuses vans with cars. A driver at the kiosk may gain by naming a smaller vehicle than it is (the
price, the last spot of a kind), so such a word counts only where no device says more; one that names a larger vehicle
than the devices do gains nothing, and goes over them. Last comes what the lane takes everybody for.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from models.spots import SpotType, VehicleType


class TypeSource(StrEnum):
    """Who says what kind of vehicle it is, the most trusted first."""

    HEIGHT = "height"
    PERMIT = "permit"
    CLASSIFIER = "classifier"
    RESERVATION = "reservation"
    CAMERA = "camera"
    DRIVER = "driver"
    LANE = "lane"


_SIZES = tuple(VehicleType)
"""From the smallest to the largest"""
_GUESSES = frozenset((TypeSource.CLASSIFIER, TypeSource.CAMERA))
"""Devices that may be wrong: a driver who names a larger vehicle is believed over them"""
_OF_SPOTS = {
    SpotType.MOTORCYCLE: VehicleType.MOTORCYCLE,
    SpotType.COMPACT: VehicleType.COMPACT,
    SpotType.REGULAR: VehicleType.REGULAR,
    SpotType.LARGE: VehicleType.LARGE,
}


@dataclass(frozen=True, slots=True)
class Sensed:
    """What the lane's devices say of the vehicle that stands there; None: nothing."""

    height: VehicleType | None = None
    classifier: VehicleType | None = None
    camera: VehicleType | None = None


NOTHING_SENSED = Sensed()


@dataclass(frozen=True, slots=True)
class TypeEvidence:
    """All that is said of one vehicle. `lane`: what the lane takes everybody for."""

    lane: VehicleType
    sensed: Sensed = NOTHING_SENSED
    permit: VehicleType | None = None
    reservation: VehicleType | None = None
    driver: VehicleType | None = None


def most_trusted(said: TypeEvidence) -> tuple[VehicleType, TypeSource]:
    """What kind it is taken for, and by whose word."""
    in_order = (
        (TypeSource.HEIGHT, said.sensed.height),
        (TypeSource.PERMIT, said.permit),
        (TypeSource.CLASSIFIER, said.sensed.classifier),
        (TypeSource.RESERVATION, said.reservation),
        (TypeSource.CAMERA, said.sensed.camera),
        (TypeSource.DRIVER, said.driver),
    )
    for source, kind in in_order:
        if kind is None or (source in _GUESSES and _is_larger(said.driver, kind)):
            continue
        return kind, source
    return said.lane, TypeSource.LANE


def of_reserved(spot: SpotType) -> VehicleType | None:
    """The vehicle that a reserved place is for; None: a charging or a disabled bay says nothing of it."""
    return _OF_SPOTS.get(spot)


def _is_larger(kind: VehicleType | None, than: VehicleType) -> bool:
    return kind is not None and _SIZES.index(kind) > _SIZES.index(than)
