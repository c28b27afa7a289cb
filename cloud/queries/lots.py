"""The lots of a tenant: what they are, whether they are heard from, how full they are."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    RowMapping,
    ScalarSelect,
    and_,
    case,
    cast,
    exists,
    func,
    or_,
    select,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud.db.schema import (
    IS_FREE,
    beacons,
    cases,
    digests,
    faults,
    lot_logins,
    parked_facts,
    parking_lots,
    resyncs,
    spots,
    streams,
    tickets,
    torn_tickets,
)
from models.ids import LotId
from models.instants import SECOND, Instant
from models.tickets import OPEN


@dataclass(frozen=True, slots=True)
class DigestView:
    """How the lot's own account of its state last compared with the cloud's.

    `verdict`: equal, differs, parked (facts are waiting: what they would change isn't compared, the rest is equal),
    unknown (of another release); None before the first. `resync`: what became of the last snapshot that was asked for,
    and how many rows it put right. `waiting`: so many facts, and tickets of which two histories have facts, wait.
    """

    verdict: str | None = None
    seq: int | None = None
    compared_at: Instant | None = None
    equal_seq: int | None = None
    equal_at: Instant | None = None
    differs_since: Instant | None = None
    resync: str | None = None
    rows_corrected: int | None = None
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class LotView:
    """A lot as the cloud knows it.

    `online`: the lot's link is up and it was heard from lately. `last_contact` is the last sign of life
    of any kind; None before the first. `backlog`: facts that the lot said it still had to send, None when
    it hasn't said. `applied_seq`: the last fact of its ledger that was applied. `alarms` counts active
    faults and open cases, `parked` facts that wait for a person.
    """

    id: LotId
    name: str
    address: str
    timezone: str
    currency: str | None
    lat: float | None
    lng: float | None
    total: int
    available: int
    online: bool
    last_contact: Instant | None
    backlog: int | None
    applied_seq: int
    applied_at: Instant | None
    release: str | None
    alarms: int
    parked: int
    digest: DigestView = DigestView()
    called: str | None = None
    """What the operator called it at first; `name` is what its own file says."""
    revoked: bool = False

    @property
    def names(self) -> str:
        """The operator's name, and the lot's own where it is another one."""
        return self.name if self.called in (None, self.name) else f"{self.called} ({self.name})"

    @property
    def occupied(self) -> int:
        return self.total - self.available


async def lots_overview(connection: AsyncConnection, tenant: str, now: Instant, silent_after: int) -> Sequence[LotView]:
    """All lots of the tenant by name. `silent_after` in seconds, as in the settings."""
    rows = await connection.execute(_overview().where(parking_lots.c.tenant_id == tenant))
    return [_view(row, now, silent_after) for row in rows.mappings()]


async def find_lot(
    connection: AsyncConnection, tenant: str, lot: str, now: Instant, silent_after: int
) -> LotView | None:
    """One lot, or None when the tenant has no such lot. Raises nothing for a malformed id: there is no such lot."""
    if not is_id(lot):
        return None
    found = _overview().where(parking_lots.c.tenant_id == tenant, parking_lots.c.id == lot)
    row = (await connection.execute(found)).mappings().first()
    return None if row is None else _view(row, now, silent_after)


async def lots_named(connection: AsyncConnection, tenant: str, named: str) -> Sequence[LotId]:
    """The lots with this id or name, the operator's or their own; more than one where two are called the same."""
    same = or_(parking_lots.c.name == named, parking_lots.c.called == named)
    either = or_(same, parking_lots.c.id == named) if is_id(named) else same
    rows = await connection.execute(select(parking_lots.c.id).where(parking_lots.c.tenant_id == tenant, either))
    return [LotId(row.id) for row in rows]


def is_id(text: str) -> bool:
    """Whether the text is an id in its canonical form."""
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False


def _of_lot(column: ColumnElement[str]) -> ColumnElement[bool]:
    return column == parking_lots.c.id


def _overview():
    """One row a lot; the counts are subqueries on the lot's own indexes."""
    kept = and_(_of_lot(spots.c.lot_id), ~spots.c.removed)
    ledger = and_(_of_lot(streams.c.lot_id), streams.c.stream == "ledger", streams.c.current)
    return (
        select(
            parking_lots,
            select(func.count()).where(kept).scalar_subquery().label("declared"),
            select(func.count()).where(kept, IS_FREE).scalar_subquery().label("free"),
            select(func.count())
            .where(_of_lot(tickets.c.lot_id), tickets.c.status.in_(OPEN))
            .scalar_subquery()
            .label("inside"),
            select(func.count())
            .where(_of_lot(faults.c.lot_id), faults.c.cleared_at.is_(None))
            .scalar_subquery()
            .label("faults"),
            select(func.count())
            .where(_of_lot(cases.c.lot_id), cases.c.closed_at.is_(None))
            .scalar_subquery()
            .label("cases"),
            select(func.count())
            .where(_of_lot(parked_facts.c.lot_id), parked_facts.c.settled_at.is_(None))
            .scalar_subquery()
            .label("parked"),
            select(func.count())
            .where(
                _of_lot(parked_facts.c.lot_id),
                parked_facts.c.settled_at.is_(None),
                parked_facts.c.cause != "superseded",
            )
            .scalar_subquery()
            .label("waiting"),
            select(func.count())
            .where(_of_lot(torn_tickets.c.lot_id), torn_tickets.c.settled_at.is_(None))
            .scalar_subquery()
            .label("torn"),
            func.coalesce(streams.c.seq, 0).label("applied_seq"),
            streams.c.applied_at,
            func.coalesce(beacons.c.online, False).label("linked"),
            last_contact().label("last_contact"),
            backlog_said().label("backlog"),
            beacons.c.body["release"].astext.label("release"),
            digests.c.verdict,
            digests.c.seq.label("digest_seq"),
            digests.c.compared_at,
            digests.c.equal_seq,
            digests.c.equal_at,
            digests.c.differs_since,
            exists().where(_of_lot(lot_logins.c.lot_id), lot_logins.c.revoked_at.is_not(None)).label("revoked"),
            _last_resync(resyncs.c.state).label("resync"),
            _last_resync(resyncs.c.rows_changed).label("rows_corrected"),
        )
        .select_from(parking_lots)
        .outerjoin(streams, ledger)
        .outerjoin(beacons, _of_lot(beacons.c.lot_id))
        .outerjoin(digests, _of_lot(digests.c.lot_id))
        .order_by(parking_lots.c.name, parking_lots.c.id)
    )


def last_contact() -> ColumnElement[int | None]:
    """The last sign of life of any kind, where a lot's beacon and its current ledger are joined."""
    return func.greatest(func.nullif(beacons.c.received_at, 0), streams.c.applied_at)


def backlog_said() -> ColumnElement[int | None]:
    """As the beacon says; None where what was kept couldn't be: one lot's row mustn't hide the others."""
    said = beacons.c.body["backlog"].astext
    # In a CASE, for PostgreSQL may otherwise read the number before it has looked at its form.
    return case((said.regexp_match(r"^[0-9]{1,18}$"), cast(said, BigInteger)), else_=None)


def _last_resync(column: ColumnElement[Any]) -> ScalarSelect[Any]:
    return (
        select(column).where(_of_lot(resyncs.c.lot_id)).order_by(resyncs.c.asked_at.desc()).limit(1).scalar_subquery()
    )


def _view(row: RowMapping, now: Instant, silent_after: int) -> LotView:
    counted = counts(row["declared"], row["free"], row["total_spots"], row["inside"])
    last_contact = row["last_contact"]
    return LotView(
        id=LotId(row["id"]),
        name=row["name"],
        address=row["address"],
        timezone=row["timezone"],
        currency=row["currency"],
        lat=row["lat"],
        lng=row["lng"],
        total=counted[0],
        available=counted[1],
        online=row["linked"] and last_contact is not None and now - last_contact < silent_after * SECOND,
        last_contact=last_contact,
        backlog=row["backlog"],
        applied_seq=row["applied_seq"],
        applied_at=row["applied_at"],
        release=row["release"],
        alarms=row["faults"] + row["cases"],
        parked=row["parked"],
        called=row["called"],
        revoked=row["revoked"],
        digest=DigestView(
            verdict=row["verdict"],
            seq=row["digest_seq"],
            compared_at=row["compared_at"],
            equal_seq=row["equal_seq"],
            equal_at=row["equal_at"],
            differs_since=row["differs_since"],
            resync=row["resync"],
            rows_corrected=row["rows_corrected"],
            waiting=row["waiting"] + row["torn"],
        ),
    )


def counts(declared: int, free: int, total_spots: int, inside: int) -> tuple[int, int]:
    """(total, available) of a lot: by its spots, or where it only counts vehicles, by its open tickets."""
    return (declared, free) if declared else (total_spots, max(total_spots - inside, 0))
