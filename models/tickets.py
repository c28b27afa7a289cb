"""The states of a stay."""

from __future__ import annotations

import json
from collections.abc import Iterable
from enum import StrEnum


class TicketStatus(StrEnum):
    ADMITTED = "ADMITTED"
    """Opened before the arm was told to rise; the vehicle hasn't been seen to pass."""
    ACTIVE = "ACTIVE"
    """The vehicle passed the entry: it is inside."""
    COMPLETED = "COMPLETED"
    """The vehicle passed the exit."""
    VOIDED = "VOIDED"
    """The vehicle backed out of the entry: there was no stay."""
    UNRESOLVED = "UNRESOLVED"
    """Nobody saw whether the vehicle passed; a person or its next passage settles it."""


OPEN = (TicketStatus.ADMITTED, TicketStatus.ACTIVE, TicketStatus.UNRESOLVED)
"""The states in which a vehicle may come to an exit with this ticket."""


NONE_GIVEN = "[]"


def listed(codes: Iterable[str]) -> str:
    """Codes of merchants as a ticket's column holds them."""
    return json.dumps(list(codes))


class Direction(StrEnum):
    ENTRY = "entry"
    EXIT = "exit"


class PaymentStatus(StrEnum):
    TAKEN = "TAKEN"
    UNCOLLECTED = "UNCOLLECTED"
    """Unable to collect: payment was down, the vehicle was let out, the sum is a debt on record."""
    WRITTEN_OFF = "WRITTEN_OFF"
    """A debt that nobody will be asked for any more"""


class ReservationStatus(StrEnum):
    HELD = "HELD"
    """In the cloud only: kept for somebody who is still paying, for some minutes. No lot hears of it."""
    BOOKED = "BOOKED"
    ARRIVED = "ARRIVED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"
