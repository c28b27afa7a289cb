"""Keeps the last beacon of each lot: its present state, and whether its link is up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from models.ids import LotId
from models.instants import Instant
from models.wire.envelopes import Beacon, Malformed, unpack

_NUL = "\\u0000"


@dataclass(frozen=True, slots=True)
class Shown:
    """A beacon as it came. A retained one is news of the past: it doesn't count as a sign of life now."""

    beacon: Beacon
    received: Instant

    @classmethod
    def of(cls, lot: LotId, payload: bytes, at: Instant, *, retained: bool) -> Shown:
        """Raises Malformed for what isn't this lot's beacon, or couldn't be kept."""
        beacon = unpack(Beacon, payload)
        if beacon.lot != lot:
            raise Malformed("its lot isn't the topic's")
        if _NUL in beacon.model_dump_json():
            raise Malformed("it holds NUL")
        return cls(beacon, Instant(min(beacon.at or 0, at)) if retained else at)


async def keep_beacons(connection: asyncpg.Connection, shown: Sequence[Shown]) -> frozenset[LotId]:
    """Stores beacons of as many lots, and names the lots that aren't enrolled.

    A will only says that the link is gone, and leaves the last state standing.
    """
    # In one order, so that two processes never wait for each other.
    ordered = sorted(shown, key=lambda one: one.beacon.lot)
    lots = [one.beacon.lot for one in ordered]
    kept = await connection.fetch(
        "WITH kept AS (INSERT INTO beacons (tenant_id, lot_id, body, online, received_at)"
        " SELECT lot.tenant_id, lot.id, new.body::jsonb, new.online, new.received_at"
        " FROM unnest($1::text[], $2::text[], $3::boolean[], $4::bigint[]) AS new (lot, body, online, received_at)"
        " JOIN parking_lots AS lot ON lot.id::text = new.lot"
        " ON CONFLICT (lot_id) DO UPDATE SET online = excluded.online,"
        " body = CASE WHEN excluded.online THEN excluded.body ELSE beacons.body END,"
        " received_at = CASE WHEN excluded.online THEN greatest(beacons.received_at, excluded.received_at)"
        " ELSE beacons.received_at END RETURNING lot_id::text AS lot)"
        " SELECT lot FROM kept",
        lots,
        [one.beacon.model_dump_json() if one.beacon.online else "{}" for one in ordered],
        [one.beacon.online for one in ordered],
        [one.received for one in ordered],
    )
    return frozenset(lots) - {LotId(row["lot"]) for row in kept}
