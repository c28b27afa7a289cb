"""A reservation is used by the ticket that is opened on it, and good again when that ticket comes to nothing."""

from __future__ import annotations

from edge.parking.access.entitlement import Reserved
from edge.parking.reservations.bookings import hash_of
from edge.store import Transaction
from models.facts import ReservationArrived, ReservationReturned
from models.ids import LaneName, ReservationId, TicketId
from models.reservations.rules import Rules
from models.tickets import ReservationStatus

_NOBODY_INSIDE = """
    SELECT 1 FROM reservations WHERE id = :reservation AND status = 'ARRIVED' AND NOT EXISTS (
        SELECT 1 FROM tickets WHERE reservation_id = :reservation AND status IN ('ADMITTED', 'ACTIVE', 'UNRESOLVED'))"""


def arrive(tx: Transaction, reserved: Reserved, ticket: TicketId, lane: LaneName) -> None:
    """From now on it opens for nobody else."""
    tx.record(
        ReservationArrived(
            reservation=reserved.reservation,
            ticket=ticket,
            lane=lane,
            by=reserved.by,
            spot_type=reserved.spot_type,
            start_time=reserved.window.start,
            end_time=reserved.window.end,
            at=tx.at.wall,
        )
    )


def keep_terms(tx: Transaction, reservation: ReservationId, rules: Rules, code: str | None) -> None:
    """What its stay is charged by stays as it was when its vehicle came. The code that was shown is known from then on,
    also when its key is gone."""
    tx.connection.execute(
        "UPDATE reservations SET charge_early = ?, leave_within = ?, code_hash = coalesce(code_hash, ?) WHERE id = ?",
        (rules.charge_early, rules.leave_within, None if code is None else hash_of(code), reservation),
    )


def give_back(tx: Transaction, ticket: TicketId) -> None:
    """The ticket is void: whoever was let in on a reservation may come in on it after all, unless it was cancelled
    meanwhile."""
    row = tx.connection.execute("SELECT reservation_id FROM tickets WHERE id = ?", (ticket,)).fetchone()
    if row is None or row["reservation_id"] is None:
        return
    reservation = ReservationId(row["reservation_id"])
    if tx.connection.execute(_NOBODY_INSIDE, {"reservation": reservation}).fetchone() is None:
        return
    tx.record(ReservationReturned(reservation=reservation, ticket=ticket, at=tx.at.wall))
    tx.connection.execute(
        "UPDATE reservations SET status = ?, license_plate = NULL WHERE id = ? AND withdrawn = 1",
        (ReservationStatus.CANCELLED.value, reservation),
    )
