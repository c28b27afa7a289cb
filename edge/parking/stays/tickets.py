"""Finding the stay that belongs to a vehicle."""

from __future__ import annotations

import json
import re
import sqlite3
from dataclasses import dataclass

import structlog

from models.ids import ReservationId, SpotId, TicketId, VehicleId
from models.instants import Instant
from models.money import Minor
from models.plates import Plate
from models.spots import SpotType, VehicleType
from models.tariff import HourlyTariff, Tariff, read_pinned
from models.tickets import OPEN, TicketStatus

_LOG = structlog.get_logger()
_TICKET = """
    SELECT tickets.*, spot_number, spot_type, license_plate,
        EXISTS (SELECT 1 FROM valet_stays WHERE valet_stays.id = tickets.id) AS valet,
        (SELECT coalesce(sum(amount), 0) FROM payments
         WHERE ticket_id = tickets.id AND payments.status = 'UNCOLLECTED') AS uncollected
    FROM tickets JOIN vehicles ON vehicles.id = vehicle_id LEFT JOIN spots ON spots.id = spot_id"""
_OPEN_BY_PLATE = f"{_TICKET} WHERE license_plate = ? AND tickets.status IN ('ADMITTED', 'ACTIVE', 'UNRESOLVED')"
_BY_CODE = f"{_TICKET} WHERE code = ?"
_BY_ID = f"{_TICKET} WHERE tickets.id = ?"


@dataclass(frozen=True, slots=True)
class Ticket:
    """One stay, as the store knows it. Times UTC; amounts in minor units of `tariff.currency`.

    `plate` is None where it couldn't be read. `uncollected` is what the vehicle was let out without paying,
    `refund_owed` what the lot owes its driver since the time became known. `lost`: its driver has no ticket to show;
    `entry_known`: somebody knows when the vehicle came. `valet`: an attendant has parked it.
    """

    id: TicketId
    code: str
    vehicle: VehicleId
    vehicle_type: VehicleType
    plate: Plate | None
    spot: SpotId | None
    spot_number: str | None
    spot_type: SpotType | None
    status: TicketStatus
    entered: Instant
    exit_lane: str | None
    settled_at: Instant | None
    amount_due: Minor | None
    amount_paid: Minor
    uncollected: Minor
    refund_owed: Minor
    tariff: Tariff
    entry_lane: str
    reservation: ReservationId | None = None
    serial: int | None = None
    lost: bool = False
    entry_known: bool = True
    picture: str | None = None
    exit_match: str | None = None
    exit_picture: str | None = None
    valet: bool = False
    validations: tuple[str, ...] = ()

    @property
    def open(self) -> bool:
        return self.status in OPEN

    @property
    def half_way(self) -> bool:
        """Its vehicle stands in a lane now, and that lane will tell how that ends."""
        leaving = self.status is TicketStatus.ACTIVE and self.exit_lane is not None
        return leaving or self.status is TicketStatus.ADMITTED


@dataclass(frozen=True, slots=True)
class WithoutStay:
    """The vehicle may pass, and no ticket stands for it."""


def open_ticket(connection: sqlite3.Connection, plate: Plate) -> Ticket | None:
    """The open stay of exactly this plate. There is never more than one."""
    return _ticket(connection.execute(_OPEN_BY_PLATE, (plate,)).fetchone())


def ticket_with_code(connection: sqlite3.Connection, code: str) -> Ticket | None:
    """The ticket on which `code` stands, as `models.codes` writes it, whatever became of it."""
    return _ticket(connection.execute(_BY_CODE, (code,)).fetchone())


def ticket(connection: sqlite3.Connection, id: TicketId) -> Ticket:
    """Raises LookupError."""
    found = _ticket(connection.execute(_BY_ID, (id,)).fetchone())
    if found is None:
        raise LookupError(f"no ticket {id}")
    return found


def _ticket(row: sqlite3.Row | None) -> Ticket | None:
    if row is None:
        return None
    return Ticket(
        id=row["id"],
        code=row["code"],
        vehicle=row["vehicle_id"],
        vehicle_type=VehicleType(row["vehicle_type"]),
        plate=row["license_plate"],
        spot=row["spot_id"],
        spot_number=row["spot_number"],
        spot_type=None if row["spot_type"] is None else SpotType(row["spot_type"]),
        status=TicketStatus(row["status"]),
        entered=row["entry_time"],
        exit_lane=row["exit_lane"],
        settled_at=row["settled_at"],
        amount_due=row["amount_due"],
        amount_paid=row["amount_paid"],
        uncollected=row["uncollected"],
        refund_owed=row["refund_owed"],
        tariff=_pinned(row["tariff"]),
        reservation=row["reservation_id"],
        entry_lane=row["entry_lane"],
        serial=row["serial"],
        lost=bool(row["lost"]),
        entry_known=bool(row["entry_known"]),
        picture=row["picture"],
        exit_match=row["exit_match"],
        exit_picture=row["exit_picture"],
        valet=bool(row["valet"]),
        validations=tuple(json.loads(row["validations"])),
    )


def _pinned(text: str) -> Tariff:
    """What can't be read (a newer release may have pinned it) charges nothing more: nobody is kept in by it, and the
    text itself stays on the ticket."""
    try:
        return read_pinned(text)
    except ValueError:
        found = re.search(r'"currency": ?"([A-Z]{3})"', text)
        _LOG.error("ticket.tariff_unreadable")
        return HourlyTariff(currency=found[1] if found else "XXX", hourly_rate=Minor(0), daily_maximum=Minor(0))
