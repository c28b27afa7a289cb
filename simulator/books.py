"""Compares a lot's books with the cloud's, field by field, reading both databases from outside."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg

TABLES = (
    *("levels", "spots", "vehicles", "tickets", "payments", "access_refusals", "faults"),
    *("lane_states", "lane_orders", "passages", "help_calls", "fee_corrections", "taken_commands", "deletions"),
    *("ledger_entries", "closings", "receipts", "reservation_quotas"),
    *("ticket_suspicions", "ticket_mendings", "valet_stays"),
)
FACT_FIELDS = (
    *("stream_id", "seq", "type", "version", "boot_id", "monotonic", "wall", "synced"),
    *("body", "salt", "hash"),
)

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where the two don't agree. A row that one side lacks differs in the column `*`."""

    table: str
    id: str
    column: str
    at_lot: Any
    in_cloud: Any

    def __str__(self) -> str:
        return f"{self.table} {self.id} {self.column}: lot {self.at_lot!r}, cloud {self.in_cloud!r}"


@dataclass(frozen=True, slots=True)
class Books:
    """All rows of one lot, by table and id, and its ledger by `stream/seq`.

    `received` is when the cloud took in each fact (UTC, microseconds); the lot has none. `acknowledged` are the
    facts that the lot believes to be in the cloud.
    """

    rows: dict[str, dict[str, Row]]
    received: dict[str, int] = field(default_factory=dict[str, int])
    acknowledged: frozenset[str] = frozenset()

    @property
    def tickets(self) -> dict[str, Row]:
        return self.rows["tickets"]

    @property
    def facts(self) -> int:
        return len(self.rows["facts"])


def lot_books(store: Path) -> Books:
    """What the lot's SQLite says."""
    with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        rows = {
            table: {row["id"]: dict(row) for row in connection.execute(f"SELECT * FROM {table}")} for table in TABLES
        }
        ledger = connection.execute(
            f"SELECT {', '.join(FACT_FIELDS)} FROM journal "
            "WHERE stream_id IN (SELECT stream_id FROM streams WHERE stream = 'ledger') ORDER BY stream_id, seq"
        )
        rows["facts"] = {f"{row['stream_id']}/{row['seq']}": dict(row) for row in ledger}
        reached = {row["stream_id"]: row["acked"] for row in connection.execute("SELECT * FROM streams")}
    acknowledged = (key for key, fact in rows["facts"].items() if fact["seq"] <= reached[fact["stream_id"]])
    return Books(rows, acknowledged=frozenset(acknowledged))


async def cloud_books(database_url: str, lot: str) -> Books:
    """What the cloud's PostgreSQL says of that lot."""
    connection = await asyncpg.connect(database_url)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            rows: dict[str, dict[str, Row]] = {}
            for table in TABLES:
                found = await connection.fetch(f"SELECT * FROM {table} WHERE lot_id = $1", UUID(lot))
                rows[table] = {str(row["id"]): _plain(row) for row in found}
            ledger = await connection.fetch(
                f"""SELECT {", ".join(FACT_FIELDS)}, received_at FROM facts
                    WHERE lot_id = $1 AND stream = 'ledger' ORDER BY stream_id, seq""",
                UUID(lot),
            )
            rows["facts"] = {f"{row['stream_id']}/{row['seq']}": _plain(row) for row in ledger}
    finally:
        await connection.close()
    return Books(rows, {key: row.pop("received_at") for key, row in rows["facts"].items()})


def differences(lot: Books, cloud: Books) -> list[Difference]:
    """Every field of every row in which the cloud doesn't say what the lot says; empty when they are equal."""
    return [
        difference
        for table, at_lot in lot.rows.items()
        for id in sorted(at_lot.keys() | cloud.rows[table].keys())
        for difference in _row_differences(table, id, at_lot.get(id), cloud.rows[table].get(id))
    ]


def _row_differences(table: str, id: str, at_lot: Row | None, in_cloud: Row | None) -> list[Difference]:
    if at_lot is None or in_cloud is None:
        return [
            Difference(
                table, id, "*", "missing" if at_lot is None else "there", "missing" if in_cloud is None else "there"
            )
        ]
    return [
        Difference(table, id, column, value, in_cloud.get(column, "no such column"))
        for column, value in at_lot.items()
        if in_cloud.get(column, "no such column") != value
    ]


def _plain(row: asyncpg.Record) -> Row:
    """Ids as text and booleans as 0 and 1, as SQLite keeps them."""
    return {column: _value(value) for column, value in row.items()}


def _value(value: Any) -> Any:
    if isinstance(value, UUID):
        return str(value)
    return int(value) if isinstance(value, bool) else value
