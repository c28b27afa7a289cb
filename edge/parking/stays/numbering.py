"""What a new ticket is called: the lot's next number, and a code that nobody can guess."""

from __future__ import annotations

from edge.store import Transaction
from models.codes import DIGITS, ticket_code

_CODE_BITS = 5 * DIGITS


def next_serial(tx: Transaction) -> int:
    """One more than the highest that this lot has given."""
    return int(tx.connection.execute("SELECT coalesce(max(serial), 0) + 1 FROM tickets").fetchone()[0])


def unused_code(tx: Transaction) -> str:
    """One that no ticket of this lot has had."""
    while True:
        code = ticket_code(tx.random_bits(_CODE_BITS))
        if tx.connection.execute("SELECT 1 FROM tickets WHERE code = ?", (code,)).fetchone() is None:
            return code
