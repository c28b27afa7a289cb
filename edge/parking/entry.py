"""A vehicle comes: may it enter, and where does it park? Each function is one decision inside one transaction."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from edge.parking.access import passback
from edge.parking.access.coverage import covered
from edge.parking.access.entitlement import TRANSIENT, Entitlement
from edge.parking.access.passback import Ruling
from edge.parking.access.rates import pinned_for
from edge.parking.money import ledger
from edge.parking.money.debts import owes
from edge.parking.places.allocation import FreeSpot, place_for
from edge.parking.reservations import quota
from edge.parking.reservations.arriving import arrive, give_back
from edge.parking.stays import moments
from edge.parking.stays.moments import What
from edge.parking.stays.numbering import next_serial, unused_code
from edge.parking.stays.tickets import Ticket, WithoutStay, open_ticket
from edge.parking.stays.vehicles import known_vehicle, registered
from edge.parking.tariffs.pricing import priced
from edge.store import Transaction
from models.access.barred import Barred, refusal_of
from models.allocation import AS_WRITTEN, Plan
from models.facts import (
    EnteredBy,
    TicketClosed,
    TicketConfirmed,
    TicketOpened,
    TicketPictured,
    TicketUnresolved,
    TicketVoided,
    VehicleAlerted,
)
from models.ids import LaneName, TicketId, VehicleId
from models.instants import Instant
from models.lanes import LaneState
from models.plates import Plate
from models.refusals import Refusal
from models.spots import SpotType, VehicleType
from models.tariff import Tariff
from models.tickets import Direction, TicketStatus
from models.vehicle_types import TypeEvidence, most_trusted, of_reserved

_PERMITS_ONLY = {
    LaneState.FULL: Refusal.LOT_FULL,
    LaneState.CLOSED_TO_TRANSIENTS: Refusal.CLOSED_TO_TRANSIENTS,
}


@dataclass(frozen=True, slots=True)
class Arrival:
    """A vehicle at an entry, as far as the lane knows it. `plate` is None where it couldn't be read.

    `confidence` is 0..1, of the weakest character. `by_hand`: a person lets it in, whatever speaks against it.
    `barred`: what the list of barred vehicles says of it.
    """

    lane: LaneName
    plate: Plate | None
    confidence: float
    vehicle_type: VehicleType
    right: Entitlement = TRANSIENT
    state: LaneState = LaneState.OPEN
    by_hand: bool = False
    by: EnteredBy = "plate"
    barred: Barred | None = None
    debtors_refused: bool = False
    """Whether whoever was let out unpaid before has to pay first"""
    evidence: TypeEvidence | None = None
    """Of what kind its vehicle is said to be, and by whom; None: `vehicle_type` is all that is known"""

    def on(self, reserved: SpotType) -> Arrival:
        """The same, coming on a reservation for such a place."""
        if self.evidence is None:
            return self
        evidence = replace(self.evidence, reservation=of_reserved(reserved))
        return replace(self, evidence=evidence, vehicle_type=most_trusted(evidence)[0])

    @property
    def transients(self) -> bool:
        """Whether it is let in without any right."""
        return self.by_hand or self.state not in _PERMITS_ONLY

    @property
    def asked_for_debts(self) -> bool:
        return self.debtors_refused and not self.by_hand


@dataclass(frozen=True, slots=True)
class Admitted:
    """On record and about to be let in. No spot number: all were taken, and a person let it in. `dated`: the clock
    could be believed then. `serial` counts the lot's tickets; `reserved`: on a reservation."""

    ticket: TicketId
    code: str
    spot_number: str | None
    entered: Instant
    dated: bool
    reserved: bool = False
    serial: int = 0


def admit(
    tx: Transaction, arrival: Arrival, tariff: Tariff, plan: Plan = AS_WRITTEN
) -> Admitted | WithoutStay | Refusal:
    """Open a ticket and take a spot for the vehicle, or say why not.

    A refusal changes nothing, except that an old stay has ended of which nobody knew better: its vehicle stands
    outside. Whoever a person lets in though they are inside keeps the stay they have.
    """
    kept_out = _kept_out(arrival)
    if kept_out is not None:
        return kept_out
    known = None if arrival.plate is None else known_vehicle(tx.connection, arrival.plate)
    before = None if known is None or arrival.plate is None else open_ticket(tx.connection, arrival.plate)
    if before is not None:
        otherwise = _inside_already(tx, arrival, before)
        if otherwise is not None:
            return otherwise
        _settle_as_gone(tx, before, arrival.lane)
    if arrival.plate is not None and arrival.asked_for_debts and owes(tx.connection, arrival.plate):
        return Refusal.DEBTS_OPEN
    right = covered(tx, arrival.right, transients=arrival.transients, by_hand=arrival.by_hand)
    if isinstance(right, Refusal):
        return right
    spot = _place_for(tx, arrival, right, plan)
    if spot is None and not arrival.by_hand:
        return _full_for(right)
    vehicle = known or registered(tx, arrival.plate, arrival.vehicle_type)
    return _open(tx, replace(arrival, right=right), vehicle, spot, pinned_for(right.permit, tariff))


def _kept_out(arrival: Arrival) -> Refusal | None:
    """By the state of the lane, or the list of those who are barred, whatever else is known of the vehicle."""
    if arrival.state is LaneState.CLOSED and not arrival.by_hand:
        return Refusal.LANE_CLOSED
    barred = None if arrival.barred is None or arrival.by_hand else refusal_of(arrival.barred.action)
    if barred is None and arrival.right.transient and not arrival.transients:
        return _PERMITS_ONLY[arrival.state]
    return barred


def _open(tx: Transaction, arrival: Arrival, vehicle: VehicleId, spot: FreeSpot | None, tariff: Tariff) -> Admitted:
    """The ticket, and whatever goes on record with it."""
    permit, reserved = arrival.right.permit, arrival.right.reserved
    opened = TicketOpened(
        ticket=TicketId(tx.mint()),
        code=unused_code(tx),
        vehicle=vehicle,
        vehicle_type=arrival.vehicle_type,
        lane=arrival.lane,
        spot=spot.id if spot else None,
        entered=tx.at.wall,
        tariff=tariff,
        confidence_permille=round(arrival.confidence * 1000),
        serial=next_serial(tx),
        by="plate" if arrival.by == "permit" and permit is None else arrival.by,
        permit=permit and permit.id,
        account=permit and permit.account,
        reservation=reserved and reserved.reservation,
    )
    tx.record(opened)
    if reserved is not None:
        arrive(tx, reserved, opened.ticket, arrival.lane)
    if arrival.barred is not None:
        _alert(tx, opened, arrival.barred)
    moments.mark(tx, opened.ticket, What.ENTERED, moments.now(tx).moment)
    return Admitted(
        opened.ticket,
        opened.code,
        spot.number if spot else None,
        opened.entered,
        tx.at.synced,
        reserved=reserved is not None,
        serial=opened.serial or 0,
    )


def confirm(tx: Transaction, ticket: TicketId, lane: LaneName, picture: str | None = None) -> None:
    """The vehicle passed: it is inside. `picture`: the hash under which that of its entry lies."""
    tx.record(TicketConfirmed(ticket=ticket, lane=lane, passed=tx.at.wall))
    if picture is not None:
        tx.record(TicketPictured(ticket=ticket, lane=lane, picture=picture, at=tx.at.wall))


def withdraw(tx: Transaction, ticket: TicketId, lane: LaneName, reason: Literal["back_out", "vend_failed"]) -> None:
    """The vehicle didn't come in: the ticket is void and its spot free."""
    tx.record(TicketVoided(ticket=ticket, lane=lane, at=tx.at.wall, reason=reason))
    give_back(tx, ticket)


def _inside_already(tx: Transaction, arrival: Arrival, stay: Ticket) -> WithoutStay | Refusal | None:
    """What becomes of a vehicle whose stay is still open; None: that stay is over, it may have another."""
    if stay.status is TicketStatus.UNRESOLVED:
        return None
    if arrival.by_hand:
        return WithoutStay()
    permit = arrival.right.permit
    if permit is None:
        return Refusal.ALREADY_INSIDE
    if stay.half_way:
        # Another lane is at work on that stay: it must not end under its hands.
        return Refusal.PASSBACK
    mode, neutral = permit.passback, passback.is_neutral(tx.connection, permit.plate)
    match passback.ruling(mode, Direction.ENTRY, inside=True, neutral=neutral):
        case Ruling.REFUSE:
            return Refusal.PASSBACK
        case Ruling.NOTE:
            passback.note(tx, stay.vehicle, arrival.lane, Direction.ENTRY, mode)
            return None
        case Ruling.PASS:
            return None


def _settle_as_gone(tx: Transaction, stay: Ticket, lane: LaneName) -> None:
    """A vehicle that stands before an entry isn't inside: its open stay ends with what is known of it.

    It is void if nobody saw it come in, or pay. Otherwise it left when it was last let out, or else unseen until now;
    what it paid is all that falls due.
    """
    if stay.status is TicketStatus.UNRESOLVED and stay.settled_at is None and not stay.amount_paid:
        tx.record(TicketVoided(ticket=stay.id, lane=lane, at=tx.at.wall, reason="seen_outside"))
        give_back(tx, stay.id)
        return
    left = None if stay.settled_at is None else moments.when(tx, stay.id, What.SETTLED, stay.settled_at)
    if stay.status is TicketStatus.ACTIVE:
        tx.record(TicketUnresolved(ticket=stay.id, at=tx.at.wall, during="exit"))
        left = None
    left = left or moments.now(tx)
    due = stay.amount_due or stay.amount_paid
    ledger.raise_fee(tx, stay, replace(priced(tx, stay, left).fee, total=due))
    tx.record(
        TicketClosed(
            ticket=stay.id,
            lane=LaneName(stay.exit_lane or lane),
            exited=left.wall,
            amount_due=due,
            amount_paid=stay.amount_paid,
        )
    )
    moments.mark(tx, stay.id, What.EXITED, left.moment)
    ledger.settle(tx, stay.id)


def _place_for(tx: Transaction, arrival: Arrival, right: Entitlement, plan: Plan) -> FreeSpot | None:
    """Where the vehicle is led to. What is kept back for reservations is for those that come in their time, who are
    never sent away while there is a place at all; and for whom a person lets in, if there is no other."""
    reserved, kept_back = right.reserved, quota.kept_back(tx, plan)
    in_time = reserved is not None and reserved.kept
    own = reserved.spot_type if reserved is not None and in_time else None
    others = {spot_type: n for spot_type, n in kept_back.items() if spot_type is not own}
    found = place_for(tx, arrival.vehicle_type, right, arrival.lane, plan, others)
    if found is None and kept_back and (arrival.by_hand or in_time):
        found = place_for(tx, arrival.vehicle_type, right, arrival.lane, plan)
    return found


def _full_for(right: Entitlement) -> Refusal:
    return Refusal.RESERVATION_EARLY if right.reserved and right.reserved.early else Refusal.LOT_FULL


def _alert(tx: Transaction, opened: TicketOpened, barred: Barred) -> None:
    """An operator is told of a vehicle on the list that is let in, by its own entry or by a person's word."""
    tx.record(
        VehicleAlerted(
            alert=tx.mint(),
            ticket=opened.ticket,
            lane=opened.lane,
            entry=barred.entry,
            reason=barred.reason,
            at=tx.at.wall,
        )
    )
