"""The tickets of a lot, newest first, a page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, Uuid, and_, literal, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud.db.schema import levels, spots, tickets, vehicles
from cloud.queries.lots import is_id
from models.ids import LotId, TicketId
from models.instants import Instant
from models.money import Minor
from models.plates import Plate
from models.spots import VehicleType
from models.tickets import TicketStatus


@dataclass(frozen=True, slots=True)
class TicketView:
    """One stay. `plate` is in clear: mask it for whoever may not read plates; None when nobody read it. Amounts in
    minor units of `currency`."""

    id: TicketId
    lot: LotId
    code: str
    status: TicketStatus
    plate: str | None
    vehicle_type: VehicleType
    spot_number: str | None
    floor_number: int | None
    entry_lane: str
    entry_time: Instant
    exit_lane: str | None
    exit_time: Instant | None
    amount_due: Minor | None
    amount_paid: Minor
    currency: str
    fee_bounded: bool
    """Nobody knew how long the stay was when it was charged: it paid for the least that it can have been"""
    refund_owed: Minor
    """What the lot owes the driver since the time became known"""
    serial: int | None
    entered_by: str
    permit: str | None
    account: str | None
    reservation: str | None
    lost: bool
    merged_into: TicketId | None
    exit_match: str | None
    """What led to it at its exit; None: it hasn't come to one, or nobody kept that"""


@dataclass(frozen=True, slots=True)
class TicketFilter:
    """None asks for any. `code` as `models.codes.read_code` gives it; `refund_owed` asks for those to whose drivers the
    lot owes money."""

    status: TicketStatus | None = None
    plate: Plate | None = None
    code: str | None = None
    refund_owed: bool = False


Place = tuple[Instant, TicketId]
"""Where a page ended: the entry time and id of its last ticket."""


@dataclass(frozen=True, slots=True)
class TicketPage:
    tickets: Sequence[TicketView]
    next: Place | None
    """Ask for the page after this; None at the end."""


async def tickets_page(
    connection: AsyncConnection,
    tenant: str,
    lot: str,
    which: TicketFilter = TicketFilter(),
    after: Place | None = None,
    limit: int = 50,
) -> TicketPage:
    """Tickets by entry time, the newest first. New arrivals never shift the pages that follow."""
    if not is_id(lot):
        return TicketPage((), None)
    query = (
        select(
            tickets,
            vehicles.c.license_plate.label("plate"),
            spots.c.spot_number,
            levels.c.floor_number,
        )
        .join(vehicles, and_(vehicles.c.lot_id == tickets.c.lot_id, vehicles.c.id == tickets.c.vehicle_id))
        .outerjoin(spots, and_(spots.c.lot_id == tickets.c.lot_id, spots.c.id == tickets.c.spot_id))
        .outerjoin(levels, and_(levels.c.lot_id == spots.c.lot_id, levels.c.id == spots.c.level_id))
        .where(tickets.c.tenant_id == tenant, tickets.c.lot_id == lot)
        .order_by(tickets.c.entry_time.desc(), tickets.c.id.desc())
        .limit(limit + 1)
    )
    if which.status is not None:
        query = query.where(tickets.c.status == which.status)
    if which.plate is not None:
        query = query.where(vehicles.c.license_plate == which.plate)
    if which.code is not None:
        query = query.where(tickets.c.code == which.code)
    if which.refund_owed:
        query = query.where(tickets.c.refund_owed > 0)
    if after is not None:
        at, ticket = literal(after[0], BigInteger), literal(after[1], Uuid(as_uuid=False))
        query = query.where(tuple_(tickets.c.entry_time, tickets.c.id) < tuple_(at, ticket))
    found = [_view(dict(row)) for row in (await connection.execute(query)).mappings()]
    page = found[:limit]
    return TicketPage(page, (page[-1].entry_time, page[-1].id) if len(found) > limit else None)


def _view(row: dict[str, Any]) -> TicketView:
    return TicketView(
        id=row["id"],
        lot=row["lot_id"],
        code=row["code"],
        status=TicketStatus(row["status"]),
        plate=row["plate"],
        vehicle_type=VehicleType(row["vehicle_type"]),
        spot_number=row["spot_number"],
        floor_number=row["floor_number"],
        entry_lane=row["entry_lane"],
        entry_time=row["entry_time"],
        exit_lane=row["exit_lane"],
        exit_time=row["exit_time"],
        amount_due=row["amount_due"],
        amount_paid=row["amount_paid"],
        currency=row["currency"],
        fee_bounded=row["fee_bounded"],
        refund_owed=row["refund_owed"],
        serial=row["serial"],
        entered_by=row["entered_by"],
        permit=row["permit_id"],
        account=row["account"],
        reservation=row["reservation_id"],
        lost=row["lost"],
        merged_into=row["merged_into"],
        exit_match=row["exit_match"],
    )
