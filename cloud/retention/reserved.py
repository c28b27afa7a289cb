"""Masks the plates of reservations that are over, in their rows and in the intents that told the lot of them."""

from __future__ import annotations

import asyncpg

from cloud.retention.log import Deletion, record_erased
from cloud.retention.lot import KeptLot
from models.instants import Instant


async def mask_reservations(connection: asyncpg.Connection, lot: KeptLot, over: Instant, at: Instant, most: int) -> int:
    """Of those that ended up to `over`. What stands for the lot keeps its plate: it is sent again to a new machine, and
    ends a day after the reservation does."""
    rows = await connection.fetch(
        "UPDATE reservations SET license_plate = NULL WHERE lot_id = $1 AND id IN ("
        "SELECT id FROM reservations AS own WHERE lot_id = $1 AND license_plate IS NOT NULL AND end_time <= $2"
        " AND NOT EXISTS (SELECT 1 FROM standing_intents AS stands"
        " WHERE stands.lot_id = own.lot_id AND stands.subject = 'reservation:' || own.id) LIMIT $3)"
        " RETURNING id, end_time",
        *(lot.id, over, most),
    )
    subjects = [f"reservation:{row['id']}" for row in rows]
    await connection.execute(
        "UPDATE intents SET personal = NULL, salt = NULL WHERE lot_id = $1 AND subject = ANY($2::text[])",
        *(lot.id, subjects),
    )
    up_to = Instant(max((row["end_time"] for row in rows), default=0))
    await record_erased(connection, lot, Deletion("tickets", "plates of reservations", len(rows), up_to), at)
    return len(rows)
