"""Facts about single spots: who stands there after all, and which are out of service."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from models.facts.base import Fact
from models.ids import LevelId, SpotId, TicketId
from models.instants import Instant
from models.spots import Blocked


class StayMoved(Fact, type="stay.moved", version=1):
    """A vehicle stands on another spot than its ticket said, or on none that is known (None).

    `sensor`: the sensors of both spots say so. `by_hand`: a person does (`by`). `count_reset`: a person has counted,
    and it can't be where it was thought to be; its stay goes on.
    """

    ticket: TicketId
    was: SpotId | None
    spot: SpotId | None
    why: Literal["sensor", "by_hand", "count_reset"]
    by: str | None
    at: Instant


class SpotTakenByUnknown(Fact, type="spot.taken_by_unknown", version=1):
    """A vehicle stands there that no ticket is known to belong to: nobody is led to that spot. `count_reset`: a person
    has counted more vehicles than tickets."""

    spot: SpotId
    why: Literal["sensor", "count_reset"]
    at: Instant


class UnknownVehicleGone(Fact, type="spot.unknown_gone", version=1):
    """The vehicle of which nobody knew has left that spot."""

    spot: SpotId
    why: Literal["sensor", "count_reset"]
    at: Instant


class SpotWithdrawn(Fact, type="spot.withdrawn", version=1):
    """A person took a spot out of service: nobody is led there. A vehicle that stands on it may stay."""

    spot: SpotId
    by: str
    reason: str
    at: Instant


class SpotReturned(Fact, type="spot.returned", version=1):
    """A person put a spot back into service."""

    spot: SpotId
    by: str
    reason: str
    at: Instant


class BlockedSpot(BaseModel):
    """A spot to which nobody is led, and why."""

    model_config = ConfigDict(frozen=True)

    spot: SpotId
    blocked: Blocked


class SpotsRestored(Fact, type="spots.restored", version=1):
    """The lot's store was new: the cloud has told it to which spots nobody was led before."""

    spots: tuple[BlockedSpot, ...]
    at: Instant


class CountReset(Fact, type="count.reset", version=1):
    """A person counted the vehicles on a level (None: in the whole lot), and said why.

    `known` is how many the lot took to be there before. What follows from the difference is told by facts of their own.
    """

    level: LevelId | None
    counted: int
    known: int
    by: str
    reason: str
    at: Instant
