"""Tells a lot whose store is new what the cloud last knew of it, in signed parts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import TypeVar

import asyncpg

from cloud.ingest import counted
from models.digests import HISTORY
from models.effects import Table
from models.facts.digests import BEFORE_ALL
from models.facts.restoring import RestoredEntry, RestoredPayment
from models.ids import LotId
from models.tickets import OPEN, PaymentStatus, ReservationStatus
from models.wire.restoring import (
    Known,
    KnownLane,
    KnownQuota,
    KnownReservation,
    KnownStay,
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
_STAYS = """
    SELECT t.id::text AS ticket, t.code, t.vehicle_id::text AS vehicle, v.license_plate, t.vehicle_type, t.entry_lane,
        l.floor_number AS floor, s.spot_number, t.entry_time AS entered, t.status, t.exit_lane, t.exit_time,
        t.settled_at, t.amount_due, t.amount_paid, t.currency, t.tariff, t.fee_bounded, t.refund_owed,
        t.serial, t.entered_by AS by, t.permit_id::text AS permit, t.account, t.reservation_id::text AS reservation,
        t.lost, t.entry_known, t.picture, t.validations
    FROM tickets t
    JOIN vehicles v ON v.lot_id = t.lot_id AND v.id = t.vehicle_id
    LEFT JOIN spots s ON s.lot_id = t.lot_id AND s.id = t.spot_id
    LEFT JOIN levels l ON l.lot_id = s.lot_id AND l.id = s.level_id
    WHERE t.lot_id = $1 AND (t.status = ANY($2::text[]) OR t.id IN (
        SELECT ticket_id FROM payments WHERE lot_id = $1 AND status = $3))
    ORDER BY t.id LIMIT $4"""

_OVER = (ReservationStatus.ARRIVED, ReservationStatus.CANCELLED, ReservationStatus.EXPIRED)
_RESERVATIONS = """
    SELECT id::text AS reservation, spot_type, start_time, end_time, status FROM reservations
    WHERE lot_id = $1 AND (status = ANY($2::text[]) OR id = ANY($3::uuid[]))
    ORDER BY end_time DESC, id LIMIT $4"""
"""What is still to be booked in comes down as an intent. The latest first: an old code opens nothing by itself."""


async def answer(connection: asyncpg.Connection, asked: RestoreAsked) -> list[RestorePart]:
    """All parts of the answer, of one moment. At least one, also for a lot of which nothing is known."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        stays = await _stays(connection, asked.lot)
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


async def _stays(connection: asyncpg.Connection, lot: LotId) -> Sequence[KnownStay]:
    """Everybody inside, and everybody who owes something."""
    rows = await connection.fetch(_STAYS, lot, [str(status) for status in OPEN], PaymentStatus.UNCOLLECTED.value, _MOST)
    paid: dict[str, list[RestoredPayment]] = defaultdict(list)
    for row in await connection.fetch(
        "SELECT id::text AS payment, ticket_id::text AS ticket, lane, amount, currency, method, reference, status, at,"
        " provider, charge_id::text AS charge"
        " FROM payments WHERE lot_id = $1 AND ticket_id = ANY($2::uuid[]) ORDER BY id",
        *(lot, [row["ticket"] for row in rows]),
    ):
        paid[row["ticket"]].append(RestoredPayment.model_validate(dict(row)))
    booked = await _booked(connection, lot, [row["ticket"] for row in rows])
    return [
        KnownStay.model_validate(
            {**row, "payments": paid.get(row["ticket"], []), "entries": booked.get(row["ticket"], [])}
        )
        for row in rows
    ]


async def _booked(connection: asyncpg.Connection, lot: LotId, tickets: Sequence[str]) -> dict[str, list[RestoredEntry]]:
    """What stands of them in the lot's books."""
    booked: dict[str, list[RestoredEntry]] = defaultdict(list)
    for row in await connection.fetch(
        "SELECT id::text AS entry, posting_id::text AS posting, ticket_id::text AS ticket, kind, account, amount,"
        " currency, payment_id::text AS payment, reverses::text AS reverses, day, given_by AS by, reason, at"
        " FROM ledger_entries WHERE lot_id = $1 AND ticket_id = ANY($2::uuid[]) ORDER BY id",
        *(lot, tickets),
    ):
        booked[row["ticket"]].append(RestoredEntry.model_validate(dict(row)))
    return booked
