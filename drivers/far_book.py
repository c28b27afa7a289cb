"""The books of a provider that is played here: what it took, stored and gave back, in a file that outlives the daemon.

It stands for the far end, so it knows nothing of the lot's own records. Each line is on the disk before it is told.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from drivers.money import Reported
from models.ids import PaymentId, RefundId
from models.instants import Instant
from models.money import Minor

_TABLES = """
    CREATE TABLE IF NOT EXISTS entries (
        payment TEXT PRIMARY KEY, amount INTEGER NOT NULL, currency TEXT NOT NULL, state TEXT NOT NULL,
        reference TEXT NOT NULL, at INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE IF NOT EXISTS refunds (
        refund TEXT PRIMARY KEY, payment TEXT NOT NULL, amount INTEGER NOT NULL, reference TEXT NOT NULL,
        at INTEGER NOT NULL
    ) STRICT;
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One payment. `state`: taken, stored, declined, or refused (never heard of, and won't be any more)."""

    payment: PaymentId
    amount: Minor
    currency: str
    state: str
    reference: str
    at: Instant


class FarBook:
    """`file` None: a book that is lost with the process."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._connection: sqlite3.Connection | None = None

    def entry(self, payment: PaymentId) -> Entry | None:
        row = self._opened().execute("SELECT * FROM entries WHERE payment = ?", (payment,)).fetchone()
        return None if row is None else Entry(*row)

    def write(self, entry: Entry) -> Entry:
        row = (entry.payment, entry.amount, entry.currency, entry.state, entry.reference, entry.at)
        self._opened().execute("INSERT OR IGNORE INTO entries VALUES (?, ?, ?, ?, ?, ?)", row)
        return self.entry(entry.payment) or entry

    def refuse(self, payment: PaymentId) -> None:
        """Whoever was told that nothing came can rely on it: it won't be taken later either."""
        self._opened().execute("INSERT OR IGNORE INTO entries VALUES (?, 0, '', 'refused', '', 0)", (payment,))

    def becomes(self, payment: PaymentId, state: str, at: Instant) -> Entry:
        self._opened().execute("UPDATE entries SET state = ?, at = ? WHERE payment = ?", (state, at, payment))
        found = self.entry(payment)
        assert found is not None
        return found

    def refund(self, payment: PaymentId, refund: RefundId, amount: Minor, reference: str, at: Instant) -> bool:
        """Gives back once; False: more than was taken, or never taken."""
        book = self._opened()
        if book.execute("SELECT 1 FROM refunds WHERE refund = ?", (refund,)).fetchone():
            return True
        entry = self.entry(payment)
        back = book.execute("SELECT coalesce(sum(amount), 0) FROM refunds WHERE payment = ?", (payment,)).fetchone()[0]
        if entry is None or entry.state != "taken" or back + amount > entry.amount:
            return False
        book.execute("INSERT INTO refunds VALUES (?, ?, ?, ?, ?)", (refund, payment, amount, reference, at))
        return True

    def report(self, since: Instant, until: Instant) -> Sequence[Reported]:
        rows = self._opened().execute(
            """SELECT payment, 'charge', amount, currency, reference, at, NULL FROM entries
                WHERE state = 'taken' AND at >= :since AND at < :until
            UNION ALL SELECT refunds.payment, 'refund', refunds.amount, currency, refunds.reference, refunds.at, refund
                FROM refunds JOIN entries ON entries.payment = refunds.payment
                WHERE refunds.at >= :since AND refunds.at < :until
            ORDER BY 6, 1""",
            {"since": since, "until": until},
        )
        return [Reported(*row) for row in rows]

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            where = ":memory:" if self._file is None else str(self._file)
            self._connection = sqlite3.connect(where, isolation_level=None)
            self._connection.executescript(_TABLES)
        return self._connection
