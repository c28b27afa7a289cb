"""Facts about vehicles that weren't let through, and those of which somebody has to know."""

from __future__ import annotations

from models.facts.base import Fact
from models.ids import LaneName, TicketId
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


class VehicleAlerted(Fact, type="vehicle.alerted", version=1):
    """A vehicle was let in of which an operator wants to know at once: the list of barred vehicles says why.

    `entry` names it on that list. Its plate is the ticket's.
    """

    alert: str
    ticket: TicketId
    lane: LaneName
    entry: str
    reason: str
    at: Instant
