"""Sells one place in one question to PostgreSQL: who asks twice under one key has one reservation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import asyncpg

from models.ids import LotId, ReservationId
from models.instants import Instant
from models.plates import Plate
from models.reservations.peak import Span
from models.reservations.selling import HOLD_MARGIN, WhyNot, why_not
from models.spots import SpotType

Refusal = Literal["no_quota", "unsettled", "sold_out", "key_reused"]
"""`no_quota`: the lot keeps nothing back of that type. `unsettled`: nobody knows what was sold, for the cloud was
restored from a copy. `key_reused`: the key stands for another reservation."""

_BOOK = "SELECT * FROM book_place_v1($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"


class NotSold(Exception):
    """Nothing was sold. The code says why."""

    def __init__(self, why: Refusal | WhyNot) -> None:
        super().__init__(why)
        self.why: Refusal | WhyNot = why


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody wants to book. `key`: the same for the same wish, however often it is asked for."""

    lot: LotId
    spot_type: SpotType
    span: Span
    by: str
    key: str | None = None
    plate: Plate | None = None
    user: str | None = None
    hold_until: Instant | None = None
    """Only kept for somebody who pays meanwhile: `confirm` makes it a reservation"""


@dataclass(frozen=True, slots=True)
class Sold:
    """`anew` False: it had been sold before, under this key."""

    reservation: ReservationId
    anew: bool


async def sell(
    connection: asyncpg.Connection, tenant: str, wanted: Wanted, id: ReservationId, code_hash: str, now: Instant
) -> Sold:
    """Committed when it returns, unless the caller has a transaction open. Raises NotSold.

    `id` and the hash of its code are the new reservation's; where it was sold before they are of no use.
    """
    refusal = why_not(wanted.span, now)
    if refusal is not None:
        known = await _known(connection, tenant, wanted)
        if known is None:
            raise NotSold(refusal)
        return _same(wanted, known)
    row = await connection.fetchrow(
        _BOOK,
        *(tenant, wanted.lot, id, wanted.spot_type.value, wanted.span.start, wanted.span.end),
        *(wanted.plate, wanted.user, code_hash, wanted.key, wanted.by, now, wanted.hold_until, now - HOLD_MARGIN),
    )
    assert row is not None
    match row["outcome"]:
        case "booked":
            return Sold(id, anew=True)
        case "known":
            known = await _known(connection, tenant, wanted)
            assert known is not None  # reservations aren't deleted
            return _same(wanted, known)
        case why:
            raise NotSold(why)


async def _known(connection: asyncpg.Connection, tenant: str, wanted: Wanted) -> Any | None:
    if wanted.key is None:
        return None
    return await connection.fetchrow(
        "SELECT * FROM reservations WHERE tenant_id = $1 AND request_key = $2", tenant, wanted.key
    )


def _same(wanted: Wanted, known: Any) -> Sold:
    """A plate isn't compared once it was masked."""
    of = (str(known["lot_id"]), known["spot_type"], known["start_time"], known["end_time"])
    asked = (wanted.lot, wanted.spot_type.value, wanted.span.start, wanted.span.end)
    plates = known["license_plate"], wanted.plate
    if of != asked or (None not in plates and plates[0] != plates[1]):
        raise NotSold("key_reused")
    return Sold(ReservationId(str(known["id"])), anew=False)


async def free_places(
    connection: asyncpg.Connection, lot: LotId, spot_type: SpotType, span: Span, now: Instant
) -> tuple[int, int]:
    """How many places could be sold of that time now, and how many the lot keeps back for sale in all."""
    row = await connection.fetchrow(
        "SELECT coalesce(booking_room_v1($1, $2), 0) AS room, booked_peak_v1($1, $2, $3, $4, $5) AS sold",
        *(lot, spot_type.value, span.start, span.end, now - HOLD_MARGIN),
    )
    assert row is not None
    return max(0, row["room"] - row["sold"]), row["room"]
