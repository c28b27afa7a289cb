"""What a person must see to about money, and how far each provider's report has been put beside the books."""

from __future__ import annotations

from sqlite_utils import Database

from edge.store.migrations import running
from edge.store.migrations.running import migrations


@migrations(name="0026_money_cases")
def money_cases(database: Database) -> None:
    running.run(
        database,
        # `moved`: charge or refund. `ours`, `theirs`: what each side says; NULL where it says nothing.
        """CREATE TABLE money_cases (
            number INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, provider TEXT NOT NULL, payment TEXT NOT NULL,
            moved TEXT NOT NULL, ours INTEGER, theirs INTEGER, currency TEXT NOT NULL, ticket TEXT,
            detail TEXT NOT NULL, found INTEGER NOT NULL, settled INTEGER, settled_by TEXT, settled_why TEXT
        ) STRICT""",
        "CREATE UNIQUE INDEX money_cases_open ON money_cases (provider, kind, payment, moved) WHERE settled IS NULL",
        # From `begun` on the books know of all that the provider takes; `until`, `at`: the last comparison, 0: none.
        """CREATE TABLE provider_reports (
            provider TEXT PRIMARY KEY, begun INTEGER NOT NULL, until INTEGER NOT NULL, at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID""",
    )
