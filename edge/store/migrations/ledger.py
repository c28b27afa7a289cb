"""The lot's books: what was posted, and what it comes to by day."""

from __future__ import annotations

from sqlite_utils import Database

from edge.store.migrations import running
from edge.store.migrations.running import migrations


@migrations(name="0024_ledger")
def ledger(database: Database) -> None:
    running.run(
        database,
        """CREATE TABLE ledger_entries (
            id TEXT PRIMARY KEY, lot_id TEXT NOT NULL, posting_id TEXT NOT NULL, ticket_id TEXT REFERENCES tickets(id),
            kind TEXT NOT NULL, account TEXT NOT NULL, amount INTEGER NOT NULL, currency TEXT NOT NULL,
            payment_id TEXT, reverses TEXT, day INTEGER NOT NULL, given_by TEXT, reason TEXT,
            at INTEGER NOT NULL
        ) STRICT""",
        "CREATE INDEX ledger_entries_ticket ON ledger_entries (ticket_id) WHERE ticket_id IS NOT NULL",
        # A posting is reversed once.
        "CREATE INDEX ledger_entries_reverses ON ledger_entries (reverses) WHERE reverses IS NOT NULL",
        # What a day came to, also when its stays have been forgotten; and what a drawer holds: the sum of all days.
        """CREATE TABLE ledger_totals (
            day INTEGER NOT NULL, kind TEXT NOT NULL, account TEXT NOT NULL, currency TEXT NOT NULL,
            amount INTEGER NOT NULL, lines INTEGER NOT NULL,
            PRIMARY KEY (day, kind, account, currency)
        ) STRICT, WITHOUT ROWID""",
        "CREATE INDEX ledger_totals_account ON ledger_totals (account)",
        """CREATE TABLE closings (
            id TEXT PRIMARY KEY, lot_id TEXT NOT NULL, what TEXT NOT NULL CHECK (what IN ('day', 'shift')),
            number INTEGER NOT NULL, drawer TEXT, report TEXT NOT NULL, given_by TEXT NOT NULL, at INTEGER NOT NULL
        ) STRICT""",
        """CREATE TABLE receipts (
            id TEXT PRIMARY KEY, lot_id TEXT NOT NULL, number INTEGER NOT NULL,
            ticket_id TEXT NOT NULL REFERENCES tickets(id), total INTEGER NOT NULL, currency TEXT NOT NULL,
            said TEXT NOT NULL, at INTEGER NOT NULL
        ) STRICT""",
        "CREATE INDEX receipts_ticket ON receipts (ticket_id)",
        # Promised, and the provider hasn't said yet that the money is back: asked again under the same id.
        """CREATE TABLE refunds_due (
            refund_id TEXT PRIMARY KEY, ticket_id TEXT NOT NULL REFERENCES tickets(id), payment_id TEXT NOT NULL,
            provider TEXT NOT NULL, amount INTEGER NOT NULL, currency TEXT NOT NULL, given_by TEXT NOT NULL,
            reason TEXT NOT NULL, at INTEGER NOT NULL
        ) STRICT""",
        # What is counted without gaps: days closed, receipts.
        "CREATE TABLE ledger_counters (name TEXT PRIMARY KEY, last INTEGER NOT NULL) STRICT, WITHOUT ROWID",
    )
    _debts_can_be_written_off(database)


def _debts_can_be_written_off(database: Database) -> None:
    """A table's CHECK can't be changed: `payments` is made anew as it is by now, whatever columns it was given."""
    parts = database.conn.execute("SELECT type, sql FROM sqlite_master WHERE tbl_name = 'payments' AND sql NOT NULL")
    made, *indexes = [sql for _, sql in sorted(parts.fetchall(), key=lambda part: part[0] != "table")]
    running.run(
        database,
        "ALTER TABLE payments RENAME TO payments_before",
        made.replace("'UNCOLLECTED')", "'UNCOLLECTED', 'WRITTEN_OFF')"),
        "INSERT INTO payments SELECT * FROM payments_before ORDER BY rowid",
        "DROP TABLE payments_before",
        *indexes,
    )
