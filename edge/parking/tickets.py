"""Finding the stay that belongs to a vehicle."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from models.ids import SpotId, TicketId, VehicleId
from models.instants import Instant
from models.money import Minor
from models.plates import Plate
from models.spots import VehicleType
from models.tariff import Tariff
from models.tickets import TicketStatus

_TICKET = """
    SELECT tickets.*, spot_number,
        (SELECT coalesce(sum(amount), 0) FROM payments
         WHERE ticket_id = tickets.id AND payments.status = 'UNCOLLECTED') AS uncollected
    FROM tickets JOIN vehicles ON vehicles.id = vehicle_id LEFT JOIN spots ON spots.id = spot_id"""
_OPEN_BY_PLATE = f"{_TICKET} WHERE license_plate = ? AND tickets.status IN ('ADMITTED', 'ACTIVE', 'UNRESOLVED')"
_BY_ID = f"{_TICKET} WHERE tickets.id = ?"


@dataclass(frozen=True, slots=True)
class Ticket:
    """One stay, as the store knows it. Times UTC; amounts in minor units of `tariff.currency`.

    `uncollected` is what the vehicle was let out without paying.
    """

    id: TicketId
    code: str
    spot: SpotId | None
    spot_number: str | None
    status: TicketStatus
    entered: Instant
    exit_lane: str | None
    settled_at: Instant | None
    amount_due: Minor | None
    amount_paid: Minor
    uncollected: Minor
    tariff: Tariff


def open_ticket(connection: sqlite3.Connection, plate: Plate) -> Ticket | None:
    """The open stay of exactly this plate. There is never more than one."""
    return _ticket(connection.execute(_OPEN_BY_PLATE, (plate,)).fetchone())


def ticket(connection: sqlite3.Connection, id: TicketId) -> Ticket:
    """Raises LookupError."""
    found = _ticket(connection.execute(_BY_ID, (id,)).fetchone())
    if found is None:
        raise LookupError(f"no ticket {id}")
    return found


def known_vehicle(connection: sqlite3.Connection, plate: Plate) -> tuple[VehicleId, VehicleType] | None:
    row = connection.execute("SELECT id, vehicle_type FROM vehicles WHERE license_plate = ?", (plate,)).fetchone()
    return (VehicleId(row["id"]), VehicleType(row["vehicle_type"])) if row else None


def _ticket(row: sqlite3.Row | None) -> Ticket | None:
    if row is None:
        return None
    return Ticket(
        id=row["id"],
        code=row["code"],
        spot=row["spot_id"],
        spot_number=row["spot_number"],
        status=TicketStatus(row["status"]),
        entered=row["entry_time"],
        exit_lane=row["exit_lane"],
        settled_at=row["settled_at"],
        amount_due=row["amount_due"],
        amount_paid=row["amount_paid"],
        uncollected=row["uncollected"],
        tariff=Tariff.model_validate_json(row["tariff"]),
    )
