"""Facts about vehicles that weren't let through."""

from __future__ import annotations

from models.facts.base import Fact
from models.ids import LaneName
from models.instants import Instant
from models.tickets import Direction


class AccessRefused(Fact, type="access.refused", version=1, personal=("license_plate",)):
    """A vehicle was refused; `reason` is the name of a `models.refusals.Refusal`, `refusal` this occurrence."""

    refusal: str
    lane: LaneName
    direction: Direction
    reason: str
    at: Instant
    license_plate: str | None
