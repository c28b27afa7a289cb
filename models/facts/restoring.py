"""Facts of a lot whose store was new: what it took over from the cloud."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from models.facts.base import Fact
from models.facts.tickets import EnteredBy, Match
from models.ids import LaneName, PaymentId, PermitId, ReservationId, SpotId, TicketId, VehicleId
from models.instants import Instant
from models.money import Minor
from models.spots import VehicleType
from models.tickets import NONE_GIVEN, PaymentStatus, TicketStatus


class RestoredPayment(BaseModel):
    """Money that was taken or is owed, from before."""

    model_config = ConfigDict(frozen=True)

    payment: PaymentId
    lane: LaneName
    amount: Minor
    currency: str
    method: str
    reference: str
    status: PaymentStatus
    at: Instant
    provider: str | None = None
    charge: PaymentId | None = None


class RestoredEntry(BaseModel):
    """A line of the lot's books, from before."""

    model_config = ConfigDict(frozen=True)

    entry: str
    posting: str
    kind: str
    account: str
    amount: Minor
    currency: str
    payment: PaymentId | None
    reverses: str | None
    day: int
    by: str | None
    reason: str | None
    at: Instant


class TicketRestoredV1(Fact, type="ticket.restored", version=1, personal=("license_plate",)):
    """The same as version 2, from when a ticket said neither its number nor by what right its vehicle is inside. No
    longer written."""

    ticket: TicketId
    code: str
    vehicle: VehicleId
    license_plate: str | None
    vehicle_type: VehicleType
    entry_lane: LaneName
    spot: SpotId | None
    entered: Instant
    status: TicketStatus
    exit_lane: LaneName | None
    exit_time: Instant | None
    settled_at: Instant | None
    amount_due: Minor | None
    amount_paid: Minor
    currency: str
    tariff: str
    fee_bounded: bool
    refund_owed: Minor
    payments: tuple[RestoredPayment, ...]
    at: Instant


class TicketRestoredV2(TicketRestoredV1, type="ticket.restored", version=2, personal=("license_plate",)):
    """The same as version 3, from when a ticket said nothing of its exit. No longer written."""

    serial: int | None = None
    by: EnteredBy = "plate"
    permit: PermitId | None = None
    account: str | None = None
    reservation: ReservationId | None = None
    lost: bool = False
    entry_known: bool = True
    picture: str | None = None
    entries: tuple[RestoredEntry, ...] = ()
    validations: str = NONE_GIVEN


class TicketRestored(TicketRestoredV2, type="ticket.restored", version=3, personal=("license_plate",)):
    """A stay that began before this lot's store did: as the cloud last knew it, but for what the lot knows better now.
    `tariff` is its text, as it was pinned; `exit_match` and `exit_picture` are of the exit."""

    exit_match: Match | None = None
    exit_picture: str | None = None


class LotRestored(Fact, type="lot.restored", version=1):
    """The lot's store was new (`why`), and the cloud has told it what it knew. `applied`: facts that the cloud had of
    this lot then. `left_out`: stays that couldn't be taken over, for something that the lot has rules them out: another
    stay under the same code, as a rule."""

    request: str
    why: str
    applied: int
    stays: int
    left_out: tuple[TicketId, ...]
    at: Instant
