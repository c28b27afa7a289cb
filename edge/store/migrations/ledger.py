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
        # What is counted without gaps: days closed, receipts.
        "CREATE TABLE ledger_counters (name TEXT PRIMARY KEY, last INTEGER NOT NULL) STRICT, WITHOUT ROWID",
    )
