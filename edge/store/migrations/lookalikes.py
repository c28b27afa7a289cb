"""What led to a stay at its exit, and the picture that was taken of the vehicle there."""

from __future__ import annotations

from sqlite_utils import Database

from edge.store.migrations import running
from edge.store.migrations.running import migrations


@migrations(name="0027_lookalikes")
def lookalikes(database: Database) -> None:
    running.run(
        database,
        "ALTER TABLE tickets ADD COLUMN exit_match TEXT",
        # The hash under which it lies.
        "ALTER TABLE tickets ADD COLUMN exit_picture TEXT",
    )
