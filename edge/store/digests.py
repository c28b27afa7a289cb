"""Writes down what the lot's tables say, for the cloud to compare: in the transaction whose state it describes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from edge.store.transaction import Transaction
from models.digests import (
    COLUMNS,
    HISTORY,
    LAYOUT,
    OPEN_ROWS,
    WHOLE,
    digest_of,
    oldest_compared,
    table_named,
)
from models.effects import Table, Value
from models.facts import StateDigested
from models.facts.digests import BEFORE_ALL, DigestedPart, Part
from models.ids import ENTROPY_BYTES, uuid7
from models.instants import Instant

NEWEST = 64
"""Rows of each table of what has happened that every digest covers."""
SLICE = 192
"""And so many more, each time the next ones."""

Row = tuple[Value, ...]


def digest(tx: Transaction) -> None:
    """Record the digest of what the lot holds now, and move the round on by one slice."""
    oldest = oldest_known(tx.connection, tx.at.wall)
    parts = [Part(table=table, which="all") for table in WHOLE]
    parts += [Part(table=table, which="open") for table in OPEN_ROWS]
    parts += [part for table in HISTORY for part in _runs(tx.connection, table, oldest)]
    digested: tuple[DigestedPart, ...] = tuple(digest_of(part, rows_of(tx.connection, part)) for part in parts)
    tx.record(StateDigested(layout=LAYOUT, digested=digested, at=tx.at.wall))


def oldest_known(connection: sqlite3.Connection, now: Instant) -> str:
    """Up to this id the lot may have forgotten rows, or never had them: they were made before its store was new."""
    row = connection.execute("SELECT max(at) AS at FROM restorations").fetchone()
    begun = BEFORE_ALL if row["at"] is None else uuid7(Instant(row["at"]), bytes(ENTROPY_BYTES))
    return max(begun, oldest_compared(now))


def rows_of(connection: sqlite3.Connection, part: Part, more: tuple[str, ...] = ()) -> Iterator[Row]:
    """The rows of a part in the order of their ids: the id, the columns that are compared, and `more` of them."""
    columns = ", ".join(("id", *COLUMNS[table_named(part.table)], *more))
    where, bounds = _where(part)
    # Open rows are found by their own index and then sorted: in the order of ids all of history would be walked.
    order = "+id" if part.which == "open" else "id"
    for row in connection.execute(f"SELECT {columns} FROM {part.table} WHERE {where} ORDER BY {order}", bounds):
        yield tuple(row)


def _where(part: Part) -> tuple[str, tuple[str, ...]]:
    if part.which == "open":
        return OPEN_ROWS[table_named(part.table)], ()
    return ("id > ?", (part.after,)) if part.to is None else ("id > ? AND id <= ?", (part.after, part.to))


def _runs(connection: sqlite3.Connection, table: Table, oldest: str) -> list[Part]:
    """The newest rows, and the next slice of the round before them; none older than `oldest`."""
    newest_after = _id_before_the_last(connection, table, oldest)
    newest = Part(table=table, which="run", after=newest_after)
    after = max(_reached(connection, table), oldest)
    if after >= newest_after:
        after = oldest  # the round begins anew
    if after >= newest_after:
        return [newest]
    to = min(_id_after(connection, table, after) or newest_after, newest_after)
    connection.execute(
        "INSERT INTO digest_rounds VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET reached = excluded.reached",
        (table, to),
    )
    return [Part(table=table, which="run", after=after, to=to), newest]


def _id_before_the_last(connection: sqlite3.Connection, table: Table, oldest: str) -> str:
    row = connection.execute(
        f"SELECT id FROM {table} WHERE id > ? ORDER BY id DESC LIMIT 1 OFFSET ?", (oldest, NEWEST)
    ).fetchone()
    return row["id"] if row else oldest


def _id_after(connection: sqlite3.Connection, table: Table, after: str) -> str | None:
    """The last id of the slice that begins after `after`; None: the table ends before."""
    found = f"SELECT id FROM {table} WHERE id > ? ORDER BY id LIMIT 1 OFFSET ?"
    row = connection.execute(found, (after, SLICE - 1)).fetchone()
    return row["id"] if row else None


def _reached(connection: sqlite3.Connection, table: Table) -> str:
    row = connection.execute("SELECT reached FROM digest_rounds WHERE name = ?", (table,)).fetchone()
    return row["reached"] if row else ""
