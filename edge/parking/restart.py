"""What the lot makes of stays that were half way through a lane when the daemon went down."""

from __future__ import annotations

from edge.store import Transaction
from models.facts import TicketUnresolved
from models.ids import TicketId

_HALF_WAY = """
    SELECT id, status, settled_at FROM tickets
    WHERE status = 'ADMITTED' OR (status = 'ACTIVE' AND exit_lane IS NOT NULL)"""


def settle_after_restart(tx: Transaction) -> int:
    """Nobody watched, so nobody knows whether those vehicles passed: the tickets become unresolved.

    Never void, never closed: the vehicle's next passage or a person settles them. Returns how many there were.
    """
    half_way = tx.connection.execute(_HALF_WAY).fetchall()
    for row in half_way:
        during = "entry" if row["status"] == "ADMITTED" else "exit"
        tx.record(TicketUnresolved(ticket=TicketId(row["id"]), at=tx.at.wall, during=during))
    return len(half_way)
