"""Sells places, in one question to PostgreSQL: who asks twice under one key has one reservation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

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

_COLUMNS = [
    "uuid",
    "uuid",
    "uuid",
    "text",
    "bigint",
    "bigint",
    "text",
    "uuid",
    "text",
    "text",
    "text",
    "bigint",
    "bigint",
    "bigint",
]
_BOOK = (
    "SELECT booked.outcome FROM unnest("
    + ", ".join(f"${number}::{type}[]" for number, type in enumerate(_COLUMNS, 1))
    + ") WITH ORDINALITY AS asked (a, b, c, d, e, f, g, h, i, j, k, l, m, n, number)"
    " CROSS JOIN LATERAL book_place_v1(a, b, c, d, e, f, g, h, i, j, k, l, m, n) AS booked ORDER BY number"
)
"""In turn, each seeing what the ones before it have done."""


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


@dataclass(frozen=True, slots=True)
class Request:
    """`id` and the hash of its code are the new reservation's; where it was sold before they are of no use."""

    tenant: str
    wanted: Wanted
    id: ReservationId
    code_hash: str
    now: Instant

    @property
    def row(self) -> tuple[object, ...]:
        wanted, span = self.wanted, self.wanted.span
        return (
            *(self.tenant, wanted.lot, self.id, wanted.spot_type.value, span.start, span.end, wanted.plate),
            *(wanted.user, self.code_hash, wanted.key, wanted.by, self.now, wanted.hold_until),
            self.now - HOLD_MARGIN,
        )


async def sell(connection: asyncpg.Connection, request: Request) -> Sold:
    """Committed when it returns, unless the caller has a transaction open. Raises NotSold."""
    [answer] = await sell_together(connection, [request])
    if isinstance(answer, NotSold):
        raise answer
    return answer


async def sell_together(connection: asyncpg.Connection, requests: Sequence[Request]) -> list[Sold | NotSold]:
    """Of each what came of it, all in one transaction: it is the commits that take time, not the sales.

    Lots are locked in the order of their ids, so that two who do this at once don't wait for each other.
    """
    order = sorted(range(len(requests)), key=lambda at: (requests[at].wanted.lot, requests[at].wanted.spot_type.value))
    sold_at_all = [at for at in order if why_not(requests[at].wanted.span, requests[at].now) is None]
    outcomes: dict[int, str] = {}
    if sold_at_all:
        columns = [list(column) for column in zip(*(requests[at].row for at in sold_at_all), strict=True)]
        outcomes = dict(
            zip(sold_at_all, [row["outcome"] for row in await connection.fetch(_BOOK, *columns)], strict=True)
        )
    return [await _answer(connection, request, outcomes.get(at)) for at, request in enumerate(requests)]


async def _answer(connection: asyncpg.Connection, request: Request, outcome: str | None) -> Sold | NotSold:
    """`outcome` None: its time isn't sold at all, but it may have been when it was first asked for."""
    if outcome == "booked":
        return Sold(request.id, anew=True)
    if outcome in ("known", None):
        known = await _known(connection, request.tenant, request.wanted)
        if known is not None:
            return _same(request.wanted, known)
        outcome = why_not(request.wanted.span, request.now)
    assert outcome is not None  # reservations aren't deleted
    return NotSold(cast("Refusal | WhyNot", outcome))


async def _known(connection: asyncpg.Connection, tenant: str, wanted: Wanted) -> Any | None:
    if wanted.key is None:
        return None
    return await connection.fetchrow(
        "SELECT * FROM reservations WHERE tenant_id = $1 AND request_key = $2", tenant, wanted.key
    )


def _same(wanted: Wanted, known: Any) -> Sold | NotSold:
    """A plate isn't compared once it was masked."""
    of = (str(known["lot_id"]), known["spot_type"], known["start_time"], known["end_time"])
    asked = (wanted.lot, wanted.spot_type.value, wanted.span.start, wanted.span.end)
    plates = known["license_plate"], wanted.plate
    if of != asked or (None not in plates and plates[0] != plates[1]):
        return NotSold("key_reused")
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
