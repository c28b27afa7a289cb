"""Forgets old records of the lot that the cloud has had for long. Each function is one small step."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edge.parking.access.coverage import forget_entry
from edge.retention.log import record_erased
from edge.retention.plates import erase_personal
from edge.store import Transaction, journal
from edge.store.checkpoints import checkpoint_of
from models.instants import Instant
from models.retention import masked_vehicle
from models.spots import VehicleType

_OLD_STAYS = """
    SELECT id, vehicle_id, coalesce(exit_time, entry_time) AS closed FROM tickets
    WHERE masked_at < :pruned AND coalesce(exit_time, entry_time) <= :before AND masked_at IS NOT NULL
    ORDER BY coalesce(exit_time, entry_time) LIMIT :limit"""
_NOT_KEPT_UP = """NOT (obeyed = 1 AND kind IN ('keep_open', 'release') AND rowid = (
    SELECT max(rowid) FROM lane_orders AS later WHERE later.lane = lane_orders.lane AND later.obeyed = 1
        AND later.kind IN ('keep_open', 'release')))"""
"""A lane that starts asks why its arm was last kept up."""
OTHERS = {
    "access_refusals": ("at", "1"),
    "passages": ("at", "1"),
    "help_calls": ("at", "1"),
    "lane_orders": ("at", _NOT_KEPT_UP),
    "faults": ("cleared_at", "1"),
    "taken_commands": ("ended_at", "1"),
    "deletions": ("at", "1"),
}
"""Tables of what has happened: when that was, and which rows nobody needs any more. A command is good for seconds, and
is known for as long as a stay."""
_MONEY = ("payments", "charges", "charges_given_up", "fee_corrections", "ledger_entries", "receipts", "refunds_due")
_BESIDE = ("ticket_suspicions", "ticket_mendings", "valet_stays")
"""What hangs on a stay and goes with it."""


def forget_stays(tx: Transaction, before: Instant, limit: int) -> int:
    """Stays that closed before, were masked, and whose facts the cloud has had for so long that they are pruned. Their
    payments go with them here; the cloud keeps those as the law asks. Returns how many stays went."""
    asked = {"before": before, "pruned": _pruned_until(tx.connection), "limit": limit}
    old = tx.connection.execute(_OLD_STAYS, asked).fetchall()
    money: Counter[str] = Counter()
    for row in old:
        money.update(_forget_stay(tx, row["id"]))
    vehicles = _forget_vehicles(tx, {row["vehicle_id"] for row in old})
    if old:
        up_to = Instant(old[-1]["closed"])
        record_erased(tx, "tickets", "tickets", len(old), up_to)
        record_erased(tx, "tickets", "vehicles", vehicles, up_to)
        for table in _MONEY:
            record_erased(tx, "money", table, money[table], up_to)
    return len(old)


@dataclass(frozen=True, slots=True)
class OldRows:
    """Those of a table that are due, each with its time, among the rows up to the number `after`; None: these were the
    last ones."""

    due: tuple[tuple[str, Instant], ...]
    after: int | None


def old_others(connection: sqlite3.Connection, table: str, before: Instant, after: int, limit: int) -> OldRows:
    """Refusals, counted passages, calls, orders, faults and commands that are over, under the same conditions, a page
    at a time; for the reader's thread. Rows stand in the order in which they were written, whatever they are dated."""
    when, unneeded = OTHERS[table]
    rows = connection.execute(
        f"""SELECT rowid AS number, id, {when} AS at,
                coalesce({when} <= :before AND {when} < :pruned AND {unneeded}, 0) AS due
            FROM {table} WHERE rowid > :after ORDER BY rowid LIMIT :limit""",
        {"before": before, "pruned": _pruned_until(connection), "after": after, "limit": limit},
    ).fetchall()
    due = tuple((row["id"], Instant(row["at"])) for row in rows if row["due"])
    return OldRows(due, rows[-1]["number"] if len(rows) == limit else None)


def forget_others(tx: Transaction, table: str, old: Sequence[tuple[str, Instant]]) -> None:
    """Those rows."""
    for id, _ in old:
        tx.connection.execute(f"DELETE FROM {table} WHERE id = ?", (id,))
        _forget_moments(tx, id)
        erase_personal(tx, id)
    record_erased(tx, "tickets", table, len(old), Instant(max((at for _, at in old), default=0)))


def _pruned_until(connection: sqlite3.Connection) -> Instant:
    """When the oldest fact happened that the lot still keeps: what is older has been with the cloud for long. 0: all
    facts are still here."""
    head = journal.head_of(connection, "ledger")
    if head is None or checkpoint_of(connection, head.stream_id) is None:
        return Instant(0)
    found = "SELECT wall FROM journal WHERE stream_id = ? ORDER BY seq LIMIT 1"
    row = connection.execute(found, (head.stream_id,)).fetchone()
    return Instant(row["wall"]) if row else Instant(0)


def _forget_stay(tx: Transaction, ticket: str) -> Mapping[str, int]:
    """Returns how much money went with it, by table."""
    money = {
        table: tx.connection.execute(f"DELETE FROM {table} WHERE ticket_id = ?", (ticket,)).rowcount for table in _MONEY
    }
    forget_entry(tx.connection, ticket)
    for table in _BESIDE:
        tx.connection.execute(f"DELETE FROM {table} WHERE ticket_id = ?", (ticket,))
    tx.connection.execute("DELETE FROM tickets WHERE id = ?", (ticket,))
    _forget_moments(tx, ticket)
    return money


def _forget_moments(tx: Transaction, subject: str) -> None:
    tx.connection.execute("DELETE FROM moments WHERE subject = ?", (subject,))


def _forget_vehicles(tx: Transaction, vehicles: set[str]) -> int:
    """Those that nothing points to any more; the one for masked stays is wanted again. Returns how many went."""
    gone = """DELETE FROM vehicles WHERE id = :vehicle AND license_plate IS NULL
        AND NOT EXISTS (SELECT 1 FROM tickets WHERE vehicle_id = :vehicle)"""
    unmasked = vehicles - {masked_vehicle(tx.lot, kind) for kind in VehicleType}
    return sum(tx.connection.execute(gone, {"vehicle": vehicle}).rowcount for vehicle in unmasked)
