"""What is chosen among, and for whom: bays of spots that are alike, and a vehicle that seeks one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

from models.ids import LaneName, LevelId
from models.spots import Right, SpotType, VehicleType

WITHIN = "/"
"""Stands between a zone and the one inside it: `Staff/Directors`."""


@dataclass(frozen=True, slots=True)
class Bay:
    """Spots of one type in one zone of one level: to a vehicle that seeks one they are alike.

    `names` are the level's name and those of the zones, the outermost first. `total` counts those in service, `free`
    those to which a vehicle can be led.
    """

    level: LevelId
    names: tuple[str, ...]
    zone: str
    type: SpotType
    total: int
    free: int


@dataclass(frozen=True, slots=True)
class Seeker:
    """A vehicle that seeks a spot, and by what right. `zones`: it is bound to them; empty: to none. `reserved`: a
    place of this type is kept for it."""

    vehicle: VehicleType
    lane: LaneName
    rights: frozenset[Right] = frozenset()
    zones: frozenset[str] = frozenset()
    reserved: SpotType | None = None


@lru_cache(maxsize=4096)
def names_of(level: str, zone: str) -> tuple[str, ...]:
    """`names_of("Ground", "Staff/Directors")` is Ground, Staff, Staff/Directors."""
    if not zone:
        return (level,)
    return (level, *accumulate(zone.split(WITHIN), lambda outer, inner: outer + WITHIN + inner))
