"""Reservations at the gate, and the places kept back for them."""

from __future__ import annotations

from sqlite_utils import Database

from edge.store.migrations import running
from edge.store.migrations.running import migrations


@migrations(name="0019_reservations")
def reservations(database: Database) -> None:
    # One that came by its code alone has no user here: a column can't lose its NOT NULL, so the table is made anew.
    running.run(
        database,
        """CREATE TABLE reservation_quotas (
            id TEXT PRIMARY KEY, lot_id TEXT NOT NULL, spot_type TEXT NOT NULL UNIQUE, asked INTEGER NOT NULL,
            kept INTEGER NOT NULL, revision INTEGER NOT NULL, kept_at INTEGER NOT NULL
        ) STRICT""",
        # What the cloud wants kept back; what is kept is said by `quota.kept`.
        """CREATE TABLE quotas_asked (
            spot_type TEXT PRIMARY KEY, places INTEGER NOT NULL, revision INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID""",
        "ALTER TABLE reservations RENAME TO reservations_before",
        """CREATE TABLE reservations (
            id TEXT PRIMARY KEY, lot_id TEXT NOT NULL, spot_type TEXT NOT NULL, spot_id TEXT REFERENCES spots(id),
            user_id TEXT, start_time INTEGER NOT NULL, end_time INTEGER NOT NULL, status TEXT NOT NULL,
            code_hash TEXT, license_plate TEXT
        ) STRICT""",
        """INSERT INTO reservations SELECT id, lot_id, spot_type, spot_id, user_id, start_time, end_time, status,
            code_hash, license_plate FROM reservations_before ORDER BY rowid""",
        "DROP TABLE reservations_before",
        "CREATE INDEX reservations_booked ON reservations (start_time) WHERE status = 'BOOKED'",
        "CREATE INDEX reservations_plate ON reservations (license_plate) WHERE license_plate IS NOT NULL",
    )
