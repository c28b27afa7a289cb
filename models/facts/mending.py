"""Facts of what a person put right among tickets: two of one stay, one of two stays. Reversed only by another fact."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from models.facts.base import Fact
from models.ids import LaneName, PaymentId, PermitId, ReservationId, SpotId, TicketId, VehicleId
from models.instants import Instant
from models.money import Minor
from models.tickets import TicketStatus


class MovedPayment(BaseModel):
    """A payment or debt, the ticket for which it counted, and the one for which it counts from now on."""

    model_config = ConfigDict(frozen=True)

    payment: PaymentId
    was: TicketId
    ticket: TicketId


class MendedTicket(BaseModel):
    """A ticket as it stands from now on, in all that mending may change."""

    model_config = ConfigDict(frozen=True)

    ticket: TicketId
    vehicle: VehicleId
    spot: SpotId | None
    status: TicketStatus
    exit_time: Instant | None
    settled_at: Instant | None
    amount_due: Minor | None
    amount_paid: Minor
    permit: PermitId | None
    account: str | None
    reservation: ReservationId | None
    merged_into: TicketId | None


class Mended(BaseModel):
    """What all of them say. `ticket` and `other` stood as `before` says, and stand as `mended` says now, in the order
    in which that must be written; `freed` and `taken` are the spots whose state changes."""

    mending: str
    ticket: TicketId
    other: TicketId
    before: tuple[MendedTicket, ...]
    mended: tuple[MendedTicket, ...]
    moved: tuple[MovedPayment, ...]
    freed: SpotId | None
    taken: SpotId | None
    by: str
    reason: str
    at: Instant


class TicketsMerged(Mended, Fact, type="tickets.merged", version=1):
    """Two open tickets were of one stay: `ticket`, the earlier one, stands for it, and `other` is void. What was paid
    for either is paid for it."""


class TicketSplit(Mended, Fact, type="ticket.split", version=1):
    """One ticket was in truth of two stays: `ticket` ended when its vehicle left unseen, and `other`, which was opened
    in the same breath, is the stay that goes on."""


class MendingUndone(Mended, Fact, type="mending.undone", version=1):
    """A merge or split was wrong: both tickets stand as they did before it."""


class MatchUndone(Mended, Fact, type="match.undone", version=1):
    """`ticket` was ended at an exit by a vehicle whose plate only looked like its own: it goes on again, or ended as
    its own vehicle left. That exit is `other`'s: at `exit_lane`, with the `exit_picture` that was taken there."""

    exit_lane: LaneName
    exit_picture: str | None
