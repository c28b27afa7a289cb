"""Stays that say their number and by what right their vehicle is inside."""

from __future__ import annotations

from sqlite_utils import Database

from edge.store.migrations import running
from edge.store.migrations.running import migrations


@migrations(name="0018_by_what_right")
def by_what_right(database: Database) -> None:
    running.run(
        database,
        "ALTER TABLE tickets ADD COLUMN serial INTEGER",
        "ALTER TABLE tickets ADD COLUMN entered_by TEXT NOT NULL DEFAULT 'plate'",
        "ALTER TABLE tickets ADD COLUMN permit_id TEXT",
        "ALTER TABLE tickets ADD COLUMN account TEXT",
        "ALTER TABLE tickets ADD COLUMN reservation_id TEXT",
        "CREATE INDEX tickets_serial ON tickets (serial) WHERE serial IS NOT NULL",
        """CREATE INDEX tickets_by_right ON tickets (permit_id)
            WHERE permit_id IS NOT NULL AND status IN ('ADMITTED', 'ACTIVE', 'UNRESOLVED')""",
    )
