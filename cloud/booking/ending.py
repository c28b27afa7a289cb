"""Cancels a reservation, and makes one of a hold: each a change of one row, which only one of two can make."""

from __future__ import annotations

from typing import Any

import asyncpg

from models.ids import LotId, ReservationId
from models.instants import Instant


class NotCancellable(Exception):
    """Its vehicle came, or its time is over."""


class NotHeld(Exception):
    """It isn't held any more: its hold ended, or it was cancelled."""


async def cancel(
    connection: asyncpg.Connection, tenant: str, lot: LotId, reservation: ReservationId, by: str, now: Instant
) -> None:
    """Cancelling twice is cancelling once. Raises NotCancellable, or LookupError where there is no such reservation.

    Its place is sold again when the lot says that it knows (`telling.free`): until then the code opens there. A hold
    has no code, so its place is free at once.
    """
    row = await connection.fetchrow(
        "UPDATE reservations SET status = 'CANCELLED', cancelled_at = $4, cancelled_by = $5,"
        " holds_place = status = 'BOOKED', to_tell = status = 'BOOKED'"
        " WHERE tenant_id = $1 AND lot_id = $2 AND id = $3 AND status IN ('HELD', 'BOOKED') AND end_time > $4"
        " RETURNING id",
        *(tenant, lot, reservation, now, by),
    )
    if row is None and (await _found(connection, tenant, lot, reservation))["status"] != "CANCELLED":
        raise NotCancellable


async def confirm(
    connection: asyncpg.Connection, tenant: str, lot: LotId, reservation: ReservationId, now: Instant
) -> None:
    """What was held is booked. Twice is once. Raises NotHeld, or LookupError."""
    row = await connection.fetchrow(
        "UPDATE reservations SET status = 'BOOKED', held_until = NULL, to_tell = true"
        " WHERE tenant_id = $1 AND lot_id = $2 AND id = $3 AND status = 'HELD' AND held_until >= $4 RETURNING id",
        *(tenant, lot, reservation, now),
    )
    if row is None and (await _found(connection, tenant, lot, reservation))["status"] not in ("BOOKED", "ARRIVED"):
        raise NotHeld


async def _found(connection: asyncpg.Connection, tenant: str, lot: LotId, reservation: ReservationId) -> Any:
    row = await connection.fetchrow(
        "SELECT status FROM reservations WHERE tenant_id = $1 AND lot_id = $2 AND id = $3", tenant, lot, reservation
    )
    if row is None:
        raise LookupError(reservation)
    return row
