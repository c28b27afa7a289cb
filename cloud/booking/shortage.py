"""Where a lot keeps back fewer places than are sold, spots having gone out of service: a case for the operator."""

from __future__ import annotations

import asyncpg

from cloud.ingest.cases import Case, close_cases, open_case
from models.ids import LotId
from models.instants import Instant
from models.reservations.selling import FARTHEST, HOLD_MARGIN, LONGEST

KIND = "more_sold_than_kept"

_LOOKED_AT = """
    SELECT quota.tenant_id, quota.lot_id, quota.spot_type, quota.kept, opened.kind IS NOT NULL AS known,
        booked_peak_v1(quota.lot_id, quota.spot_type, $1, $2, $3) AS sold
    FROM reservation_quotas AS quota
    LEFT JOIN cases AS opened ON opened.lot_id = quota.lot_id AND opened.kind = 'more_sold_than_kept'
        AND opened.subject = quota.spot_type AND opened.closed_at IS NULL
    WHERE quota.kept < quota.asked OR opened.kind IS NOT NULL"""


async def look_for_shortages(connection: asyncpg.Connection, now: Instant) -> int:
    """Opens and closes what has changed; how many cases that were. Only a lot that keeps back less than it was asked
    for can lack places: fewer than are sold, it is never asked for."""
    changed = 0
    for row in await connection.fetch(_LOOKED_AT, now, now + FARTHEST + LONGEST, now - HOLD_MARGIN):
        lacking = row["sold"] - row["kept"]
        lot, spot_type = LotId(str(row["lot_id"])), row["spot_type"]
        if lacking > 0 and not row["known"]:
            why = (
                f"{row['sold']} {spot_type} places are sold at one moment from now on, and the lot can keep back"
                f" {row['kept']}: bring spots back into service, or cancel {lacking}"
            )
            await open_case(connection, str(row["tenant_id"]), lot, Case(KIND, spot_type, why), now)
            changed += 1
        elif lacking <= 0 and row["known"]:
            await close_cases(connection, lot, KIND, spot_type, now, "cloud", "there are places for all again")
            changed += 1
    return changed
