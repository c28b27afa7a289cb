"""Finding a reservation by what stands for it, and the stay that is on it."""

from __future__ import annotations

import hashlib
import sqlite3
from dataclasses import dataclass

from edge.store import boots
from models.ids import ReservationId, TicketId
from models.instants import Instant, Reading
from models.plates import Plate
from models.reservations.codes import is_reservation_code
from models.reservations.rules import Window
from models.spots import SpotType
from models.tickets import ReservationStatus
from models.timeline import Bounds

_OF_PLATE = "SELECT * FROM reservations WHERE license_plate = ? ORDER BY start_time, id"
_NOBODY_SAW_IT_PASS = """
    SELECT 1 FROM tickets JOIN vehicles ON vehicles.id = vehicle_id
    WHERE reservation_id = ? AND license_plate = ? AND status = 'UNRESOLVED' AND settled_at IS NULL"""
_ON_RESERVATION = """
    SELECT id FROM tickets WHERE reservation_id = ?
    ORDER BY status IN ('ADMITTED', 'ACTIVE', 'UNRESOLVED') DESC, rowid DESC LIMIT 1"""


@dataclass(frozen=True, slots=True)
class Booking:
    """One reservation, as the store knows it. `withdrawn`: the cloud's word for it no longer stands."""

    id: ReservationId
    spot_type: SpotType
    window: Window
    status: ReservationStatus
    withdrawn: bool = False


def booking(connection: sqlite3.Connection, id: ReservationId) -> Booking | None:
    return _booking(connection.execute("SELECT * FROM reservations WHERE id = ?", (id,)).fetchone())


def bookings_of_plate(connection: sqlite3.Connection, plate: Plate) -> list[Booking]:
    """Those of exactly this plate, the first one first."""
    rows = connection.execute(_OF_PLATE, (plate,)).fetchall()
    return [found for found in map(_booking, rows) if found is not None]


def booking_with_code(connection: sqlite3.Connection, text: str) -> Booking | None:
    """By the hash of the very code that its driver has, whoever made that."""
    found = "SELECT * FROM reservations WHERE code_hash = ?"
    return _booking(connection.execute(found, (hash_of(text),)).fetchone())


def hash_of(text: str) -> str:
    """A scanner may say a signed code in small letters."""
    shown = text.strip()
    return hashlib.sha256((shown.upper() if is_reservation_code(shown) else shown).encode()).hexdigest()


def nobody_saw_it_pass(connection: sqlite3.Connection, id: ReservationId, plate: Plate | None) -> bool:
    """Whether this very vehicle was admitted on it and nobody knows if it came in: the power failed, as a rule."""
    return plate is not None and connection.execute(_NOBODY_SAW_IT_PASS, (id, plate)).fetchone() is not None


def ticket_on(connection: sqlite3.Connection, id: ReservationId) -> TicketId | None:
    """The stay on it that is open, or else the last one."""
    row = connection.execute(_ON_RESERVATION, (id,)).fetchone()
    return None if row is None else TicketId(row["id"])


def known_time(connection: sqlite3.Connection, at: Reading) -> Bounds:
    """What is known of the time at that reading."""
    return boots.earliest(connection, at), at.wall if at.synced else None


def _booking(row: sqlite3.Row | None) -> Booking | None:
    if row is None:
        return None
    return Booking(
        id=row["id"],
        spot_type=SpotType(row["spot_type"]),
        window=Window(Instant(row["start_time"]), Instant(row["end_time"])),
        status=ReservationStatus(row["status"]),
        withdrawn=bool(row["withdrawn"]),
    )
