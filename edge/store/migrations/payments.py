"""Ways of paying: who was asked and can be asked again, debts paid together with a stay, what merchants take off."""

from __future__ import annotations

from sqlite_utils import Database

from edge.store.migrations import running
from edge.store.migrations.running import migrations


@migrations(name="0023_ways_of_paying")
def ways_of_paying(database: Database) -> None:
    running.run(
        database,
        "ALTER TABLE payments ADD COLUMN provider TEXT",
        "ALTER TABLE payments ADD COLUMN charge_id TEXT",
        "ALTER TABLE tickets ADD COLUMN validations TEXT NOT NULL DEFAULT '[]'",
        # The lane or station where it was asked for, and in whose books it then stands.
        "ALTER TABLE charges ADD COLUMN till TEXT",
        "ALTER TABLE charges ADD COLUMN provider TEXT",
        "ALTER TABLE charges_given_up ADD COLUMN provider TEXT",
        # Stored by the terminal until it reaches its bank, within what the lot lets it.
        "ALTER TABLE charges_given_up ADD COLUMN authorised INTEGER NOT NULL DEFAULT 0 CHECK (authorised IN (0, 1))",
        # Debts of former stays for which the same sum pays.
        """CREATE TABLE charged_debts (
            payment_id TEXT NOT NULL, debt_id TEXT NOT NULL, amount INTEGER NOT NULL,
            PRIMARY KEY (payment_id, debt_id)
        ) STRICT, WITHOUT ROWID""",
        "CREATE INDEX charged_debts_debt ON charged_debts (debt_id)",
        "CREATE INDEX payments_debts ON payments (ticket_id) WHERE status = 'UNCOLLECTED'",
        # The sum for which a person was called last: told once, not each time that the lane asks again.
        """CREATE TABLE sums_told (
            ticket_id TEXT PRIMARY KEY, amount INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID""",
    )
