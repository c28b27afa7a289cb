"""What the overview knows of each lot: one card a lot, read from PostgreSQL, one query a subject."""

from __future__ import annotations

import zoneinfo
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import BigInteger, Uuid, and_, column, func, select, values
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud.db.schema import IS_FREE, levels, payments, spots, tickets
from cloud.queries import Alarm, LaneView, LotView, active_alarms, find_lot, lanes_now, lots_overview
from models.ids import LotId, TicketId
from models.instants import Instant, from_datetime, to_datetime
from models.money import Minor
from models.spots import SpotType
from models.tickets import OPEN, PaymentStatus

ONE_BY_ONE = 12
"""Up to so many lots are read each by itself; more of them, and everything is read at once."""


@dataclass(frozen=True, slots=True)
class SpotCount:
    """The spots of one type on one level."""

    floor: int
    level: str
    type: SpotType
    total: int
    free: int


@dataclass(frozen=True, slots=True)
class Card:
    """One lot at one moment; plates in clear. `takings`: minor units taken since local midnight, by currency."""

    lot: LotView
    lanes: Sequence[LaneView] = ()
    spot_of: Mapping[TicketId, str] = field(default_factory=dict)
    counts: Sequence[SpotCount] = ()
    inside: int = 0
    takings: Mapping[str, Minor] = field(default_factory=dict)
    alarms: Sequence[Alarm] = ()


async def read_cards(
    connection: AsyncConnection, tenant: str, lots: Iterable[LotId] | None, now: Instant, silent_after: int
) -> Sequence[Card]:
    """The cards of these lots, or of all. Lots that the tenant doesn't have are left out."""
    few = None if lots is None else list(lots)
    if few is None or len(few) > ONE_BY_ONE:
        return await _cards(connection, tenant, await lots_overview(connection, tenant, now, silent_after), None, now)
    cards: list[Card] = []
    for lot in few:
        found = await find_lot(connection, tenant, lot, now, silent_after)
        if found is not None:
            cards += await _cards(connection, tenant, [found], lot, now)
    return cards


async def _cards(
    connection: AsyncConnection, tenant: str, lots: Sequence[LotView], only: LotId | None, now: Instant
) -> Sequence[Card]:
    lanes = _by_lot(await lanes_now(connection, tenant, only))
    alarms = (
        _by_lot(await active_alarms(connection, tenant, only, limit=1000)) if any(lot.alarms for lot in lots) else {}
    )
    counts = await _counts(connection, tenant, only)
    inside = await _inside(connection, tenant, only)
    taken = await _takings(connection, tenant, {lot.id: midnight(lot.timezone, now) for lot in lots})
    spot_of = await _spots(connection, tenant, only, [lane.ticket for each in lanes.values() for lane in each])
    return [
        Card(
            lot=lot,
            lanes=lanes.get(lot.id, ()),
            spot_of=spot_of,
            counts=counts.get(lot.id, ()),
            inside=inside.get(lot.id, 0),
            takings=taken.get(lot.id, {}),
            alarms=alarms.get(lot.id, ()),
        )
        for lot in lots
    ]


def zone(name: str) -> zoneinfo.ZoneInfo:
    """The time zone that the lot named, or UTC when this machine doesn't know it."""
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return zoneinfo.ZoneInfo("UTC")


def midnight(timezone: str, now: Instant) -> Instant:
    """When the lot's present day began."""
    local = to_datetime(now).astimezone(zone(timezone))
    return from_datetime(local.replace(hour=0, minute=0, second=0, microsecond=0))


def next_midnight(timezone: str, now: Instant) -> Instant:
    local = to_datetime(now).astimezone(zone(timezone)) + timedelta(days=1)
    return from_datetime(local.replace(hour=0, minute=0, second=0, microsecond=0))


async def _counts(connection: AsyncConnection, tenant: str, lot: LotId | None) -> Mapping[str, Sequence[SpotCount]]:
    query = (
        select(
            spots.c.lot_id,
            levels.c.floor_number,
            levels.c.name,
            spots.c.spot_type,
            func.count(),
            func.count().filter(IS_FREE),
        )
        .join(levels, and_(levels.c.lot_id == spots.c.lot_id, levels.c.id == spots.c.level_id))
        .where(spots.c.tenant_id == tenant, ~spots.c.removed)
        .group_by(spots.c.lot_id, levels.c.floor_number, levels.c.name, spots.c.spot_type)
        .order_by(levels.c.floor_number)
    )
    found: dict[str, list[SpotCount]] = defaultdict(list)
    rows = await connection.execute(query if lot is None else query.where(spots.c.lot_id == lot))
    for owner, floor, level, kind, total, free in rows:
        found[owner].append(SpotCount(floor, level, SpotType(kind), total, free))
    return found


async def _inside(connection: AsyncConnection, tenant: str, lot: LotId | None) -> Mapping[str, int]:
    query = (
        select(tickets.c.lot_id, func.count())
        .where(tickets.c.tenant_id == tenant, tickets.c.status.in_(OPEN))
        .group_by(tickets.c.lot_id)
    )
    rows = await connection.execute(query if lot is None else query.where(tickets.c.lot_id == lot))
    return dict(iter(rows))


async def _takings(
    connection: AsyncConnection, tenant: str, since: Mapping[LotId, Instant]
) -> Mapping[str, Mapping[str, Minor]]:
    if not since:
        return {}
    days = values(column("lot", Uuid(as_uuid=False)), column("since", BigInteger), name="days").data(
        list(since.items())
    )
    rows = await connection.execute(
        select(payments.c.lot_id, payments.c.currency, func.sum(payments.c.amount).cast(BigInteger))
        .join(days, and_(days.c.lot == payments.c.lot_id, payments.c.at >= days.c.since))
        .where(payments.c.tenant_id == tenant, payments.c.status == PaymentStatus.TAKEN)
        .group_by(payments.c.lot_id, payments.c.currency)
    )
    taken: dict[str, dict[str, Minor]] = defaultdict(dict)
    for owner, currency, amount in rows:
        taken[owner][currency] = Minor(amount)
    return taken


async def _spots(
    connection: AsyncConnection, tenant: str, lot: LotId | None, of: Iterable[TicketId | None]
) -> Mapping[TicketId, str]:
    """The numbers of the spots that these tickets were given."""
    wanted = [ticket for ticket in of if ticket is not None]
    if not wanted:
        return {}
    query = (
        select(tickets.c.id, spots.c.spot_number)
        .join(spots, and_(spots.c.lot_id == tickets.c.lot_id, spots.c.id == tickets.c.spot_id))
        .where(tickets.c.tenant_id == tenant, tickets.c.id.in_(wanted))
    )
    rows = await connection.execute(query if lot is None else query.where(tickets.c.lot_id == lot))
    return {TicketId(ticket): number for ticket, number in rows}


def _by_lot(of: Sequence[LaneView] | Sequence[Alarm]) -> dict[str, list]:
    found: dict[str, list] = defaultdict(list)
    for each in of:
        found[each.lot].append(each)
    return found
