"""Permits with limits, accounts, and vehicles that are barred."""

from __future__ import annotations

from sqlite_utils import Database

from edge.store.migrations import running
from edge.store.migrations.running import migrations


@migrations(name="0021_lists")
def lists(database: Database) -> None:
    running.run(
        database,
        # What later versions of the intent say more than the first, as JSON.
        "ALTER TABLE permits ADD COLUMN terms TEXT NOT NULL DEFAULT '{}'",
        "ALTER TABLE permits ADD COLUMN account TEXT",
        """UPDATE permits SET account = (
            SELECT json_extract(body, '$.account') FROM intents WHERE subject = 'permit:' || permits.id)""",
        "CREATE TABLE account_limits (account TEXT PRIMARY KEY, in_at_a_time INTEGER NOT NULL) STRICT, WITHOUT ROWID",
        """CREATE TABLE barred (
            id TEXT PRIMARY KEY, license_plates TEXT NOT NULL, reason TEXT NOT NULL, action TEXT NOT NULL,
            until INTEGER
        ) STRICT, WITHOUT ROWID""",
        # How often a pass has let in that were stays which the lot keeps no longer.
        "CREATE TABLE entries_forgotten (permit_id TEXT PRIMARY KEY, entries INTEGER NOT NULL) STRICT, WITHOUT ROWID",
        """CREATE INDEX tickets_of_account ON tickets (account)
            WHERE account IS NOT NULL AND status IN ('ADMITTED', 'ACTIVE', 'UNRESOLVED')""",
        """CREATE INDEX tickets_of_permit ON tickets (permit_id)
            WHERE permit_id IS NOT NULL AND status != 'VOIDED'""",
    )
