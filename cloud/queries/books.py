"""A lot's books as the cloud has them: what each account holds, what days came to, a ticket's entries, open debts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import BigInteger, ColumnElement, Uuid, and_, func, literal, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud.db.schema import closings, ledger_entries, payments, tickets, vehicles
from cloud.queries.lots import is_id
from models.ids import PaymentId, TicketId
from models.instants import Instant
from models.money import Minor
from models.plates import Plate
from models.tickets import PaymentStatus

Place = tuple[Instant, str]
"""Where a page ended."""


@dataclass(frozen=True, slots=True)
class Debt:
    """What a vehicle was let out without paying. `plate` is in clear; None: masked since, or never read. `reason` says
    why it wasn't collected, `asked` who may take it yet."""

    payment: PaymentId
    ticket: TicketId
    code: str
    plate: str | None
    lane: str
    amount: Minor
    currency: str
    reason: str
    asked: str | None
    at: Instant


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the books: debits positive."""

    posting: str
    kind: str
    account: str
    amount: Minor
    currency: str
    payment: str | None
    reverses: str | None
    day: int
    by: str | None
    reason: str | None
    at: Instant


@dataclass(frozen=True, slots=True)
class TicketBooks:
    ticket: TicketId
    code: str
    entries: Sequence[Entry]

    @property
    def balances(self) -> Mapping[tuple[str, str], int]:
        """By account and currency, those that hold something."""
        sums: dict[tuple[str, str], int] = {}
        for entry in self.entries:
            sums[entry.account, entry.currency] = sums.get((entry.account, entry.currency), 0) + entry.amount
        return {account: amount for account, amount in sums.items() if amount}


@dataclass(frozen=True, slots=True)
class Total:
    """What a kind of posting came to in one account; `kind` None: all kinds together."""

    account: str
    currency: str
    amount: Minor
    kind: str | None = None
    lines: int | None = None


@dataclass(frozen=True, slots=True)
class Closing:
    """A day or shift that is over. `report` is what it came to, as the lot told it."""

    id: str
    what: Literal["day", "shift"]
    number: int
    drawer: str | None
    by: str
    at: Instant
    report: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Day:
    """A business day, as its lot counts them. `closed` None: it is open, and this is what came so far."""

    number: int
    totals: Sequence[Total]
    held: Sequence[Total]
    closed: Closing | None


@dataclass(frozen=True, slots=True)
class DebtPage:
    debts: Sequence[Debt]
    next: Place | None


@dataclass(frozen=True, slots=True)
class ClosingPage:
    closings: Sequence[Closing]
    next: Place | None


async def debts_page(
    connection: AsyncConnection,
    tenant: str,
    lot: str,
    plate: Plate | None = None,
    after: Place | None = None,
    limit: int = 50,
) -> DebtPage:
    """The newest first."""
    columns = payments.c
    query = (
        select(payments, tickets.c.code, vehicles.c.license_plate)
        .join(tickets, and_(tickets.c.lot_id == columns.lot_id, tickets.c.id == columns.ticket_id))
        .join(vehicles, and_(vehicles.c.lot_id == tickets.c.lot_id, vehicles.c.id == tickets.c.vehicle_id))
        .where(columns.tenant_id == tenant, columns.lot_id == lot, columns.status == PaymentStatus.UNCOLLECTED.value)
        .order_by(columns.at.desc(), columns.id.desc())
        .limit(limit + 1)
    )
    if plate is not None:
        query = query.where(vehicles.c.license_plate == plate)
    if after is not None:
        query = query.where(_before(columns.at, columns.id, after))
    rows = (await connection.execute(query)).mappings().all()
    found = [
        Debt(
            payment=row["id"],
            ticket=row["ticket_id"],
            code=row["code"],
            plate=row["license_plate"],
            lane=row["lane"],
            amount=row["amount"],
            currency=row["currency"],
            reason=row["reference"],
            asked=row["provider"],
            at=row["at"],
        )
        for row in rows[:limit]
    ]
    return DebtPage(found, (found[-1].at, found[-1].payment) if len(rows) > limit else None)


async def ticket_books(connection: AsyncConnection, tenant: str, lot: str, named: str) -> TicketBooks | None:
    """Of the ticket with this id or code (as `models.codes.read_code` gives it), in the order of the postings."""
    which = tickets.c.id == named if is_id(named) else tickets.c.code == named
    mine = select(tickets.c.id, tickets.c.code).where(tickets.c.tenant_id == tenant, tickets.c.lot_id == lot, which)
    ticket = (await connection.execute(mine)).first()
    if ticket is None:
        return None
    columns = ledger_entries.c
    query = select(ledger_entries).where(columns.lot_id == lot, columns.ticket_id == ticket.id).order_by(columns.id)
    rows = (await connection.execute(query)).mappings()
    return TicketBooks(ticket.id, ticket.code, [_entry(dict(row)) for row in rows])


async def closings_page(
    connection: AsyncConnection,
    tenant: str,
    lot: str,
    what: Literal["day", "shift"] | None = None,
    after: Place | None = None,
    limit: int = 50,
) -> ClosingPage:
    """The newest first."""
    columns = closings.c
    query = (
        select(closings)
        .where(columns.tenant_id == tenant, columns.lot_id == lot)
        .order_by(columns.at.desc(), columns.id.desc())
        .limit(limit + 1)
    )
    if what is not None:
        query = query.where(columns.what == what)
    if after is not None:
        query = query.where(_before(columns.at, columns.id, after))
    rows = (await connection.execute(query)).mappings().all()
    found = [_closing(dict(row)) for row in rows[:limit]]
    return ClosingPage(found, (found[-1].at, found[-1].id) if len(rows) > limit else None)


async def balances(connection: AsyncConnection, tenant: str, lot: str) -> Sequence[Total]:
    """What each account holds now, those that hold nothing left out."""
    columns, amount = ledger_entries.c, func.sum(ledger_entries.c.amount)
    query = (
        select(columns.account, columns.currency, amount.label("amount"), func.count().label("lines"))
        .where(columns.tenant_id == tenant, columns.lot_id == lot)
        .group_by(columns.account, columns.currency)
        .having(amount != 0)
        .order_by(columns.account, columns.currency)
    )
    rows = await connection.execute(query)
    return [Total(row.account, row.currency, Minor(int(row.amount)), lines=row.lines) for row in rows]


async def open_day(connection: AsyncConnection, tenant: str, lot: str) -> int:
    """The number of the day that isn't closed yet."""
    columns = closings.c
    last = select(func.coalesce(func.max(columns.number), 0)).where(
        columns.tenant_id == tenant, columns.lot_id == lot, columns.what == "day"
    )
    return int(await connection.scalar(last) or 0) + 1


async def day(connection: AsyncConnection, tenant: str, lot: str, number: int) -> Day | None:
    """What a day came to: as its lot closed it, or so far. None: there was no such day yet."""
    columns = closings.c
    own = select(closings).where(columns.tenant_id == tenant, columns.lot_id == lot, columns.what == "day")
    row = (await connection.execute(own.where(columns.number == number))).mappings().first()
    if row is not None:
        closed = _closing(dict(row))
        return Day(number, _told(closed.report.get("totals")), _told(closed.report.get("held")), closed)
    if number != await open_day(connection, tenant, lot):
        return None
    last = own.with_only_columns(columns.id).order_by(columns.number.desc()).limit(1)
    return Day(number, await _so_far(connection, tenant, lot, number, await connection.scalar(last)), (), None)


async def _so_far(
    connection: AsyncConnection, tenant: str, lot: str, number: int, last_closing: str | None
) -> Sequence[Total]:
    """What a store posted that didn't know its day is of the open one, unless another was closed since."""
    columns = ledger_entries.c
    unknown: ColumnElement[bool] = columns.day == 0
    if last_closing is not None:
        unknown = and_(unknown, columns.id > literal(last_closing, Uuid(as_uuid=False)))
    amount = func.sum(columns.amount)
    query = (
        select(columns.kind, columns.account, columns.currency, amount.label("amount"), func.count().label("lines"))
        .where(columns.tenant_id == tenant, columns.lot_id == lot, or_(columns.day == number, unknown))
        .group_by(columns.kind, columns.account, columns.currency)
        .order_by(columns.kind, columns.account, columns.currency)
    )
    rows = await connection.execute(query)
    return [Total(row.account, row.currency, Minor(int(row.amount)), row.kind, row.lines) for row in rows]


def _told(totals: Any) -> Sequence[Total]:
    return [
        Total(each["account"], each["currency"], Minor(int(each["amount"])), each["kind"], each["lines"])
        for each in totals or ()
    ]


def _before(time: ColumnElement[Any], id: ColumnElement[Any], after: Place) -> ColumnElement[bool]:
    return tuple_(time, id) < tuple_(literal(after[0], BigInteger), literal(after[1], Uuid(as_uuid=False)))


def _entry(row: Mapping[str, Any]) -> Entry:
    return Entry(
        posting=row["posting_id"],
        kind=row["kind"],
        account=row["account"],
        amount=row["amount"],
        currency=row["currency"],
        payment=row["payment_id"],
        reverses=row["reverses"],
        day=row["day"],
        by=row["given_by"],
        reason=row["reason"],
        at=row["at"],
    )


def _closing(row: Mapping[str, Any]) -> Closing:
    return Closing(
        id=row["id"],
        what=row["what"],
        number=row["number"],
        drawer=row["drawer"],
        by=row["given_by"],
        at=row["at"],
        report=json.loads(row["report"]),
    )
