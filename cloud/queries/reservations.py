"""The reservations of a lot, by when they begin, a page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import BigInteger, RowMapping, Uuid, literal, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud.db.schema import policies, reservations
from cloud.queries.lots import is_id
from models.ids import LotId, ReservationId
from models.instants import Instant
from models.plates import Plate
from models.spots import SpotType
from models.tickets import ReservationStatus


@dataclass(frozen=True, slots=True)
class ReservationView:
    """`plate` is in clear: mask it for whoever may not read plates. `at_the_lot`: the lot has said that it knows how it
    stands, as booked or as cancelled."""

    id: ReservationId
    lot: LotId
    status: ReservationStatus
    spot_type: SpotType
    start: Instant
    end: Instant
    plate: str | None
    user: str | None
    booked_at: Instant | None
    booked_by: str | None
    held_until: Instant | None
    cancelled_at: Instant | None
    cancelled_by: str | None
    at_the_lot: bool


@dataclass(frozen=True, slots=True)
class ReservationFilter:
    """None asks for any."""

    status: ReservationStatus | None = None
    plate: Plate | None = None
    begins_from: Instant | None = None
    begins_before: Instant | None = None


Place = tuple[Instant, ReservationId]
"""Where a page ended: the beginning and id of its last reservation."""


@dataclass(frozen=True, slots=True)
class ReservationPage:
    reservations: Sequence[ReservationView]
    next: Place | None
    """Ask for the page after this; None at the end."""


async def find_reservation(
    connection: AsyncConnection, tenant: str, lot: str, reservation: str
) -> ReservationView | None:
    if not (is_id(lot) and is_id(reservation)):
        return None
    mine = (reservations.c.tenant_id == tenant) & (reservations.c.lot_id == lot)
    row = (await connection.execute(_VIEWED.where(mine, reservations.c.id == reservation))).mappings().first()
    return None if row is None else _view(row)


async def reservations_page(
    connection: AsyncConnection,
    tenant: str,
    lot: str,
    which: ReservationFilter = ReservationFilter(),
    after: Place | None = None,
    limit: int = 50,
) -> ReservationPage:
    """By their beginning, the earliest first."""
    if not is_id(lot):
        return ReservationPage((), None)
    columns = reservations.c
    query = (
        _VIEWED.where(columns.tenant_id == tenant, columns.lot_id == lot)
        .order_by(columns.start_time, columns.id)
        .limit(limit + 1)
    )
    if which.status is not None:
        query = query.where(columns.status == which.status)
    if which.plate is not None:
        query = query.where(columns.license_plate == which.plate)
    if which.begins_from is not None:
        query = query.where(columns.start_time >= which.begins_from)
    if which.begins_before is not None:
        query = query.where(columns.start_time < which.begins_before)
    if after is not None:
        at, id = literal(after[0], BigInteger), literal(after[1], Uuid(as_uuid=False))
        query = query.where(tuple_(columns.start_time, columns.id) > tuple_(at, id))
    found = [_view(row) for row in (await connection.execute(query)).mappings()]
    page = found[:limit]
    return ReservationPage(page, (page[-1].start, page[-1].id) if len(found) > limit else None)


_VIEWED = select(reservations, policies.c.acked).outerjoin(policies, policies.c.lot_id == reservations.c.lot_id)


def _view(row: RowMapping) -> ReservationView:
    told = row["ended_revision"] or row["made_revision"]
    return ReservationView(
        id=row["id"],
        lot=row["lot_id"],
        status=ReservationStatus(row["status"]),
        spot_type=SpotType(row["spot_type"]),
        start=row["start_time"],
        end=row["end_time"],
        plate=row["license_plate"],
        user=row["user_id"],
        booked_at=row["booked_at"],
        booked_by=row["booked_by"],
        held_until=row["held_until"],
        cancelled_at=row["cancelled_at"],
        cancelled_by=row["cancelled_by"],
        at_the_lot=told is not None and not row["to_tell"] and told <= (row["acked"] or 0),
    )
