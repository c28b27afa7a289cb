"""Forgets old refusals, passages, calls, orders, past faults and telemetry; tickets, money and the ledger stay."""

from __future__ import annotations

import asyncpg

from cloud.retention.log import Deletion, record_erased
from cloud.retention.lot import KeptLot
from models.instants import Instant

OTHERS = {
    "access_refusals": "at",
    "passages": "at",
    "help_calls": "at",
    "lane_orders": "at",
    "faults": "cleared_at",
}
"""Tables of what has happened, and when that was."""


async def forget_others(
    connection: asyncpg.Connection, lot: KeptLot, table: str, before: Instant, at: Instant, most: int
) -> int:
    """A passage that may have left a debt stays as long as the others: its plate has gone by then."""
    when = OTHERS[table]
    rows = await connection.fetch(
        f"DELETE FROM {table} WHERE lot_id = $1 AND id IN ("
        f"SELECT id FROM {table} WHERE lot_id = $1 AND {when} <= $2 LIMIT $3) RETURNING {when}",
        *(lot.id, before, most),
    )
    up_to = Instant(max((row[when] for row in rows), default=0))
    await record_erased(connection, lot, Deletion("tickets", table, len(rows), up_to), at)
    return len(rows)


async def forget_telemetry(
    connection: asyncpg.Connection, lot: KeptLot, before: Instant, at: Instant, most: int
) -> int:
    """The oldest facts of each telemetry; the last one that was applied stays, for the next window follows it."""
    rows = await connection.fetch(
        "DELETE FROM facts WHERE (lot_id, stream_id, seq) IN ("
        " SELECT streams.lot_id, streams.stream_id, oldest.seq FROM streams CROSS JOIN LATERAL ("
        "  SELECT seq, received_at FROM facts AS old WHERE old.lot_id = streams.lot_id"
        "  AND old.stream_id = streams.stream_id AND old.seq < streams.seq ORDER BY seq LIMIT $3) AS oldest (seq, got)"
        " WHERE streams.lot_id = $1 AND stream = 'telemetry' AND got <= $2) RETURNING received_at",
        *(lot.id, before, most),
    )
    up_to = Instant(max((row["received_at"] for row in rows), default=0))
    await record_erased(connection, lot, Deletion("telemetry", "facts of the telemetry", len(rows), up_to), at)
    return len(rows)
