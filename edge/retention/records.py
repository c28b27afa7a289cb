"""Forgets old records of the lot that the cloud has had for long. Each function is one small step."""

from __future__ import annotations

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
}
"""Tables of what has happened: when that was, and which rows nobody needs any more."""
_OLDEST = 500
"""Rows that are looked at: they stand in the order in which they were written."""


def forget_stays(tx: Transaction, before: Instant, limit: int) -> int:
    """Stays that closed before, were masked, and whose facts the cloud has had for so long that they are pruned. Their
    payments go with them here; the cloud keeps those as the law asks. Returns how many stays went."""
    asked = {"before": before, "pruned": _pruned_until(tx), "limit": limit}
    old = tx.connection.execute(_OLD_STAYS, asked).fetchall()
    payments = sum(_forget_stay(tx, row["id"]) for row in old)
    _forget_vehicles(tx, {row["vehicle_id"] for row in old})
    if old:
        up_to = Instant(old[-1]["closed"])
        record_erased(tx, "tickets", "tickets", len(old), up_to)
        record_erased(tx, "money", "payments", payments, up_to)
    return len(old)


def forget_others(tx: Transaction, table: str, before: Instant, limit: int) -> int:
    """Refusals, counted passages, calls, orders and faults that are over, under the same conditions."""
    when, unneeded = OTHERS[table]
    old = tx.connection.execute(
        f"""SELECT id, {when} AS at FROM {table}
            WHERE rowid IN (SELECT rowid FROM {table} ORDER BY rowid LIMIT {_OLDEST})
                AND {when} <= :before AND {when} < :pruned AND {unneeded} LIMIT :limit""",
        {"before": before, "pruned": _pruned_until(tx), "limit": limit},
    ).fetchall()
    for row in old:
        tx.connection.execute(f"DELETE FROM {table} WHERE id = ?", (row["id"],))
        _forget_moments(tx, row["id"])
        erase_personal(tx, row["id"])
    record_erased(tx, "tickets", table, len(old), Instant(max((row["at"] for row in old), default=0)))
    return len(old)


def _pruned_until(tx: Transaction) -> Instant:
    """When the oldest fact happened that the lot still keeps: what is older has been with the cloud for long. 0: all
    facts are still here."""
    head = journal.head_of(tx.connection, "ledger")
    if head is None or checkpoint_of(tx.connection, head.stream_id) is None:
        return Instant(0)
    found = "SELECT wall FROM journal WHERE stream_id = ? ORDER BY seq LIMIT 1"
    row = tx.connection.execute(found, (head.stream_id,)).fetchone()
    return Instant(row["wall"]) if row else Instant(0)


def _forget_stay(tx: Transaction, ticket: str) -> int:
    """Returns how many payments went with it."""
    for table in ("charges", "charges_given_up", "fee_corrections"):
        tx.connection.execute(f"DELETE FROM {table} WHERE ticket_id = ?", (ticket,))
    payments = tx.connection.execute("DELETE FROM payments WHERE ticket_id = ?", (ticket,)).rowcount
    tx.connection.execute("DELETE FROM tickets WHERE id = ?", (ticket,))
    _forget_moments(tx, ticket)
    return payments


def _forget_moments(tx: Transaction, subject: str) -> None:
    tx.connection.execute("DELETE FROM moments WHERE subject = ?", (subject,))


def _forget_vehicles(tx: Transaction, vehicles: set[str]) -> None:
    """Those that nothing points to any more; the one for masked stays is wanted again."""
    for vehicle in vehicles - {masked_vehicle(tx.lot, kind) for kind in VehicleType}:
        tx.connection.execute(
            """DELETE FROM vehicles WHERE id = :vehicle AND license_plate IS NULL
               AND NOT EXISTS (SELECT 1 FROM tickets WHERE vehicle_id = :vehicle)""",
            {"vehicle": vehicle},
        )
