"""Plates that a camera goes on saying though no vehicle is on the loop: of one that is parked in its view. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from models.instants import SECOND, Monotonic
from models.plates import Plate
from models.plates.alike import NEIGHBOUR, apart

SLOW = 5 * SECOND
"""A driver who takes this much longer to the loop than cameras look ahead is asked: it may be a parked car's plate"""
STANDS = 60 * SECOND
"""One that is still said after so long, several times, is nobody's who comes"""
SILENT = 120 * SECOND
"""A plate that wasn't said for so long is scenery no more"""
_OFTEN = 3
_MOST = 64


class Doubt(Enum):
    """Whether what is said now may be about the vehicle that comes."""

    NONE = "none"
    ASK = "ask"
    SCENERY = "scenery"


@dataclass(frozen=True, slots=True)
class Noted:
    """`first`: when it was said first with nobody on the loop; `times`: how often since, with nobody there."""

    plate: Plate
    first: Monotonic
    last: Monotonic
    times: int


Scenery = tuple[Noted, ...]


def noted(known: Scenery, plate: Plate, at: Monotonic, *, nobody: bool | None) -> Scenery:
    """`nobody`: no vehicle is on the loop, and it isn't of the one that has just left. None: it isn't known whether one
    is on the loop; such a plate may be asked about."""
    fresh = tuple(each for each in known if at - each.last <= SILENT)
    old = next((each for each in fresh if each.plate == plate), None)
    if old is None:
        return fresh if nobody is False else (*fresh, Noted(plate, at, at, int(nobody is True)))[-_MOST:]
    said = replace(old, last=at, times=old.times + (nobody is True))
    return (*(each for each in fresh if each is not old), said)


def doubt(known: Scenery, plate: Plate, at: Monotonic, early: int) -> Doubt:
    """A neighbour of a parked car's plate may be a misread of it: its driver is asked."""
    for each in known:
        stands = each.times >= _OFTEN and at - each.first > STANDS
        if each.plate == plate and at - each.first > early + SLOW:
            return Doubt.SCENERY if stands else Doubt.ASK
        if stands and each.plate != plate and apart(each.plate, plate) <= NEIGHBOUR:
            return Doubt.ASK
    return Doubt.NONE
