"""Tickets that a person looks after: lost ones, merged and split ones, odd ones, and vehicles with an attendant."""

from __future__ import annotations

from sqlite_utils import Database

from edge.store.migrations import running
from edge.store.migrations.running import migrations


@migrations(name="0025_tickets_looked_after")
def tickets_looked_after(database: Database) -> None:
    running.run(
        database,
        "ALTER TABLE tickets ADD COLUMN lost INTEGER NOT NULL DEFAULT 0 CHECK (lost IN (0, 1))",
        # Whether anybody knows when the vehicle came.
        "ALTER TABLE tickets ADD COLUMN entry_known INTEGER NOT NULL DEFAULT 1 CHECK (entry_known IN (0, 1))",
        # The hash under which the picture of its entry lies.
        "ALTER TABLE tickets ADD COLUMN picture TEXT",
        # The ticket that stands for this stay, since a person said that the two are of one.
        "ALTER TABLE tickets ADD COLUMN merged_into TEXT",
        "CREATE INDEX tickets_entered ON tickets (entry_time)",
        """CREATE TABLE ticket_suspicions (
            id TEXT PRIMARY KEY, lot_id TEXT NOT NULL, kind TEXT NOT NULL, ticket_id TEXT NOT NULL, other_id TEXT,
            lane TEXT NOT NULL, done TEXT NOT NULL, at INTEGER NOT NULL
        ) STRICT""",
        "CREATE INDEX ticket_suspicions_ticket ON ticket_suspicions (ticket_id)",
        """CREATE TABLE ticket_mendings (
            id TEXT PRIMARY KEY, lot_id TEXT NOT NULL, kind TEXT NOT NULL, ticket_id TEXT NOT NULL,
            other_id TEXT NOT NULL, given_by TEXT NOT NULL, reason TEXT NOT NULL, at INTEGER NOT NULL,
            was TEXT NOT NULL, undone_at INTEGER, undone_by TEXT, undone_reason TEXT
        ) STRICT""",
        "CREATE INDEX ticket_mendings_ticket ON ticket_mendings (ticket_id)",
        "CREATE INDEX ticket_mendings_other ON ticket_mendings (other_id)",
        """CREATE TABLE valet_stays (
            id TEXT PRIMARY KEY, lot_id TEXT NOT NULL, ticket_id TEXT NOT NULL, tag TEXT NOT NULL,
            state TEXT NOT NULL, taken_by TEXT NOT NULL, taken_at INTEGER NOT NULL, spot_id TEXT, place TEXT,
            parked_at INTEGER, called_at INTEGER, fetching_by TEXT, ready_at INTEGER, handed_back_at INTEGER,
            handed_back_by TEXT, against TEXT, reason TEXT
        ) STRICT""",
        # A tag hangs on one key at a time.
        "CREATE UNIQUE INDEX valet_stays_tag ON valet_stays (tag) WHERE state != 'handed_back'",
        # The order in which drivers have called, which no clock can turn round.
        "CREATE TABLE valet_calls (ticket_id TEXT PRIMARY KEY, number INTEGER NOT NULL) STRICT, WITHOUT ROWID",
    )
