"""Goes on with the books of before: the cloud says what they came to, and up to which fact it had heard of them."""

from __future__ import annotations

from edge.parking.money import ledger
from edge.parking.money.closing import SHIFTS_CLOSED
from edge.parking.stays.numbering import TICKETS
from edge.parking.stays.restoring import unheard
from edge.store import Transaction
from models.facts import LedgerPosted
from models.wire.restoring import KnownBooks, Told

_TOTALS = "INSERT INTO ledger_totals (day, kind, account, currency, amount, lines) VALUES (?, ?, ?, ?, ?, ?)"
_POSTED_SINCE = f"""
    INSERT INTO ledger_totals (day, kind, account, currency, amount, lines)
    SELECT :day, body ->> 'kind', line.value ->> 'account', body ->> 'currency', sum(line.value ->> 'amount'), count(*)
    FROM journal, json_each(journal.body, '$.lines') AS line
    WHERE stream_id = :stream AND seq > :after AND seq <= :to AND journal.type = '{LedgerPosted.type}' GROUP BY 2, 3, 4
    ON CONFLICT DO UPDATE SET amount = amount + excluded.amount, lines = lines + excluded.lines"""


def take_over_books(tx: Transaction, books: KnownBooks, told: Told | None) -> None:
    """Numbers go on from the highest of both. What was posted here and isn't in the cloud's sums yet comes on top, all
    of it to the day that is open: no closed day's report has it."""
    counted = {
        ledger.DAYS_CLOSED: books.days_closed,
        SHIFTS_CLOSED: books.shifts_closed,
        ledger.RECEIPTS: books.receipts,
        TICKETS: books.tickets,
    }
    for what, last in counted.items():
        ledger.go_on_from(tx, what, last)
    tx.connection.execute("DELETE FROM ledger_totals")
    tx.connection.executemany(
        _TOTALS,
        [(each.day, each.kind, each.account, each.currency, each.amount, each.lines) for each in books.totals],
    )
    day = ledger.closed(tx.connection, ledger.DAYS_CLOSED) + 1
    for stream, after, to in unheard(tx.connection, told):
        tx.connection.execute(_POSTED_SINCE, {"day": day, "stream": stream, "after": after, "to": to})
