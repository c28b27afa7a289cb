"""How a lot leads vehicles to spots, as a technician writes it."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from drivers.values import Seconds
from edge.parking.places.sensing import Patience
from models.allocation import Criterion, Plan, Rule, WhenZoneFull
from models.documents.section import Section
from models.ids import LaneName
from models.spots import VehicleType

Preferences = Annotated[tuple[Criterion, ...], Field(min_length=1)]
Names = tuple[str, ...]


def _once(names: tuple[str, ...], key: str) -> None:
    again = sorted({str(name) for name in names if names.count(name) > 1})
    if again:
        raise ValueError(f"{', '.join(again)}: stands more than once in `{key}`")


class _RuleSettings(Section):
    prefer: Preferences = (Criterion.EXACT_TYPE,)
    """What counts first, then what decides among equals: `exact_type` saves larger spots, `nearest` takes the shortest
    way from the entrance, `spread` the level of which the smallest share is taken, `zones` the order of the list"""
    zones: Names = ()
    """For `zones`: levels and zones, the first choice first; the others come after them"""

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        _once(self.prefer, "prefer")
        _once(self.zones, "zones")
        if Criterion.ZONES in self.prefer and not self.zones:
            raise ValueError("`prefer` names `zones`: a list `zones` is expected, the first choice first")
        if self.zones and Criterion.ZONES not in self.prefer:
            raise ValueError("the list `zones` counts only where `prefer` names `zones`")
        return self

    def rule(self) -> Rule:
        return Rule(self.prefer, self.zones)


class EntranceSettings(Section):
    """What lies near one way in."""

    lane: LaneName
    """The entry's name"""
    nearest: Annotated[Names, Field(min_length=1)]
    """Levels and zones by the way from there, the shortest first; those left out come last"""


class VehicleAllocation(_RuleSettings):
    """Another rule for one kind of vehicle."""

    type: VehicleType
    """MOTORCYCLE, COMPACT, REGULAR or LARGE"""


class SpotSensing(Section):
    """How far the spots' sensors are believed."""

    settle: Annotated[Seconds, Field(ge=1, le=3600)] = 30.0
    """What a sensor says counts once it has said so for this long"""
    empty: Annotated[Seconds, Field(ge=60, le=86400)] = 900.0
    """A spot that is taken on record and that its sensor calls free for this long is reported"""

    def patience(self) -> Patience:
        return Patience(self.settle, self.empty)


class AllocationSettings(_RuleSettings):
    """How vehicles are led to spots."""

    entrances: tuple[EntranceSettings, ...] = ()
    """For `nearest`: what lies near each entry"""
    vehicles: tuple[VehicleAllocation, ...] = ()
    """Another rule for single kinds of vehicles"""
    reserved: Names = ()
    """Levels and zones in which only permits park that name them"""
    zone_full: WhenZoneFull = WhenZoneFull.REFUSE
    """A permit whose zones are full is refused (`refuse`), or parks where everybody may (`elsewhere`)"""
    sensing: SpotSensing = Field(default_factory=SpotSensing)
    """How far the spots' sensors are believed"""

    def plan(self) -> Plan:
        """As the parking service goes by it."""
        return Plan(
            rule=self.rule(),
            by_vehicle={vehicle.type: vehicle.rule() for vehicle in self.vehicles},
            nearest={entrance.lane: entrance.nearest for entrance in self.entrances},
            reserved=frozenset(self.reserved),
            when_zone_full=self.zone_full,
        )
