"""How all lots stand right now, as sums and extremes: as many figures for one lot as for five hundred."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud.db.schema import beacons, cases, digests, parked_facts, parking_lots, streams
from cloud.db.schema.journal import CASE_KINDS, PARKED_CAUSES
from cloud.queries.lots import backlog_said, last_contact
from models.instants import SECOND, Instant

SILENCES = {"1m": 60, "5m": 300, "1h": 3600, "24h": 86_400}
"""In seconds. Each counts the lots that were heard from within it."""


@dataclass(frozen=True, slots=True)
class Figures:
    """`backlog`: facts that the lots said they still had to send, and the most of one lot. `heard`: lots that were
    heard from within each of SILENCES; `never`: those that never were. `silent`: since the lot was heard from that is
    silent for longest; `late`: since something was applied of a lot that has a backlog, the longest. In seconds."""

    enrolled: int
    online: int
    backlog: int
    backlog_most: int
    silent: float
    late: float
    differing: int
    never: int = 0
    heard: Mapping[str, int] = field(default_factory=dict[str, int])
    parked: Mapping[str, int] = field(default_factory=dict[str, int])
    cases: Mapping[str, int] = field(default_factory=dict[str, int])


async def figures(connection: AsyncConnection, now: Instant) -> Figures:
    ledger = (streams.c.lot_id == parking_lots.c.id) & (streams.c.stream == "ledger") & streams.c.current
    lots = (
        select(
            beacons.c.online,
            streams.c.applied_at,
            backlog_said().label("backlog"),
            last_contact().label("contact"),
            (digests.c.verdict == "differs").label("differs"),
        )
        .select_from(parking_lots)
        .outerjoin(streams, ledger)
        .outerjoin(beacons, beacons.c.lot_id == parking_lots.c.id)
        .outerjoin(digests, digests.c.lot_id == parking_lots.c.id)
        .subquery()
    )
    of = lots.c
    within = [
        func.count().filter(of.contact > now - seconds * SECOND).label(name) for name, seconds in SILENCES.items()
    ]
    found = await connection.execute(
        select(
            func.count().label("enrolled"),
            func.count().filter(of.online).label("online"),
            func.coalesce(func.sum(of.backlog), 0).label("backlog"),
            func.coalesce(func.max(of.backlog), 0).label("backlog_most"),
            func.count().filter(of.contact.is_(None)).label("never"),
            func.min(of.contact).label("contact"),
            func.min(of.applied_at).filter(of.backlog > 0).label("applied"),
            func.count().filter(of.differs).label("differing"),
            *within,
        )
    )
    row = found.mappings().one()
    return Figures(
        enrolled=row["enrolled"],
        online=row["online"],
        backlog=int(row["backlog"]),
        backlog_most=row["backlog_most"],
        silent=_ago(row["contact"], now),
        late=_ago(row["applied"], now),
        differing=row["differing"],
        never=row["never"],
        heard={name: row[name] for name in SILENCES},
        parked=await _parked(connection),
        cases=await _cases(connection),
    )


def _ago(at: int | None, now: Instant) -> float:
    return 0 if at is None else max(now - at, 0) / SECOND


async def _parked(connection: AsyncConnection) -> dict[str, int]:
    waiting = select(parked_facts.c.cause, func.count()).where(parked_facts.c.settled_at.is_(None))
    rows = await connection.execute(waiting.group_by(parked_facts.c.cause))
    return dict.fromkeys(PARKED_CAUSES, 0) | {row[0]: row[1] for row in rows}


async def _cases(connection: AsyncConnection) -> dict[str, int]:
    open_now = select(cases.c.kind, func.count()).where(cases.c.closed_at.is_(None))
    rows = await connection.execute(open_now.group_by(cases.c.kind))
    return dict.fromkeys(CASE_KINDS, 0) | {row[0]: row[1] for row in rows}
