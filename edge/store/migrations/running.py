"""How a migration is put on the list, and how its statements are run."""

from __future__ import annotations

from sqlite_utils import Database, Migrations

migrations = Migrations("parkgate")
"""In the order in which they are applied: that in which the files that hold them are read."""


def run(database: Database, *statements: str) -> None:
    for statement in statements:
        database.conn.execute(statement)
