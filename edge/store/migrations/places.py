"""Spots in zones, and spots to which nobody is led."""

from __future__ import annotations

from sqlite_utils import Database

from edge.store.migrations import running
from edge.store.migrations.running import migrations


@migrations(name="0020_places")
def places(database: Database) -> None:
    running.run(
        database,
        "ALTER TABLE spots ADD COLUMN zone TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE spots ADD COLUMN blocked TEXT CHECK (blocked IN ('maintenance', 'unknown_vehicle'))",
        # Asked at each entry: counted by bay from the index alone, and within a bay the spots in their order.
        "DROP INDEX spots_free",
        "CREATE INDEX spots_bays ON spots (level_id, zone, spot_type, status, blocked, removed) WHERE removed = 0",
    )
