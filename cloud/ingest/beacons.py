"""Keeps the last beacon of each lot: its present state, and whether its link is up."""

from __future__ import annotations

import asyncpg

from cloud.db.schema import LOTS_CHANGED
from cloud.ingest.apply import UnknownLot
from models.instants import Instant
from models.wire.envelopes import Beacon


async def keep_beacon(connection: asyncpg.Connection, beacon: Beacon, at: Instant, *, retained: bool) -> None:
    """Stores the beacon; a will only says that the link is gone, and leaves the last state standing.

    A retained beacon is news of the past: it doesn't count as a sign of life now. Raises UnknownLot.
    """
    received = min(beacon.at or 0, at) if retained else at
    body = beacon.model_dump_json() if beacon.online else "{}"
    async with connection.transaction():
        kept = await connection.execute(
            "INSERT INTO beacons (tenant_id, lot_id, body, online, received_at)"
            " SELECT tenant_id, id, $2::jsonb, $3, $4 FROM parking_lots WHERE id::text = $1"
            " ON CONFLICT (lot_id) DO UPDATE SET online = excluded.online,"
            " body = CASE WHEN excluded.online THEN excluded.body ELSE beacons.body END,"
            " received_at = CASE WHEN excluded.online THEN greatest(beacons.received_at, excluded.received_at)"
            " ELSE beacons.received_at END",
            *(beacon.lot, body, beacon.online, received),
        )
        if kept != "INSERT 0 1":
            raise UnknownLot(beacon.lot)
        await connection.execute("SELECT pg_notify($1, $2)", LOTS_CHANGED, beacon.lot)
