"""Stays of which nobody knows whether the vehicle passed: the daemon was down, or the lane was blind."""

from __future__ import annotations

from typing import Literal

from edge.parking.stays.tickets import ticket as find
from edge.store import Transaction
from models.facts import TicketUnresolved
from models.ids import TicketId

_HALF_WAY = """
    SELECT id, status FROM tickets
    WHERE status IN ('ADMITTED', 'ACTIVE', 'UNRESOLVED')
        AND (status = 'ADMITTED' OR (status = 'ACTIVE' AND exit_lane IS NOT NULL))"""
# The first line is that of the index over the open tickets; the closed ones are many.


def leave_unresolved(tx: Transaction, ticket: TicketId, during: Literal["entry", "exit"]) -> None:
    """Never void, never closed: the vehicle's next passage or a person settles it."""
    if not find(tx.connection, ticket).open:
        raise LookupError(f"ticket {ticket} is over already")
    tx.record(TicketUnresolved(ticket=ticket, at=tx.at.wall, during=during))


def settle_after_restart(tx: Transaction) -> int:
    """What was half way through a lane when the daemon went down. Returns how many there were."""
    half_way = tx.connection.execute(_HALF_WAY).fetchall()
    for row in half_way:
        leave_unresolved(tx, TicketId(row["id"]), "entry" if row["status"] == "ADMITTED" else "exit")
    return len(half_way)
