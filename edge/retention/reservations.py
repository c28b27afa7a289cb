"""Forgets whose reservations were, once they are over for long, and in the end that there were any."""

from __future__ import annotations

from edge.retention.log import record_erased
from edge.store import Transaction
from models.instants import Instant

_INSIDE = """EXISTS (SELECT 1 FROM tickets WHERE reservation_id = reservations.id
    AND tickets.status IN ('ADMITTED', 'ACTIVE', 'UNRESOLVED'))"""
_DUE = f"""
    SELECT id, end_time FROM reservations WHERE {{whose}} IS NOT NULL AND end_time <= ? AND NOT {_INSIDE}
    ORDER BY end_time LIMIT ?"""
_OLD = """
    SELECT id, end_time FROM reservations
    WHERE end_time <= ? AND NOT EXISTS (SELECT 1 FROM tickets WHERE reservation_id = reservations.id)
    ORDER BY end_time LIMIT ?"""
_ERASE = "UPDATE reservations SET license_plate = NULL, user_id = NULL WHERE id = ?"
_ERASE_INTENT = "UPDATE intents SET personal = NULL, salt = NULL WHERE subject = ? AND personal IS NOT NULL"


def mask_reservations(tx: Transaction, closed: Instant, limit: int) -> int:
    """Up to `limit` of those that ended by then; a guest who is still inside keeps the plate. Returns how many."""
    rows = [
        row
        for whose in ("license_plate", "user_id")
        for row in tx.connection.execute(_DUE.format(whose=whose), (closed, limit)).fetchall()
    ]
    due = {row["id"]: Instant(row["end_time"]) for row in rows[:limit]}
    for reservation in due:
        tx.connection.execute(_ERASE, (reservation,))
        tx.connection.execute(_ERASE_INTENT, (f"reservation:{reservation}",))
    record_erased(tx, "tickets", "plates of reservations", len(due), max(due.values(), default=closed))
    return len(due)


def forget_reservations(tx: Transaction, before: Instant, limit: int) -> int:
    """Up to `limit` of those that ended before, and whose stays are forgotten. Returns how many went."""
    old = tx.connection.execute(_OLD, (before, limit)).fetchall()
    tx.connection.executemany("DELETE FROM reservations WHERE id = ?", [(row["id"],) for row in old])
    if old:
        record_erased(tx, "tickets", "reservations", len(old), Instant(old[-1]["end_time"]))
    return len(old)
