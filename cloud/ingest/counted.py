"""What a lot counts, as far as the cloud has heard of it: for a lot whose store is new."""

from __future__ import annotations

import asyncpg

from models.ids import LotId
from models.wire.restoring import KnownBooks, KnownEntries, KnownSpot, KnownTotal, Told

_LAST = """
    SELECT coalesce(max(number) FILTER (WHERE what = 'day'), 0) AS days_closed,
        coalesce(max(number) FILTER (WHERE what = 'shift'), 0) AS shifts_closed,
        (SELECT coalesce(max(number), 0) FROM receipts WHERE lot_id = $1) AS receipts,
        (SELECT coalesce(max(serial), 0) FROM tickets WHERE lot_id = $1) AS tickets,
        max(id::text) FILTER (WHERE what = 'day') AS last_day
    FROM closings WHERE lot_id = $1"""

# What was posted by a store that didn't know its day (0) is of the day that is open, unless one was closed since.
_TOTALS = """
    SELECT CASE WHEN day > $2 OR (day = 0 AND ($3::uuid IS NULL OR id > $3::uuid)) THEN $2 + 1 ELSE $2 END AS day,
        kind, account, currency, sum(amount)::bigint AS amount, count(*) AS lines
    FROM ledger_entries WHERE lot_id = $1 GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4"""

# Permits of which it doesn't matter are left out; those of the lot's own file are known to nobody else.
_ENTRIES = """
    SELECT permit_id::text AS permit, count(*) AS entries FROM tickets
    WHERE lot_id = $1 AND permit_id IS NOT NULL AND status <> 'VOIDED' AND NOT EXISTS (
        SELECT 1 FROM standing_intents AS standing JOIN intents USING (lot_id, subject, revision)
        WHERE standing.lot_id = $1 AND subject = 'permit:' || permit_id::text
            -- A NUL in some other word of it can't be read as JSON: it is counted then.
            AND CASE WHEN position('\\u0000' IN intents.body) = 0 THEN intents.body::jsonb ->> 'entries' IS NULL END)
    GROUP BY permit_id ORDER BY permit_id LIMIT $2"""

_SPOTS = """
    SELECT floor_number AS floor, spot_number, blocked FROM spots
    JOIN levels ON levels.lot_id = spots.lot_id AND levels.id = spots.level_id
    WHERE spots.lot_id = $1 AND blocked IS NOT NULL AND NOT removed ORDER BY floor_number, spot_number"""


async def told(connection: asyncpg.Connection, lot: LotId) -> Told | None:
    """None for a lot of whose ledger nothing has come."""
    row = await connection.fetchrow(
        "SELECT stream_id::text, seq FROM streams WHERE lot_id = $1 AND stream = 'ledger' AND current", lot
    )
    return None if row is None else Told(stream_id=row["stream_id"], seq=row["seq"])


async def books(connection: asyncpg.Connection, lot: LotId) -> KnownBooks:
    last = await connection.fetchrow(_LAST, lot)
    assert last is not None
    totals = await connection.fetch(_TOTALS, lot, last["days_closed"], last["last_day"])
    return KnownBooks(
        days_closed=last["days_closed"],
        shifts_closed=last["shifts_closed"],
        receipts=last["receipts"],
        tickets=last["tickets"],
        totals=tuple(KnownTotal.model_validate(dict(row)) for row in totals),
    )


async def entries(connection: asyncpg.Connection, lot: LotId, most: int) -> list[KnownEntries]:
    """Also of permits that count no entries, where the cloud doesn't know that."""
    return [KnownEntries.model_validate(dict(row)) for row in await connection.fetch(_ENTRIES, lot, most)]


async def blocked_spots(connection: asyncpg.Connection, lot: LotId) -> list[KnownSpot]:
    return [KnownSpot.model_validate(dict(row)) for row in await connection.fetch(_SPOTS, lot)]
