"""What needs a person: faults that a lot reports, and cases that the cloud opened itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import BigInteger, literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud.db.schema import cases, faults, parking_lots
from models.ids import LotId
from models.instants import Instant


@dataclass(frozen=True, slots=True)
class Alarm:
    """`code` is a fault's code (`camera.frozen`) or a case's kind (`fact_parked`); `source` the part or stream.

    `times` counts how often the cloud met a case; a fault is met once.
    """

    lot: LotId
    lot_name: str
    raised_by: Literal["lot", "cloud"]
    code: str
    source: str
    detail: str
    since: Instant
    times: int


async def active_alarms(
    connection: AsyncConnection, tenant: str, lot: str | None = None, limit: int = 200
) -> Sequence[Alarm]:
    """Active faults and open cases of a lot, or of all the tenant's lots, the newest first."""
    reported = select(
        faults.c.lot_id,
        literal("lot").label("raised_by"),
        faults.c.code,
        faults.c.source,
        faults.c.detail,
        faults.c.raised_at.label("since"),
        literal(1, BigInteger).label("times"),
    ).where(faults.c.tenant_id == tenant, faults.c.cleared_at.is_(None))
    opened = select(
        cases.c.lot_id,
        literal("cloud"),
        cases.c.kind,
        cases.c.subject,
        cases.c.detail,
        cases.c.opened_at,
        cases.c.times,
    ).where(cases.c.tenant_id == tenant, cases.c.closed_at.is_(None))
    both = union_all(reported, opened).subquery()
    query = (
        select(both, parking_lots.c.name.label("lot_name"))
        .join(parking_lots, parking_lots.c.id == both.c.lot_id)
        .order_by(both.c.since.desc())
        .limit(limit)
    )
    rows = await connection.execute(query if lot is None else query.where(both.c.lot_id == lot))
    return [
        Alarm(
            lot=LotId(row["lot_id"]),
            lot_name=row["lot_name"],
            raised_by=row["raised_by"],
            code=row["code"],
            source=row["source"],
            detail=row["detail"],
            since=row["since"],
            times=row["times"],
        )
        for row in rows.mappings()
    ]
