"""What the page of one lot reads beyond its card: spots, the live feed, open tickets, a day's occupancy."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud.console.events import TOLD, Line, line
from cloud.db.schema import facts, levels, spots, streams, tickets, vehicles
from models.facts import UnknownFact, decode
from models.ids import LotId, SpotId, TicketId
from models.instants import HOUR, SECOND, Instant
from models.money import Minor
from models.spots import Blocked, SpotStatus, SpotType, VehicleType
from models.tariff import Fee, Tariff, Terms, fee, read_pinned
from models.tariff import Stay as Known
from models.tariff.engine.plan import UnresolvedHolidays
from models.tickets import OPEN, TicketStatus

EVENTS = 50
TICKETS = 300
MINUTE, DAY = 60 * SECOND, 24 * HOUR
LONGEST_STAY = 35 * DAY
"""A stay that ended isn't drawn on the day's chart when it began longer ago: it keeps the query on its index."""


@dataclass(frozen=True, slots=True)
class Spot:
    id: SpotId
    floor: int
    level: str
    number: str
    type: SpotType
    status: SpotStatus


@dataclass(frozen=True, slots=True)
class OpenTicket:
    """A stay that hasn't ended. Plate in clear; `tariff` is None when this release can't read it."""

    id: TicketId
    code: str
    plate: str | None
    vehicle_type: VehicleType
    spot: SpotId | None
    spot_number: str | None
    spot_type: SpotType | None
    level: str | None
    lane: str
    entered: Instant
    status: TicketStatus
    paid: Minor
    currency: str
    tariff: Tariff | None

    def bill_at(self, now: Instant) -> Fee | None:
        """What the stay costs so far; None when that can't be told here."""
        if self.tariff is None:
            return None
        try:
            return fee(self.tariff, self.entered, now, Known(self.vehicle_type, self.spot_type))
        except UnresolvedHolidays:
            return None

    def due(self, bill: Fee) -> Minor:
        return Minor(max(bill.total - self.paid, 0))

    def next_change(self, now: Instant) -> Instant:
        """When the fee may change next: with the stay's own hours, or, where prices have windows and any unit, looked
        at once a minute."""
        if isinstance(self.tariff, Terms):
            return Instant(now + MINUTE - now % MINUTE)
        return Instant(now + HOUR - (now - self.entered) % HOUR)


@dataclass(frozen=True, slots=True)
class _Charged:
    ticket: OpenTicket
    until: Instant
    bill: Fee | None


class Charges:
    """What the open stays of a page cost so far. A busy lot changes four times a second, its fees once a minute: each
    is kept until it may change."""

    def __init__(self) -> None:
        self._known: dict[TicketId, _Charged] = {}

    def bills(self, tickets: Sequence[OpenTicket], now: Instant) -> dict[TicketId, Fee | None]:
        self._known = {each.id: self._charged(each, now) for each in tickets}
        return {id: charged.bill for id, charged in self._known.items()}

    def _charged(self, ticket: OpenTicket, now: Instant) -> _Charged:
        known = self._known.get(ticket.id)
        if known is not None and now < known.until and _charged_alike(known.ticket, ticket):
            return known
        return _Charged(ticket, ticket.next_change(now), ticket.bill_at(now))


def _charged_alike(one: OpenTicket, other: OpenTicket) -> bool:
    whose = one.vehicle_type is other.vehicle_type and one.spot_type is other.spot_type
    return whose and one.entered == other.entered and one.tariff is other.tariff


@dataclass(frozen=True, slots=True)
class Told:
    """A line of the feed with what its ticket knows."""

    line: Line
    plate: str | None = None
    spot: str | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True)
class Stay:
    entered: Instant
    left: Instant | None


async def read_spots(connection: AsyncConnection, tenant: str, lot: LotId) -> Sequence[Spot]:
    """The lot's spots by level and number."""
    rows = await connection.execute(
        select(spots, levels.c.floor_number, levels.c.name.label("level"))
        .join(levels, and_(levels.c.lot_id == spots.c.lot_id, levels.c.id == spots.c.level_id))
        .where(spots.c.tenant_id == tenant, spots.c.lot_id == lot, ~spots.c.removed)
        .order_by(levels.c.floor_number, func.length(spots.c.spot_number), spots.c.spot_number)
    )
    return [
        Spot(
            id=SpotId(row["id"]),
            floor=row["floor_number"],
            level=row["level"],
            number=row["spot_number"],
            type=SpotType(row["spot_type"]),
            status=_shown(row["status"], row["blocked"]),
        )
        for row in rows.mappings()
    ]


def _shown(status: str, blocked: str | None) -> SpotStatus:
    """One word for people: out of use, or taken, also where nobody knows by whom."""
    if blocked == Blocked.UNKNOWN_VEHICLE:
        return SpotStatus.OCCUPIED
    out_of_use = blocked == Blocked.MAINTENANCE and status == SpotStatus.AVAILABLE
    return SpotStatus.MAINTENANCE if out_of_use else SpotStatus(status)


async def read_open(connection: AsyncConnection, tenant: str, lot: LotId) -> Sequence[OpenTicket]:
    """The newest open tickets, at most TICKETS."""
    rows = await connection.execute(
        select(
            *(tickets, vehicles.c.license_plate),
            *(spots.c.spot_number, spots.c.spot_type, levels.c.name.label("level")),
        )
        .join(vehicles, and_(vehicles.c.lot_id == tickets.c.lot_id, vehicles.c.id == tickets.c.vehicle_id))
        .outerjoin(spots, and_(spots.c.lot_id == tickets.c.lot_id, spots.c.id == tickets.c.spot_id))
        .outerjoin(levels, and_(levels.c.lot_id == spots.c.lot_id, levels.c.id == spots.c.level_id))
        .where(tickets.c.tenant_id == tenant, tickets.c.lot_id == lot, tickets.c.status.in_(OPEN))
        .order_by(tickets.c.entry_time.desc(), tickets.c.id.desc())
        .limit(TICKETS)
    )
    return [
        OpenTicket(
            id=row["id"],
            code=row["code"],
            plate=row["license_plate"],
            vehicle_type=VehicleType(row["vehicle_type"]),
            spot=row["spot_id"],
            spot_number=row["spot_number"],
            spot_type=None if row["spot_type"] is None else SpotType(row["spot_type"]),
            level=row["level"],
            lane=row["entry_lane"],
            entered=row["entry_time"],
            status=TicketStatus(row["status"]),
            paid=row["amount_paid"],
            currency=row["currency"],
            tariff=_tariff(row["tariff"]),
        )
        for row in rows.mappings()
    ]


async def read_feed(connection: AsyncConnection, tenant: str, lot: LotId) -> Sequence[Told]:
    """The last lines, the newest first: of the stream that the lot writes now."""
    rows = await connection.execute(
        select(facts.c.type, facts.c.version, facts.c.body, facts.c.personal)
        .join(streams, and_(streams.c.lot_id == facts.c.lot_id, streams.c.stream_id == facts.c.stream_id))
        .where(
            facts.c.tenant_id == tenant,
            facts.c.lot_id == lot,
            streams.c.stream == "ledger",
            streams.c.current,
            facts.c.type.in_(TOLD),
        )
        .order_by(facts.c.seq.desc())
        .limit(EVENTS)
    )
    lines = [told for row in rows if (told := _line(*row)) is not None]
    known = await _of_tickets(connection, tenant, lot, [each.ticket for each in lines if each.ticket is not None])
    return [replace(known.get(each.ticket or "", Told(each)), line=each) for each in lines]


async def read_stays(connection: AsyncConnection, tenant: str, lot: LotId, now: Instant) -> Sequence[Stay]:
    """The stays of the last day, those that go on and those that ended in it."""
    since = now - DAY
    going_on = tickets.c.status.in_(OPEN)
    ended = and_(
        tickets.c.status == TicketStatus.COMPLETED,
        tickets.c.entry_time > since - LONGEST_STAY,
        tickets.c.exit_time > since,
    )
    rows = await connection.execute(
        select(tickets.c.entry_time, tickets.c.exit_time).where(
            tickets.c.tenant_id == tenant, tickets.c.lot_id == lot, or_(going_on, ended)
        )
    )
    return [Stay(entered, left) for entered, left in rows]


def occupancy(stays: Sequence[Stay], until: Instant, points: int = 96) -> list[tuple[Instant, int]]:
    """How many vehicles were inside at each quarter of an hour of the day before `until`, and at `until`."""
    step = DAY // points
    first = -(-(until - DAY) // step) * step
    moments = [Instant(at) for at in range(first, until, step)] + [until]
    return [
        (at, sum(1 for stay in stays if stay.entered <= at and (stay.left is None or stay.left > at))) for at in moments
    ]


async def _of_tickets(connection: AsyncConnection, tenant: str, lot: LotId, of: Sequence[str]) -> Mapping[str, Told]:
    if not of:
        return {}
    rows = await connection.execute(
        select(tickets.c.id, vehicles.c.license_plate, spots.c.spot_number, tickets.c.code)
        .join(vehicles, and_(vehicles.c.lot_id == tickets.c.lot_id, vehicles.c.id == tickets.c.vehicle_id))
        .outerjoin(spots, and_(spots.c.lot_id == tickets.c.lot_id, spots.c.id == tickets.c.spot_id))
        .where(tickets.c.tenant_id == tenant, tickets.c.lot_id == lot, tickets.c.id.in_(of))
    )
    nothing = Line(Instant(0), "note", "")
    return {ticket: Told(nothing, plate, spot, code) for ticket, plate, spot, code in rows}


def _line(type: str, version: int, body: str, personal: str | None) -> Line | None:
    try:
        return line(decode(type, version, json.loads(body), json.loads(personal) if personal else None))
    except (UnknownFact, ValueError, LookupError):
        return None  # parked by ingest, which raised a case: the alarms show it


def _tariff(text: str) -> Tariff | None:
    try:
        return read_pinned(text)
    except ValueError:
        return None
