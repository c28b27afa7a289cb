"""Anti-passback: a permit that is inside may leave, one that is outside may enter; what becomes of the others."""

from __future__ import annotations

import sqlite3
from enum import StrEnum

from edge.parking.stays import moments
from edge.parking.stays.moments import What
from edge.parking.stays.vehicles import vehicle_for
from edge.store import Transaction
from models.facts import PassbackNoted, PassbackReset
from models.facts.lanes import LONGEST_TEXT
from models.ids import LaneName, VehicleId
from models.passback import Passback
from models.plates import Plate
from models.spots import VehicleType
from models.tickets import Direction

# A stay that was voided is no passage: it doesn't tell where the vehicle is. Whatever the clock said: by the order of
# things. Of stays that have been masked since, only the last passage is still known.
_NEUTRAL = """
    WITH vehicle AS (SELECT id FROM vehicles WHERE license_plate = :plate),
    seen AS (SELECT * FROM permits_seen WHERE license_plate = :plate),
    neutral AS (
        SELECT boot, monotonic FROM moments
        WHERE what = 'neutral' AND subject IN (SELECT id FROM vehicle UNION ALL SELECT id FROM parking_lots)
        UNION ALL SELECT neutral_boot, neutral_monotonic FROM seen WHERE neutral_boot IS NOT NULL
        ORDER BY boot DESC, monotonic DESC LIMIT 1),
    passage AS (
        SELECT boot, monotonic FROM moments
        WHERE what IN ('entered', 'settled', 'exited') AND subject IN (
            SELECT id FROM tickets WHERE vehicle_id IN (SELECT id FROM vehicle) AND status != 'VOIDED')
        UNION ALL SELECT passed_boot, passed_monotonic FROM seen WHERE passed_boot IS NOT NULL
        ORDER BY boot DESC, monotonic DESC LIMIT 1)
    SELECT 1 FROM neutral LEFT JOIN passage ON true
    WHERE passage.boot IS NULL OR (neutral.boot, neutral.monotonic) >= (passage.boot, passage.monotonic)"""


class Ruling(StrEnum):
    PASS = "pass"
    NOTE = "note"
    """Let through, and on record"""
    REFUSE = "refuse"


def ruling(mode: Passback, direction: Direction, *, inside: bool, neutral: bool) -> Ruling:
    """Whether a permit may pass that way. `neutral`: nobody knows where it is, so it isn't held against it."""
    as_it_must_be = inside == (direction is Direction.EXIT)
    if as_it_must_be or neutral:
        return Ruling.PASS
    match mode:
        case Passback.HARD:
            return Ruling.REFUSE
        case Passback.SOFT:
            return Ruling.NOTE
        case Passback.OFF:
            return Ruling.PASS


def is_neutral(connection: sqlite3.Connection, plate: Plate) -> bool:
    """Whether the vehicle, or the whole lot, was reset to neutral since this vehicle's last passage."""
    return connection.execute(_NEUTRAL, {"plate": plate}).fetchone() is not None


def note(tx: Transaction, vehicle: VehicleId, lane: LaneName, direction: Direction, mode: Passback) -> None:
    """Put on record that a permit passed though it wasn't where it had to be."""
    tx.record(PassbackNoted(note=tx.mint(), vehicle=vehicle, lane=lane, direction=direction, mode=mode, at=tx.at.wall))


def neutralise(tx: Transaction, reason: str, *, by: str | None = None, plate: Plate | None = None) -> None:
    """Nobody knows any more whether this vehicle (None: any of them) is inside: its next passage isn't checked.

    An operator asks for it (`by`), or a barrier's fault does: who passed a broken arm wasn't seen.
    """
    vehicle = None if plate is None else vehicle_for(tx, plate, VehicleType.REGULAR)
    who = None if by is None else by[:LONGEST_TEXT]
    tx.record(PassbackReset(vehicle=vehicle, by=who, reason=reason[:LONGEST_TEXT], at=tx.at.wall))
    moments.mark(tx, vehicle or tx.lot, What.NEUTRAL, moments.now(tx).moment)
