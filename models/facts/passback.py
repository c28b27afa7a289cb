"""Facts about permits that weren't where they had to be, and about forgetting where they were."""

from __future__ import annotations

from models.facts.base import Fact
from models.ids import LaneName, VehicleId
from models.instants import Instant
from models.passback import Passback
from models.tickets import Direction


class PassbackNoted(Fact, type="passback.noted", version=1):
    """A permit was let in though it was inside already, or let out though it wasn't."""

    note: str
    vehicle: VehicleId
    lane: LaneName
    direction: Direction
    mode: Passback
    at: Instant


class PassbackReset(Fact, type="passback.reset", version=1):
    """Nobody knows whether the vehicle (None: any vehicle of the lot) is inside: its next passage isn't checked."""

    vehicle: VehicleId | None
    by: str | None
    reason: str
    at: Instant
