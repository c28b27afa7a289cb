"""A vehicle comes: may it enter, and where does it park? Each function is one decision inside one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from edge.parking.spots import free_spot
from edge.parking.tickets import Ticket, known_vehicle, open_ticket
from edge.store import Transaction
from models.codes import DIGITS, ticket_code
from models.facts import (
    TicketClosed,
    TicketConfirmed,
    TicketOpened,
    TicketVoided,
    VehicleRegistered,
)
from models.ids import LaneName, TicketId, VehicleId
from models.plates import Plate
from models.refusals import Refusal
from models.spots import Right, VehicleType
from models.tariff import Tariff
from models.tickets import TicketStatus

_CODE_BITS = 5 * DIGITS


@dataclass(frozen=True, slots=True)
class Arrival:
    """A vehicle at an entry, as far as the lane knows it. `confidence` is 0..1, of the weakest character."""

    lane: LaneName
    plate: Plate
    confidence: float
    vehicle_type: VehicleType
    rights: frozenset[Right] = frozenset()


@dataclass(frozen=True, slots=True)
class Admitted:
    """On record and about to be let in."""

    ticket: TicketId
    code: str
    spot_number: str


def admit(tx: Transaction, arrival: Arrival, tariff: Tariff) -> Admitted | Refusal:
    """Open a ticket and take a spot for the vehicle, or say why not. A refusal changes nothing."""
    before = open_ticket(tx.connection, arrival.plate)
    if before is not None and before.status is not TicketStatus.UNRESOLVED:
        return Refusal.ALREADY_INSIDE
    if before is not None:
        _settle_as_gone(tx, before, arrival.lane)
    spot = free_spot(tx.connection, arrival.vehicle_type, arrival.rights)
    if spot is None:
        return Refusal.LOT_FULL
    opened = TicketOpened(
        ticket=TicketId(tx.mint()),
        code=_unused_code(tx),
        vehicle=_vehicle(tx, arrival),
        vehicle_type=arrival.vehicle_type,
        lane=arrival.lane,
        spot=spot.id,
        entered=tx.at.wall,
        tariff=tariff,
        confidence_permille=round(arrival.confidence * 1000),
    )
    tx.record(opened)
    return Admitted(opened.ticket, opened.code, spot.number)


def confirm(tx: Transaction, ticket: TicketId, lane: LaneName) -> None:
    """The vehicle passed: it is inside."""
    tx.record(TicketConfirmed(ticket=ticket, lane=lane, passed=tx.at.wall))


def withdraw(tx: Transaction, ticket: TicketId, lane: LaneName, reason: Literal["back_out", "vend_failed"]) -> None:
    """The vehicle didn't come in: the ticket is void and its spot free."""
    tx.record(TicketVoided(ticket=ticket, lane=lane, at=tx.at.wall, reason=reason))


def _settle_as_gone(tx: Transaction, stay: Ticket, lane: LaneName) -> None:
    """A vehicle that stands before an entry isn't inside: its unresolved stay ends with what is known of it."""
    if stay.settled_at is None:
        tx.record(TicketVoided(ticket=stay.id, lane=lane, at=tx.at.wall, reason="seen_outside"))
        return
    tx.record(
        TicketClosed(
            ticket=stay.id,
            lane=LaneName(stay.exit_lane or lane),
            exited=stay.settled_at,
            amount_due=stay.amount_due or stay.amount_paid,
            amount_paid=stay.amount_paid,
        )
    )


def _vehicle(tx: Transaction, arrival: Arrival) -> VehicleId:
    known = known_vehicle(tx.connection, arrival.plate)
    if known is not None:
        return known[0]
    vehicle = VehicleId(tx.mint())
    tx.record(VehicleRegistered(vehicle=vehicle, vehicle_type=arrival.vehicle_type, license_plate=arrival.plate))
    return vehicle


def _unused_code(tx: Transaction) -> str:
    while True:
        code = ticket_code(tx.random_bits(_CODE_BITS))
        if tx.connection.execute("SELECT 1 FROM tickets WHERE code = ?", (code,)).fetchone() is None:
            return code
