"""Masks plates whose time is over; the ledger stays, open stays and debts too. Each function is one small step."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from edge.retention.log import record_erased
from edge.store import Transaction
from models.ids import VehicleId
from models.instants import Instant
from models.plates import Plate
from models.retention import masked_vehicle

_PERSON = ", ".join(f"json_extract(body, '$.{key}')" for key in ("vehicle", "ticket", "refusal", "passage", "call"))


def _may_be_after(limit: str, at: str, of: str) -> str:
    """Whether what the row `of` dates may have happened after the limit, whatever the clock said then: by the boot in
    which it happened, or else before the next of which the time is known."""
    return f"""EXISTS (
        SELECT 1 FROM {of} AND coalesce(
            boots.zero + {at},
            (SELECT zero FROM boots AS later WHERE later.ordinal > boots.ordinal AND later.zero IS NOT NULL
             ORDER BY later.ordinal LIMIT 1),
            {limit} + 1) > {limit})"""


def _moment_after(limit: str, subject: str) -> str:
    moments = f"moments JOIN boots ON boots.ordinal = moments.boot WHERE moments.subject = {subject}"
    return _may_be_after(limit, "moments.monotonic", moments)


def _fact_after(limit: str, row: str) -> str:
    facts = f"journal JOIN boots USING (boot_id) WHERE personal IS NOT NULL AND coalesce({_PERSON}) = {row}"
    return _may_be_after(limit, "journal.monotonic", facts)


_CLOSED = "coalesce(exit_time, entry_time)"
_DUE = f"""
    SELECT id, vehicle_id, {_CLOSED} AS closed FROM tickets
    WHERE masked_at IS NULL AND status IN ('COMPLETED', 'VOIDED') AND {_CLOSED} <= :closed
        AND NOT {_moment_after(":closed", "tickets.id")}
        AND NOT EXISTS (
            SELECT 1 FROM payments
            WHERE ticket_id = tickets.id AND payments.status = 'UNCOLLECTED'
                AND (at > :owed OR {_moment_after(":owed", "tickets.id")}))
    ORDER BY {_CLOSED} LIMIT :limit"""
_LAST_PASSAGE = """
    SELECT boot, monotonic FROM moments
    WHERE what IN ('entered', 'settled', 'exited') AND subject IN (
        SELECT id FROM tickets WHERE vehicle_id = ? AND status != 'VOIDED')
    ORDER BY boot DESC, monotonic DESC LIMIT 1"""
_WITHOUT_A_STAY = f"""
    SELECT id, license_plate,
        id < :born AND coalesce(neutral_since, 0) <= :closed AND NOT {_moment_after(":closed", "vehicles.id")}
        AND NOT EXISTS (SELECT 1 FROM tickets WHERE vehicle_id = vehicles.id) AS due
    FROM vehicles WHERE license_plate > :after ORDER BY license_plate LIMIT :limit"""
_ERASE = f"UPDATE journal SET personal = NULL, salt = NULL WHERE personal IS NOT NULL AND coalesce({_PERSON}) = ?"
"""Word by word the expression of the index `journal_personal`, without which it would go through all that ever was."""

EVENTS = {"access_refusals": "0", "passages": "unable_to_collect", "help_calls": "0"}
"""What happened to a vehicle without a stay, and whether it may have left a debt."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Plates of stays that closed up to `closed` go; those of debts made up to `owed`. `permits`: who has one now."""

    closed: Instant
    owed: Instant
    permits: Collection[Plate]


def mask_stays(tx: Transaction, limits: Limits, limit: int) -> int:
    """Up to `limit` stays that closed long enough ago. A vehicle that is still inside, owes or came since keeps its
    plate, but the old stays aren't its own any more. Returns how many stays were looked at."""
    due = tx.connection.execute(_DUE, {"closed": limits.closed, "owed": limits.owed, "limit": limit}).fetchall()
    tx.connection.executemany("UPDATE tickets SET masked_at = ? WHERE id = ?", [(tx.at.wall, row["id"]) for row in due])
    stays: dict[VehicleId, list[str]] = {}
    for row in due:
        stays.setdefault(VehicleId(row["vehicle_id"]), []).append(row["id"])
    masked = sum(_mask_stays_of(tx, vehicle, tickets, limits.permits) for vehicle, tickets in stays.items())
    if due:
        record_erased(tx, "tickets", "plates of stays", masked, Instant(due[-1]["closed"]))
    return len(due)


def mask_events(tx: Transaction, table: str, limits: Limits, limit: int) -> int:
    """The same for refusals, counted passages and calls for help; they count from when they happened."""
    due = tx.connection.execute(
        f"""SELECT id, at FROM {table} WHERE license_plate IS NOT NULL AND at <= :closed
            AND NOT {_fact_after(":closed", f"{table}.id")}
            AND (NOT {EVENTS[table]} OR (at <= :owed AND NOT {_fact_after(":owed", f"{table}.id")}))
            ORDER BY at LIMIT :limit""",
        {"closed": limits.closed, "owed": limits.owed, "limit": limit},
    ).fetchall()
    for row in due:
        tx.connection.execute(f"UPDATE {table} SET license_plate = NULL WHERE id = ?", (row["id"],))
        erase_personal(tx, row["id"])
    if due:
        record_erased(tx, "tickets", f"plates of {table}", len(due), Instant(due[-1]["at"]))
    return len(due)


@dataclass(frozen=True, slots=True)
class Page:
    """Vehicles to mask among those up to the plate `after`; None: that was the last page."""

    due: tuple[VehicleId, ...]
    after: str | None


def without_a_stay(connection: sqlite3.Connection, closed: Instant, after: str, limit: int) -> Page:
    """Vehicles that were met before `closed` and have no stay at all, a page at a time; for the reader's thread."""
    asked = {"born": _first_id_of(closed), "closed": closed, "after": after, "limit": limit}
    rows = connection.execute(_WITHOUT_A_STAY, asked).fetchall()
    due = tuple(VehicleId(row["id"]) for row in rows if row["due"])
    return Page(due, rows[-1]["license_plate"] if len(rows) == limit else None)


def mask_vehicles(tx: Transaction, vehicles: Collection[VehicleId], limits: Limits) -> None:
    """Of those vehicles the ones that still have no stay."""
    masked = [vehicle for vehicle in vehicles if not _has_stays(tx, vehicle)]
    for vehicle in masked:
        _remember_permit(tx, vehicle, limits.permits)
        _mask_vehicle(tx, vehicle)
    record_erased(tx, "tickets", "plates of vehicles", len(masked), limits.closed)


def forget_permits(tx: Transaction, permits: Collection[Plate], limit: int) -> int:
    """What was remembered of plates that have no permit any more."""
    known = tx.connection.execute("SELECT license_plate FROM permits_seen").fetchall()
    gone = [row["license_plate"] for row in known if row["license_plate"] not in permits][:limit]
    tx.connection.executemany("DELETE FROM permits_seen WHERE license_plate = ?", [(plate,) for plate in gone])
    record_erased(tx, "tickets", "permits that ended", len(gone), tx.at.wall)
    return len(gone)


def erase_personal(tx: Transaction, row: str) -> None:
    """The personal part of the facts about that row; what is hashed stays, and the chain holds."""
    tx.connection.execute(_ERASE, (row,))


def _mask_stays_of(tx: Transaction, vehicle: VehicleId, tickets: list[str], permits: Collection[Plate]) -> int:
    """Returns how many of the stays had a plate."""
    row = tx.connection.execute(
        """SELECT license_plate, vehicle_type, EXISTS (
               SELECT 1 FROM tickets WHERE vehicle_id = vehicles.id AND masked_at IS NULL) AS needed
           FROM vehicles WHERE id = ?""",
        (vehicle,),
    ).fetchone()
    for ticket in tickets:
        erase_personal(tx, ticket)
    _remember_permit(tx, vehicle, permits)
    if not row["needed"]:
        _mask_vehicle(tx, vehicle)
    elif row["license_plate"] is not None:
        nobody = _nobody(tx, row["vehicle_type"])
        tx.connection.executemany(
            "UPDATE tickets SET vehicle_id = ? WHERE id = ?", [(nobody, ticket) for ticket in tickets]
        )
    return len(tickets) if row["license_plate"] is not None else 0


def _mask_vehicle(tx: Transaction, vehicle: VehicleId) -> None:
    tx.connection.execute("UPDATE vehicles SET license_plate = NULL WHERE id = ?", (vehicle,))
    tx.connection.execute("DELETE FROM moments WHERE subject = ?", (vehicle,))
    erase_personal(tx, vehicle)


def _nobody(tx: Transaction, vehicle_type: str) -> VehicleId:
    """The vehicle without a plate that masked stays of this type belong to."""
    nobody = masked_vehicle(tx.lot, vehicle_type)
    tx.connection.execute(
        "INSERT OR IGNORE INTO vehicles (id, lot_id, vehicle_type) VALUES (?, ?, ?)", (nobody, tx.lot, vehicle_type)
    )
    return nobody


def _remember_permit(tx: Transaction, vehicle: VehicleId, permits: Collection[Plate]) -> None:
    """Anti-passback has to know when a permit passed last and was last set to neutral, however long ago that was."""
    row = tx.connection.execute("SELECT license_plate FROM vehicles WHERE id = ?", (vehicle,)).fetchone()
    if row["license_plate"] not in permits:
        return
    neutral = "SELECT boot, monotonic FROM moments WHERE subject = ? AND what = 'neutral'"
    known = tx.connection.execute("SELECT * FROM permits_seen WHERE license_plate = ?", (row[0],)).fetchone()
    before = (None,) * 4 if known is None else tuple(known)[1:]
    passed = _later(before[:2], tx.connection.execute(_LAST_PASSAGE, (vehicle,)).fetchone())
    neutral_since = _later(before[2:], tx.connection.execute(neutral, (vehicle,)).fetchone())
    tx.connection.execute(
        "INSERT OR REPLACE INTO permits_seen VALUES (?, ?, ?, ?, ?)", (row[0], *passed, *neutral_since)
    )


def _later(before: Sequence[int | None], now: sqlite3.Row | None) -> tuple[int | None, ...]:
    """The later of two moments (boot and its monotonic time), where there is one."""
    if now is None or (before[0] is not None and tuple(before) > tuple(now)):
        return tuple(before)
    return tuple(now)


def _has_stays(tx: Transaction, vehicle: VehicleId) -> bool:
    return tx.connection.execute("SELECT 1 FROM tickets WHERE vehicle_id = ?", (vehicle,)).fetchone() is not None


def _first_id_of(at: Instant) -> str:
    """No vehicle that was met from then on has a smaller id: they begin with the moment (UUID version 7)."""
    digits = f"{max(at, 0) // 1000:012x}"
    return f"{digits[:8]}-{digits[8:]}"
