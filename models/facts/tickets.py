"""Facts about stays, in the order in which a vehicle causes them."""

from __future__ import annotations

from typing import Literal

from models.facts.base import Fact
from models.ids import LaneName, PermitId, ReservationId, SpotId, TicketId, VehicleId
from models.instants import Instant
from models.money import Minor
from models.spots import VehicleType
from models.tariff import Tariff

MatchV2 = Literal["exact", "code", "card", "by_hand"]
Match = Literal["exact", "code", "card", "by_hand", "alike"]
"""How the stay of a vehicle at an exit was found: `alike`, by a plate that only looks like the one that was read."""
EnteredBy = Literal["plate", "button", "code", "card", "permit", "reservation", "valet", "by_hand", "policy"]
"""What a vehicle came in on: its plate alone, a pressed button, a code or card that stands for it, the permit of its
plate, a reservation, an attendant, a person's word, a lane that lets everybody in."""


class VehicleRegisteredV1(Fact, type="vehicle.registered", version=1, personal=("license_plate",)):
    """A plate was met at this lot for the first time. No longer written."""

    vehicle: VehicleId
    vehicle_type: VehicleType
    license_plate: str


class VehicleRegistered(Fact, type="vehicle.registered", version=2, personal=("license_plate",)):
    """A vehicle was met at this lot for the first time; None: its plate couldn't be read."""

    vehicle: VehicleId
    vehicle_type: VehicleType
    license_plate: str | None


class TicketOpenedV1(Fact, type="ticket.opened", version=1):
    """The same as version 2, from when a ticket said neither its number nor by what its vehicle came in. No longer
    written."""

    ticket: TicketId
    code: str
    vehicle: VehicleId
    vehicle_type: VehicleType
    lane: LaneName
    spot: SpotId | None
    entered: Instant
    tariff: Tariff
    confidence_permille: int


class TicketOpened(TicketOpenedV1, type="ticket.opened", version=2):
    """A vehicle was admitted: written before the arm was told to rise. The spot, if any, is taken from here on.

    `serial` counts the lot's tickets (None: made before they were counted), `by` is what the vehicle came in on.
    `permit`, `account` and `reservation` say by what right, where it isn't a transient's.
    """

    serial: int | None = None
    by: EnteredBy = "plate"
    permit: PermitId | None = None
    account: str | None = None
    reservation: ReservationId | None = None


class TicketConfirmed(Fact, type="ticket.confirmed", version=1):
    """The vehicle passed the closing loop of the entry: it is inside."""

    ticket: TicketId
    lane: LaneName
    passed: Instant


class TicketVoided(Fact, type="ticket.voided", version=1):
    """There was no stay; the spot is free again.

    `back_out`: the vehicle left the arming loop without passing. `vend_failed`: the arm was never told to
    rise. `seen_outside`: nobody saw the vehicle pass, and now it stands before an entry again.
    """

    ticket: TicketId
    lane: LaneName
    at: Instant
    reason: Literal["back_out", "vend_failed", "seen_outside"]


class TicketUnresolved(Fact, type="ticket.unresolved", version=1):
    """The daemon wasn't watching when the vehicle may have passed; the spot stays taken until it is settled."""

    ticket: TicketId
    at: Instant
    during: Literal["entry", "exit"]


class ExitAllowedV1(Fact, type="exit.allowed", version=1):
    """The same as version 2, from when only plates led to a stay. No longer written."""

    ticket: TicketId
    lane: LaneName
    at: Instant
    settled_until: Instant
    amount_due: Minor
    amount_paid: Minor
    started_hours: int
    match: Literal["exact"]


class ExitAllowedV2(Fact, type="exit.allowed", version=2):
    """The same as version 3, from when no stay was found by a plate that only looks like its own. No longer written."""

    ticket: TicketId
    lane: LaneName
    at: Instant
    settled_until: Instant
    amount_due: Minor
    amount_paid: Minor
    started_hours: int
    match: MatchV2


class ExitAllowed(Fact, type="exit.allowed", version=3):
    """The fee up to `settled_until` is paid or a debt on record: written before the exit's arm was told to rise.

    `match` is what led to the stay: exactly its plate, the code of its ticket, its permit's card, a plate that looks
    like it; or a person let it out, whatever it showed. `confirmed`: of one that looks like it, the driver said so.
    """

    ticket: TicketId
    lane: LaneName
    at: Instant
    settled_until: Instant
    amount_due: Minor
    amount_paid: Minor
    started_hours: int
    match: Match
    confirmed: bool = False


class PlateDiffered(Fact, type="plate.differed", version=1, personal=("license_plate",)):
    """A vehicle was let out on a ticket or card that isn't of the plate read there: swapped, or one of them misread."""

    ticket: TicketId
    lane: LaneName
    at: Instant
    license_plate: str


class ExitPictured(Fact, type="exit.pictured", version=1):
    """The camera of the exit took this picture of the vehicle that left with the ticket; it lies at the lot under its
    hash until it is old."""

    ticket: TicketId
    lane: LaneName
    picture: str
    at: Instant


class ExitAbandoned(Fact, type="exit.abandoned", version=1):
    """The vehicle was let out but backed away; it is still inside."""

    ticket: TicketId
    lane: LaneName
    at: Instant


class TicketClosed(Fact, type="ticket.closed", version=1):
    """The vehicle passed the exit; its spot is free."""

    ticket: TicketId
    lane: LaneName
    exited: Instant
    amount_due: Minor
    amount_paid: Minor
