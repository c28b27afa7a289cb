"""Whether SQLite can still find its way through a lot's file, table by table: damage beside the journal shows here."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from edge.store.trouble import DATABASE_ERRORS, in_words, is_damage


@dataclass(frozen=True, slots=True)
class Torn:
    """A table that isn't whole, or an index of it, and what SQLite says of it."""

    table: str
    why: str


def tables(connection: sqlite3.Connection) -> list[str]:
    """Their names; the list of them, with which the free pages are looked over, comes first."""
    rows = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    return ["sqlite_schema", *(row["name"] for row in rows)]


def torn(connection: sqlite3.Connection) -> Iterator[Torn]:
    """Each table that isn't whole. One read a table: none keeps the log from being emptied for as long as all would."""
    for table in tables(connection):
        why = _why(connection, table)
        if why != "ok":
            yield Torn(table, why)


def _why(connection: sqlite3.Connection, table: str) -> str:
    try:
        said = connection.execute(f"PRAGMA quick_check('{table}')").fetchone()[0]
    except DATABASE_ERRORS as wrong:
        if not is_damage(wrong):
            raise
        return in_words(wrong)
    return " ".join(line for line in said.splitlines() if not line.startswith("***"))
