"""The lanes of a lot, what each is doing, and the last vehicle that came to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud.db.schema import access_refusals, beacons, lanes, tickets, vehicles
from cloud.queries.lots import is_id
from models.ids import LotId, TicketId
from models.instants import Instant


@dataclass(frozen=True, slots=True)
class LaneView:
    """One lane. `event` is what its last vehicle did (`cloud.ingest.lanes.LaneEvent`), None before the first.

    `plate` is in clear: mask it for whoever may not read plates. `reason` names the refusal, if it was
    one. `phase`, `barrier`, `lane_faults`, `state` (whom the lane lets in) and `hold` (why its arm is kept up) are what
    the lot's beacon said last.
    """

    lot: LotId
    name: str
    direction: str
    event: str | None
    at: Instant | None
    plate: str | None
    ticket: TicketId | None
    ticket_code: str | None
    reason: str | None
    phase: str | None
    barrier: str | None
    lane_faults: tuple[str, ...]
    state: str | None = None
    hold: str | None = None


async def lanes_now(connection: AsyncConnection, tenant: str, lot: str | None = None) -> Sequence[LaneView]:
    """The lanes of one lot, or of all the tenant's lots; entries before exits, then by name."""
    if lot is not None and not is_id(lot):
        return []
    ticket = and_(tickets.c.lot_id == lanes.c.lot_id, tickets.c.id == lanes.c.last_ticket_id)
    vehicle = and_(vehicles.c.lot_id == tickets.c.lot_id, vehicles.c.id == tickets.c.vehicle_id)
    refusal = and_(access_refusals.c.lot_id == lanes.c.lot_id, access_refusals.c.id == lanes.c.last_refusal_id)
    query = (
        select(
            lanes,
            func.coalesce(access_refusals.c.license_plate, vehicles.c.license_plate).label("plate"),
            tickets.c.code.label("ticket_code"),
            access_refusals.c.reason,
            beacons.c.body["lanes"].label("now"),
        )
        .select_from(lanes)
        .outerjoin(tickets, ticket)
        .outerjoin(vehicles, vehicle)
        .outerjoin(access_refusals, refusal)
        .outerjoin(beacons, beacons.c.lot_id == lanes.c.lot_id)
        .where(lanes.c.tenant_id == tenant, ~lanes.c.removed)
        .order_by(lanes.c.lot_id, lanes.c.direction, lanes.c.name)
    )
    rows = await connection.execute(query if lot is None else query.where(lanes.c.lot_id == lot))
    return [_view(dict(row)) for row in rows.mappings()]


def _view(row: dict[str, Any]) -> LaneView:
    now = next((lane for lane in row["now"] or () if lane["name"] == row["name"]), {})
    return LaneView(
        lot=LotId(row["lot_id"]),
        name=row["name"],
        direction=row["direction"],
        event=row["last_event"],
        at=row["last_at"],
        plate=row["plate"],
        ticket=row["last_ticket_id"],
        ticket_code=row["ticket_code"],
        reason=row["reason"],
        phase=now.get("phase"),
        barrier=now.get("barrier"),
        lane_faults=tuple(now.get("faults", ())),
        state=now.get("state"),
        hold=now.get("hold"),
    )
