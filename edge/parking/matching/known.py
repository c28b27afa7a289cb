"""What the lot knows of the plate that was read, of a stay that looks like it, and of all who are inside."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

from edge.parking.access.lists import NOBODY_LISTED, Lists
from edge.parking.bills import bill
from edge.parking.matching.rules import Lookalike, Vehicle
from edge.parking.money import charges
from edge.parking.reservations.bookings import bookings_of_plate
from edge.parking.stays import moments
from edge.parking.stays.restoring import pending
from edge.parking.stays.suspicions import may_be_wrong
from edge.parking.stays.tickets import Ticket
from edge.store import Transaction
from models.ids import LaneName, TicketId
from models.instants import Instant, Reading
from models.plates import Plate
from models.plates.matching import Inside
from models.tickets import ReservationStatus, TicketStatus

_INSIDE = """
    SELECT tickets.id, license_plate, entry_time FROM tickets JOIN vehicles ON vehicles.id = vehicle_id
    WHERE tickets.status IN ('ADMITTED', 'ACTIVE', 'UNRESOLVED') AND license_plate IS NOT NULL"""
_LAST = """
    SELECT tickets.id, tickets.status, exit_match, exit_time, masked_at
    FROM tickets JOIN vehicles ON vehicles.id = vehicle_id
    WHERE license_plate = ? AND tickets.status != 'VOIDED' ORDER BY tickets.rowid DESC LIMIT 1"""
_WAITED_FOR = (ReservationStatus.BOOKED, ReservationStatus.EXPIRED)


@dataclass(frozen=True)
class Listed:
    """Whose plates are on a list of the lot's, which no likeness may stand for."""

    permit: Callable[[Plate], bool] = lambda plate: False
    """Whether it is in a permit, whether or not that holds now"""
    lists: Lists = NOBODY_LISTED

    def barred(self, plate: Plate) -> bool:
        return self.lists.barred((plate,)) is not None


def vehicle(connection: sqlite3.Connection, plate: Plate, listed: Listed, now: Instant) -> Vehicle:
    """Of exactly this plate."""
    last = connection.execute(_LAST, (plate,)).fetchone()
    return Vehicle(
        permit=listed.permit(plate),
        barred=listed.barred(plate),
        reserved=_is_waited_for(connection, plate),
        own_stay_ended=last is not None and _ended_by_another(last, now),
        been_here=last is not None,
        untold=pending(connection) is not None,
    )


def stay_ended_by_another(connection: sqlite3.Connection, plate: Plate, now: Instant) -> TicketId | None:
    """The last stay of exactly this plate, if another vehicle may have ended it lately."""
    last = connection.execute(_LAST, (plate,)).fetchone()
    return TicketId(last["id"]) if last is not None and _ended_by_another(last, now) else None


def lookalike(tx: Transaction, stay: Ticket, lane: LaneName, listed: Listed) -> Lookalike:
    """Of a stay that is open, with what it owes now. `lane`: where the vehicle stands that may be its own."""
    row = tx.connection.execute(
        "SELECT entered_by, permit_id, account, reservation_id FROM tickets WHERE id = ?", (stay.id,)
    ).fetchone()
    plate, unanswered = stay.plate, charges.awaited(tx, stay)
    due = bill(tx, stay.id, moments.now(tx))
    return Lookalike(
        by=row["entered_by"],
        right=any(row[name] is not None for name in ("permit_id", "account", "reservation_id")),
        permit=plate is not None and listed.permit(plate),
        barred=plate is not None and listed.barred(plate),
        reserved=plate is not None and _is_waited_for(tx.connection, plate),
        valet=stay.valet,
        lost=stay.lost,
        in_a_lane=stay.half_way and stay.exit_lane != lane,
        paying=unanswered is not None and unanswered.till != lane,
        status=stay.status,
        owed=due.owed,
        certain=due.certain,
    )


def inside(connection: sqlite3.Connection, now: Reading) -> list[Inside]:
    """All whose plate is known, for how long as far as the clock can be believed."""
    return [
        Inside(row["id"], Plate(row["license_plate"]), _for(row["entry_time"], now))
        for row in connection.execute(_INSIDE)
    ]


def _for(entered: int, now: Reading) -> int | None:
    return now.wall - entered if now.synced and now.wall >= entered else None


def _ended_by_another(row: sqlite3.Row, now: Instant) -> bool:
    over = row["status"] == TicketStatus.COMPLETED
    return over and may_be_wrong(row["exit_match"], row["exit_time"], row["masked_at"], now)


def _is_waited_for(connection: sqlite3.Connection, plate: Plate) -> bool:
    return any(one.status in _WAITED_FOR and not one.withdrawn for one in bookings_of_plate(connection, plate))
