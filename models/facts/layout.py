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


class DeclaredSpot(BaseModel):
    model_config = ConfigDict(frozen=True)

    id: SpotId
    number: str
    type: SpotType


class LevelDeclared(Fact, type="level.declared", version=1):
    """A level and some of its spots; a large level takes several facts, each adding to the one before."""

    level: LevelId
    floor_number: int
    name: str
    spots: tuple[DeclaredSpot, ...]


class SpotsRemoved(Fact, type="spots.removed", version=1):
    """Spots that the configuration no longer has. Tickets that name them stay as they are."""

    spots: tuple[SpotId, ...]
