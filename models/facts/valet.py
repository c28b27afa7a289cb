"""Facts of valet parking: who has the key, where the vehicle stands, who waits for theirs."""

from __future__ import annotations

from typing import Literal

from models.facts.base import Fact
from models.ids import SpotId, TicketId
from models.instants import Instant


class ValetTaken(Fact, type="valet.taken", version=1):
    """An attendant took a vehicle and its key over; the key hangs under this tag."""

    ticket: TicketId
    tag: str
    by: str
    at: Instant


class ValetParked(Fact, type="valet.parked", version=1):
    """The attendant left the vehicle there. `spot` where it is one of the lot's, else `place` says it in words."""

    ticket: TicketId
    spot: SpotId | None
    place: str
    by: str
    at: Instant


class ValetCalled(Fact, type="valet.called", version=1):
    """The driver wants the vehicle back. `against`: by the ticket that was shown, or on a person's word."""

    ticket: TicketId
    against: Literal["ticket", "word"]
    by: str
    at: Instant


class ValetCallEnded(Fact, type="valet.call_ended", version=1):
    """The driver doesn't want it now after all: the vehicle stays where it is."""

    ticket: TicketId
    by: str
    at: Instant


class ValetFetching(Fact, type="valet.fetching", version=1):
    """An attendant is on the way to the vehicle with its key."""

    ticket: TicketId
    by: str
    at: Instant


class ValetReady(Fact, type="valet.ready", version=1):
    """The vehicle stands ready for its driver."""

    ticket: TicketId
    by: str
    at: Instant


class ValetHandedBack(Fact, type="valet.handed_back", version=1):
    """The driver has vehicle and key. `against`: the ticket that was shown, or a person's word (`reason` says why)."""

    ticket: TicketId
    against: Literal["ticket", "word"]
    by: str
    reason: str
    at: Instant
