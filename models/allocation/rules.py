"""By what a lot chooses spots: what counts first, what decides among equals, and who is kept out of where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from models.ids import LaneName
from models.spots import VehicleType


class Criterion(StrEnum):
    """One thing by which a spot can be the better one."""

    EXACT_TYPE = "exact_type"
    """The tightest that fits: larger spots are saved for those who need them"""
    NEAREST = "nearest"
    """The shortest way from the entrance where the vehicle stands"""
    SPREAD = "spread"
    """The level of which the smallest share is taken"""
    ZONES = "zones"
    """The order of a list of zones and levels"""


class WhenZoneFull(StrEnum):
    """What becomes of a permit that is bound to zones that are full."""

    REFUSE = "refuse"
    ELSEWHERE = "elsewhere"
    """It may park where everybody may"""


@dataclass(frozen=True, slots=True)
class Rule:
    """What counts first, then what decides among equals, and so on; what is still equal goes by the order in which the
    spots are written. `zones` is the list for `Criterion.ZONES`, the first choice first."""

    prefer: tuple[Criterion, ...] = (Criterion.EXACT_TYPE,)
    zones: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """How one lot leads vehicles to spots. `nearest`: levels and zones by their way from each entrance, the shortest
    first. `reserved`: zones and levels in which only permits park that name them."""

    rule: Rule = Rule()
    by_vehicle: Mapping[VehicleType, Rule] = field(default_factory=dict[VehicleType, Rule])
    nearest: Mapping[LaneName, tuple[str, ...]] = field(default_factory=dict[LaneName, tuple[str, ...]])
    reserved: frozenset[str] = frozenset()
    when_zone_full: WhenZoneFull = WhenZoneFull.REFUSE

    def rule_for(self, vehicle: VehicleType) -> Rule:
        return self.by_vehicle.get(vehicle, self.rule)


AS_WRITTEN = Plan()
"""The tightest spot that fits, in the order in which spots are written: where a lot says nothing else."""
