"""Tells a lot whose store is new what the cloud last knew of it, in signed parts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

import asyncpg

from cloud.ingest import counted
from cloud.ingest.stays_known import stays_known
from models.digests import HISTORY
from models.effects import Table
from models.facts.digests import BEFORE_ALL
from models.ids import LotId
from models.tickets import ReservationStatus
from models.wire.restoring import (
    Known,
    KnownLane,
    KnownQuota,
    KnownReservation,
    RestoreAsked,
    RestorePart,
)
from models.wire.state_snapshots import checksum

_T = TypeVar("_T")
STAYS_IN_A_PART = 40
"""Keeps a part well below the size of an envelope, whatever their tariffs."""
RESERVATIONS_IN_A_PART = 200
SPOTS_IN_A_PART = ENTRIES_IN_A_PART = 500
_MOST = 20_000
_OVER = (ReservationStatus.ARRIVED, ReservationStatus.CANCELLED, ReservationStatus.EXPIRED)
_RESERVATIONS = """
    SELECT id::text AS reservation, spot_type, start_time, end_time, status FROM reservations
    WHERE lot_id = $1 AND (status = ANY($2::text[]) OR id = ANY($3::uuid[]))
    ORDER BY end_time DESC, id LIMIT $4"""
"""What is still to be booked in comes down as an intent. The latest first: an old code opens nothing by itself."""


async def answer(connection: asyncpg.Connection, asked: RestoreAsked) -> list[RestorePart]:
    """All parts of the answer, of one moment. At least one, also for a lot of which nothing is known."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        stays = await stays_known(connection, asked.lot, _MOST)
        lanes = await connection.fetch("SELECT name, state, hold FROM lane_states WHERE lot_id = $1", asked.lot)
        applied = await connection.fetchval("SELECT sum(seq) FROM streams WHERE lot_id = $1", asked.lot)
        on = [stay.reservation for stay in stays if stay.reservation is not None]
        rows = await connection.fetch(_RESERVATIONS, asked.lot, [str(status) for status in _OVER], on, _MOST)
        over = tuple(KnownReservation.model_validate(dict(row)) for row in rows)
        quotas = await connection.fetch(
            "SELECT spot_type, asked, kept, revision, kept_at FROM reservation_quotas WHERE lot_id = $1", asked.lot
        )
        told = await counted.told(connection, asked.lot)
        books = await counted.books(connection, asked.lot)
        spots = await counted.blocked_spots(connection, asked.lot)
        entries = await counted.entries(connection, asked.lot, _MOST)
        newest = [await _newest(connection, asked.lot, table) for table in HISTORY]
    told_lanes = tuple(KnownLane.model_validate(dict(lane)) for lane in lanes)
    kept = tuple(KnownQuota.model_validate(dict(quota)) for quota in quotas)
    whole = Known(applied=int(applied or 0), newest=max(newest), lanes=told_lanes, quotas=kept, told=told, books=books)
    known = [
        whole,
        *(Known(spots=some) for some in _cut(spots, SPOTS_IN_A_PART)),
        *(Known(entries=some) for some in _cut(entries, ENTRIES_IN_A_PART)),
        *(Known(reservations=some) for some in _cut(over, RESERVATIONS_IN_A_PART)),
        *(Known(stays=some) for some in _cut(stays, STAYS_IN_A_PART)),
    ]
    bodies = [part.model_dump_json() for part in known]
    total = checksum(bodies)
    return [
        RestorePart(lot=asked.lot, request=asked.request, number=number, parts=len(bodies), checksum=total, body=body)
        for number, body in enumerate(bodies)
    ]


def _cut(all: Sequence[_T], most: int) -> Iterator[tuple[_T, ...]]:
    for start in range(0, len(all), most):
        yield tuple(all[start : start + most])


async def _newest(connection: asyncpg.Connection, lot: LotId, table: Table) -> str:
    """The last id that begins with its time."""
    found = await connection.fetchval(
        f"SELECT id::text FROM {table} WHERE lot_id = $1 AND substr(id::text, 15, 1) = '7' ORDER BY id DESC LIMIT 1",
        lot,
    )
    return found or BEFORE_ALL
