"""Takes a snapshot of the lot's own tables, of one point of its stream, cut into bodies that fit into envelopes."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from edge.store import journal
from edge.store.database import looking_into
from edge.store.digests import Row, oldest_known, rows_of
from models.digests import OPEN_ROWS, PERSONAL, WHOLE, before, known, table_named
from models.effects import Table, Value
from models.facts.digests import BEFORE_ALL, Part
from models.ids import StreamId
from models.instants import Instant
from models.wire.chain import canonical
from models.wire.state_snapshots import Rows, body_of, columns_sent

BODY_BYTES = 48 * 1024
"""Of text: what is packed is smaller, and has to fit into an envelope whatever is in it."""
_ONE_BY_ONE = 100

_REFERS: dict[Table, tuple[tuple[str, Table], ...]] = {
    "tickets": (("vehicle_id", "vehicles"),),
    "payments": (("ticket_id", "tickets"),),
    "fee_corrections": (("ticket_id", "tickets"),),
    "ledger_entries": (("ticket_id", "tickets"),),
    "receipts": (("ticket_id", "tickets"),),
    "ticket_suspicions": (("ticket_id", "tickets"),),
    "ticket_mendings": (("ticket_id", "tickets"), ("other_id", "tickets")),
    "valet_stays": (("ticket_id", "tickets"),),
}
"""Columns by which rows refer to rows of tables that aren't in each snapshot whole."""


class Point(NamedTuple):
    """Where the lot's ledger stood when the snapshot was taken."""

    stream_id: StreamId
    seq: int
    hash: str
    oldest: str
    """Up to this id the lot may lack rows that there were"""


def take(store: Path, wanted: Sequence[Part], now: Instant, keep: Callable[[str], None]) -> Point | None:
    """Hands each body to `keep`, in order; all are of one moment. None: nothing has happened at this lot yet, or it
    waits for the cloud to tell it what was, and would only seem to differ.

    On a connection of its own, so that neither the lanes nor the link wait meanwhile. Raises StoreUnavailable.
    """
    with looking_into(store) as connection:
        connection.execute("BEGIN")  # what is read from here on is of one moment
        head = journal.head_of(connection, "ledger")
        if head is None or head.seq == 0 or _waits_to_be_told(connection):
            return None
        for table in WHOLE:
            _keep_whole(table, rows_of(connection, Part(table=table, which="all"), _more(table)), keep)
        for part in wanted:
            if known(part) and part.which != "all":
                _keep_run(connection, part, keep)
        return Point(head.stream_id, head.seq, head.hash, oldest_known(connection, now))


def _waits_to_be_told(connection: sqlite3.Connection) -> bool:
    return connection.execute("SELECT 1 FROM restorations WHERE ended_at IS NULL").fetchone() is not None


def _more(table: Table) -> tuple[str, ...]:
    return PERSONAL.get(table, ())


def _keep_run(connection: sqlite3.Connection, part: Part, keep: Callable[[str], None]) -> None:
    table = table_named(part.table)
    run = _from_the_oldest_open(connection, table, part) if part.which == "open" else part
    for rows, after, to in _cut(rows_of(connection, run, _more(table)), run):
        _keep_what_they_refer_to(connection, table, rows, keep)
        keep(body_of(Rows(table=table, which="run", after=after, to=to, rows=rows)))


def _from_the_oldest_open(connection: sqlite3.Connection, table: Table, part: Part) -> Part:
    """What is open at the lot is in it, and what is open in the cloud: it said after which id that begins."""
    row = connection.execute(f"SELECT min(id) AS id FROM {table} WHERE {OPEN_ROWS[table]}").fetchone()
    begins = [before(row["id"])] if row["id"] is not None else []
    begins += [part.after] if part.after != BEFORE_ALL else []
    newest = connection.execute(f"SELECT max(id) AS id FROM {table}").fetchone()["id"] or BEFORE_ALL
    return Part(table=table, which="run", after=min(begins, default=newest))


def _keep_what_they_refer_to(
    connection: sqlite3.Connection, table: Table, rows: Sequence[Row], keep: Callable[[str], None]
) -> None:
    """Before the rows themselves: the cloud may lack those too."""
    for column, other in _REFERS.get(table, ()):
        place = columns_sent(table).index(column)
        named = sorted({str(row[place]) for row in rows if row[place] is not None})
        found = tuple(_named(connection, other, named))
        _keep_what_they_refer_to(connection, other, found, keep)
        _keep_named(other, found, keep)


def _named(connection: sqlite3.Connection, table: Table, ids: Sequence[str]) -> Iterator[Row]:
    columns = ", ".join(columns_sent(table))
    for start in range(0, len(ids), _ONE_BY_ONE):
        some = ids[start : start + _ONE_BY_ONE]
        places = ", ".join("?" * len(some))
        for row in connection.execute(f"SELECT {columns} FROM {table} WHERE id IN ({places}) ORDER BY id", some):
            yield tuple(row)


def _keep_whole(table: Table, rows: Iterable[Row], keep: Callable[[str], None]) -> None:
    for some, after, to in _cut(rows, Part(table=table, which="all")):
        keep(body_of(Rows(table=table, which="all", after=after, to=to, rows=some)))


def _keep_named(table: Table, rows: Iterable[Row], keep: Callable[[str], None]) -> None:
    for some, _, _ in _cut(rows, Part(table=table, which="run")):
        if some:
            keep(body_of(Rows(table=table, which="named", rows=some)))


def _cut(rows: Iterable[Row], part: Part) -> Iterator[tuple[tuple[tuple[Value, ...], ...], str, str | None]]:
    """Runs of rows with the ids between which they are all there are: the last run ends where the part does."""
    held: list[Row] = []
    size, after = 0, part.after
    for row in rows:
        length = len(canonical(list(row)).encode())
        if held and size + length > BODY_BYTES:
            to = str(held[-1][0])
            yield tuple(held), after, to
            held, size, after = [], 0, to
        held.append(row)
        size += length
    yield tuple(held), after, part.to
