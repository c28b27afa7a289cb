"""Facts about how a lot is laid out: written by the technician's YAML, told to the cloud."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from models.facts.base import Fact
from models.ids import LaneName, LevelId, SpotId
from models.spots import SpotType
from models.tickets import Direction


class DeclaredLane(BaseModel):
    model_config = ConfigDict(frozen=True)

    name: LaneName
    direction: Direction


class LotDeclared(Fact, type="lot.declared", version=1):
    """The lot as its configuration describes it; latitude and longitude in millionths of a degree."""

    name: str
    address: str
    timezone: str
    currency: str
    total_spots: int
    lat_microdegrees: int | None
    lng_microdegrees: int | None
    lanes: tuple[DeclaredLane, ...]


class DeclaredSpotV1(BaseModel):
    model_config = ConfigDict(frozen=True)

    id: SpotId
    number: str
    type: SpotType


class DeclaredSpot(DeclaredSpotV1):
    """`zone`: the zone in which it lies, with those around it, such as `Staff/Directors`; empty: in none."""

    zone: str = ""


class LevelDeclaredV1(Fact, type="level.declared", version=1):
    """The same as version 2, from when there were no zones. No longer written."""

    level: LevelId
    floor_number: int
    name: str
    spots: tuple[DeclaredSpotV1, ...]


class LevelDeclared(Fact, type="level.declared", version=2):
    """A level and some of its spots; a large level takes several facts, each adding to the one before."""

    level: LevelId
    floor_number: int
    name: str
    spots: tuple[DeclaredSpot, ...]


class SpotsRemoved(Fact, type="spots.removed", version=1):
    """Spots that the configuration no longer has. Tickets that name them stay as they are."""

    spots: tuple[SpotId, ...]
