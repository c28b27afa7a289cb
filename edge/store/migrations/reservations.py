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


@migrations(name="0022_reservations_at_the_gate")
def reservations_at_the_gate(database: Database) -> None:
    running.run(
        database,
        # The cloud's word for it no longer stands; one that is given back then isn't good for anybody.
        "ALTER TABLE reservations ADD COLUMN withdrawn INTEGER NOT NULL DEFAULT 0",
        "UPDATE reservations SET withdrawn = 1 WHERE status = 'CANCELLED'",
        # By what rules its stay is charged, as they were when its vehicle came.
        "ALTER TABLE reservations ADD COLUMN charge_early INTEGER NOT NULL DEFAULT 1",
        "ALTER TABLE reservations ADD COLUMN leave_within INTEGER NOT NULL DEFAULT 600000000",
        "CREATE INDEX reservations_code ON reservations (code_hash) WHERE code_hash IS NOT NULL",
        "CREATE INDEX reservations_arrived ON reservations (end_time) WHERE status = 'ARRIVED'",
        "CREATE INDEX reservations_missed ON reservations (end_time) WHERE status = 'EXPIRED'",
        "CREATE INDEX reservations_user ON reservations (end_time) WHERE user_id IS NOT NULL",
        "CREATE INDEX reservations_end ON reservations (end_time)",
        "CREATE INDEX tickets_on_reservation ON tickets (reservation_id) WHERE reservation_id IS NOT NULL",
    )
