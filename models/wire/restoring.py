"""What a lot whose store is new is told of itself: who is inside, what was paid and is owed, how its lanes were set,
what its books come to."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from models.facts.digests import BEFORE_ALL
from models.facts.restoring import RestoredEntry, RestoredPayment
from models.facts.tickets import EnteredBy, Match
from models.ids import LaneName, LotId, PaymentId, PermitId, ReservationId, StreamId, TicketId, VehicleId
from models.instants import Instant
from models.lanes import HoldCause, LaneState
from models.ledger.posting import Kind
from models.money import Minor
from models.spots import Blocked, SpotType, VehicleType
from models.tickets import NONE_GIVEN, ReservationStatus, TicketStatus
from models.valet.machine import ValetState
from models.wire.bounds import HASH, ID
from models.wire.envelopes import Malformed

MOST_PARTS = 10_000


class RestoreAsked(BaseModel):
    """The lot's store is new. `request` comes back in the answer: one to somebody else's question is no answer."""

    model_config = ConfigDict(frozen=True)

    v: Literal[1] = 1
    lot: Annotated[LotId, ID]
    request: Annotated[str, HASH]


class RestorePart(BaseModel):
    """Part `number` of `parts` of one answer; `checksum` is over all its bodies and tells answers apart."""

    model_config = ConfigDict(frozen=True)

    v: Literal[1] = 1
    lot: LotId
    request: str
    number: int = Field(ge=0, lt=MOST_PARTS)
    parts: int = Field(ge=1, le=MOST_PARTS)
    checksum: str
    body: str


class KnownRefund(BaseModel):
    """A refund that was promised: its provider is asked under the same id as before."""

    model_config = ConfigDict(frozen=True)

    refund: str
    payment: PaymentId
    provider: str
    amount: Minor
    currency: str
    by: str
    reason: str
    at: Instant


class KnownKey(BaseModel):
    """A vehicle that attendants have, and where its key hangs."""

    model_config = ConfigDict(frozen=True)

    tag: str
    state: ValetState
    taken_by: str
    taken_at: Instant
    floor: int | None
    spot_number: str | None
    place: str | None
    parked_at: Instant | None
    called_at: Instant | None
    fetching_by: str | None
    ready_at: Instant | None


class KnownStay(BaseModel):
    """A stay as the cloud knows it. Its spot is named by floor and number: the ids may be others now."""

    model_config = ConfigDict(frozen=True)

    ticket: TicketId
    code: str
    vehicle: VehicleId
    license_plate: str | None
    vehicle_type: VehicleType
    entry_lane: LaneName
    floor: int | None
    spot_number: str | None
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
    serial: int | None = None
    by: EnteredBy = "plate"
    permit: PermitId | None = None
    account: str | None = None
    reservation: ReservationId | None = None
    lost: bool = False
    entry_known: bool = True
    picture: str | None = None
    exit_match: Match | None = None
    exit_picture: str | None = None
    validations: str = NONE_GIVEN
    payments: tuple[RestoredPayment, ...] = ()
    entries: tuple[RestoredEntry, ...] = ()
    refunds: tuple[KnownRefund, ...] = ()
    key: KnownKey | None = None


class KnownLane(BaseModel):
    """What a lane was told last."""

    model_config = ConfigDict(frozen=True)

    name: LaneName
    state: LaneState
    hold: HoldCause | None


class KnownReservation(BaseModel):
    """A reservation that is no longer waited for: whoever shows its code isn't let in on it, or has been."""

    model_config = ConfigDict(frozen=True)

    reservation: ReservationId
    spot_type: SpotType
    start_time: Instant
    end_time: Instant
    status: ReservationStatus


class KnownQuota(BaseModel):
    """What the lot said last of the places that it keeps back."""

    model_config = ConfigDict(frozen=True)

    spot_type: SpotType
    asked: int
    kept: int
    revision: int
    kept_at: Instant


class KnownSpot(BaseModel):
    """A spot to which nobody is led."""

    model_config = ConfigDict(frozen=True)

    floor: int
    spot_number: str
    blocked: Blocked


class KnownEntries(BaseModel):
    """How often a permit has let somebody in, those inside included."""

    model_config = ConfigDict(frozen=True)

    permit: PermitId
    entries: int


class KnownTotal(BaseModel):
    """What a kind of posting came to in one account, on a business day; what days came to that are closed stands under
    the last of them."""

    model_config = ConfigDict(frozen=True)

    day: int
    kind: Kind
    account: str
    currency: str
    amount: Minor
    lines: int


class KnownBooks(BaseModel):
    """The last number of what a lot counts without gaps, and what its books come to."""

    model_config = ConfigDict(frozen=True)

    days_closed: int
    shifts_closed: int
    receipts: int
    tickets: int
    totals: tuple[KnownTotal, ...] = ()


class Told(BaseModel):
    """The fact of the lot's ledger up to which the cloud had applied what it heard."""

    model_config = ConfigDict(frozen=True)

    stream_id: StreamId
    seq: int


class Known(BaseModel):
    """The body of a part. `applied`: how many facts of the lot the cloud had ever applied; 0: the lot is new too.
    `newest`: the last id, in time, that a row of what happened there bears."""

    model_config = ConfigDict(frozen=True)

    applied: int = 0
    newest: str = Field(default=BEFORE_ALL, pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}$")
    stays: tuple[KnownStay, ...] = ()
    lanes: tuple[KnownLane, ...] = ()
    reservations: tuple[KnownReservation, ...] = ()
    quotas: tuple[KnownQuota, ...] = ()
    told: Told | None = None
    books: KnownBooks | None = None
    spots: tuple[KnownSpot, ...] = ()
    entries: tuple[KnownEntries, ...] = ()


_KNOWN = TypeAdapter(Known)


def read_known(body: str) -> Known:
    """Raises Malformed, without what stands in it."""
    try:
        return _KNOWN.validate_json(body)
    except ValidationError as wrong:
        raise Malformed(f"not what is known of a lot: {wrong.error_count()} fields are wrong") from None
