"""What a new ticket is called: the lot's next number, and a code that nobody can guess."""

from __future__ import annotations

from edge.store import Transaction
from models.codes import DIGITS, ticket_code

_CODE_BITS = 5 * DIGITS
TICKETS = "tickets"
"""Of what is counted: up to this number tickets have been given before this store began."""
_HIGHEST = f"""
    SELECT max(
        coalesce((SELECT serial FROM tickets WHERE serial IS NOT NULL ORDER BY serial DESC LIMIT 1), 0),
        coalesce((SELECT last FROM ledger_counters WHERE name = '{TICKETS}'), 0))"""


def next_serial(tx: Transaction) -> int:
    """One more than the highest that this lot has given."""
    return int(tx.connection.execute(_HIGHEST).fetchone()[0]) + 1


def unused_code(tx: Transaction) -> str:
    """One that no ticket of this lot has had."""
    while True:
        code = ticket_code(tx.random_bits(_CODE_BITS))
        if tx.connection.execute("SELECT 1 FROM tickets WHERE code = ?", (code,)).fetchone() is None:
            return code
