"""The stays of a vehicle before the one that it pays for now: a tariff may let it go on with them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from edge.parking.stays import moments
from edge.parking.stays.moments import What, When, between
from edge.parking.stays.tickets import Ticket
from edge.store import Transaction
from models.money import Minor
from models.timeline import Length

_MOST = 16
"""Stays one after another, each soon after the one before."""
_BEFORE = """
    SELECT id, entry_time, exit_time, amount_paid, refund_owed,
        (SELECT coalesce(sum(amount), 0) FROM payments
         WHERE ticket_id = tickets.id AND payments.status = 'UNCOLLECTED') AS uncollected
    FROM tickets WHERE vehicle_id = ? AND status = 'COMPLETED' AND exit_time IS NOT NULL
        AND reservation_id IS NULL
        AND rowid < (SELECT rowid FROM tickets WHERE id = ?)
    ORDER BY rowid DESC LIMIT ?"""


@dataclass(frozen=True, slots=True)
class Former:
    """A stay that is over. `gap`: from its end to the entry after it; `paid`: what was paid for it or is on record as a
    debt, less what the lot owes its driver."""

    came: When
    length: Length
    gap: Length
    paid: Minor

    @property
    def is_known(self) -> bool:
        return self.length.is_known and self.gap.is_known


def former_stays(tx: Transaction, ticket: Ticket, came: When) -> Iterator[Former]:
    """The last one first. `came`: when the vehicle came in for this one. What was reserved stands for itself."""
    for row in tx.connection.execute(_BEFORE, (ticket.vehicle, ticket.id, _MOST)).fetchall():
        entered = moments.when(tx, row["id"], What.ENTERED, row["entry_time"])
        left = moments.when(tx, row["id"], What.EXITED, row["exit_time"])
        paid = Minor(row["amount_paid"] + row["uncollected"] - row["refund_owed"])
        yield Former(entered, between(tx, entered, left), between(tx, left, came), paid)
        came = entered
