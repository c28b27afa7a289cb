"""How many spots of a lot are free, by level and by type."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import and_, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud.db.schema import IS_FREE, levels, parking_lots, spots, tickets
from cloud.queries.lots import counts, is_id
from models.spots import SpotType
from models.tickets import OPEN


@dataclass(frozen=True, slots=True)
class Count:
    total: int
    available: int


@dataclass(frozen=True, slots=True)
class Availability:
    """`total` counts every spot that the lot has, those under maintenance too; `available` only those that a
    vehicle may be sent to now. Removed spots count nowhere. `by_level` is keyed by floor number.

    A lot that counts vehicles without knowing spots has no levels and types: its open tickets are taken
    off its total.
    """

    total: int
    available: int
    by_level: dict[str, Count]
    by_type: dict[str, Count]


async def availability(connection: AsyncConnection, tenant: str, lot: str) -> Availability | None:
    """None when the tenant has no such lot."""
    if not is_id(lot):
        return None
    inside = select(func.count()).where(tickets.c.lot_id == parking_lots.c.id, tickets.c.status.in_(OPEN))
    found = await connection.execute(
        select(parking_lots.c.total_spots, inside.scalar_subquery().label("inside")).where(
            parking_lots.c.tenant_id == tenant, parking_lots.c.id == lot
        )
    )
    known = found.mappings().first()
    if known is None:
        return None
    rows = await connection.execute(
        select(
            levels.c.floor_number,
            spots.c.spot_type,
            func.count().label("total"),
            func.count().filter(IS_FREE).label("available"),
        )
        .join(levels, and_(levels.c.lot_id == spots.c.lot_id, levels.c.id == spots.c.level_id))
        .where(spots.c.lot_id == lot, spots.c.tenant_id == tenant, ~spots.c.removed)
        .group_by(levels.c.floor_number, spots.c.spot_type)
    )
    counted = [(floor, SpotType(kind), Count(total, free)) for floor, kind, total, free in rows]
    return summed(counted, known["total_spots"], known["inside"])


def summed(counted: Iterable[tuple[int, SpotType, Count]], total_spots: int, inside: int) -> Availability:
    """The answer from the counts of each floor and type; floors from the lowest, types from the tightest."""
    rows = list(counted)
    by_floor: dict[int, list[Count]] = defaultdict(list)
    by_type: dict[SpotType, list[Count]] = defaultdict(list)
    for floor, kind, count in rows:
        by_floor[floor].append(count)
        by_type[kind].append(count)
    every = _sum(count for _, _, count in rows)
    total, available = counts(every.total, every.available, total_spots, inside)
    return Availability(
        total=total,
        available=available,
        by_level={str(floor): _sum(by_floor[floor]) for floor in sorted(by_floor)},
        by_type={kind.value: _sum(by_type[kind]) for kind in SpotType if kind in by_type},
    )


def _sum(of: Iterable[Count]) -> Count:
    each = list(of)
    return Count(sum(count.total for count in each), sum(count.available for count in each))
