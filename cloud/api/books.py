"""Routes for reading a lot's books and debts. Nothing is posted here: each lot keeps its own."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query

from cloud import queries
from cloud.api import asked, cursors
from cloud.api.access import Database, Reader
from cloud.api.asked import ABOUT_A_LOT, LotPath, PlateLookedFor, lot_there
from cloud.api.booked_money import (
    BalanceOut,
    BooksOut,
    ClosingOut,
    ClosingsOut,
    DayOut,
    DebtOut,
    DebtsOut,
    TicketLedgerOut,
)
from cloud.api.cursors import Cursor
from cloud.api.errors import ApiError, Problem, answers
from cloud.queries import books

router = APIRouter(prefix="/v1/lots", tags=["money"])

_Limit = Annotated[int, Query(ge=1, le=200, description="Most of them in the answer")]
_PAGED = (*ABOUT_A_LOT, Problem.CURSOR_INVALID)


@router.get("/{lot}/debts", summary="What is owed", responses=answers(*_PAGED, Problem.PLATE_INVALID))
async def debts(
    lot: LotPath,
    database: Database,
    key: Reader,
    plate: PlateLookedFor = None,
    cursor: Cursor = None,
    limit: _Limit = 50,
) -> DebtsOut:
    """Sums that vehicles were let out without paying, the newest first. A plate that comes again is asked for them."""
    wanted = asked.plate_looked_for(plate, key)
    after = cursors.read(cursor)
    found = await lot_there(database, key, lot)
    page = await books.debts_page(database, key.tenant, found, wanted, after, limit)
    return DebtsOut(
        debts=[DebtOut.of(debt, plates=key.may("plates")) for debt in page.debts],
        next=cursors.written(page.next),
    )


@router.get(
    "/{lot}/tickets/{ticket}/ledger",
    summary="A ticket's entries in the books",
    responses=answers(*ABOUT_A_LOT, Problem.TICKET_NOT_FOUND),
)
async def ticket_ledger(
    lot: LotPath,
    ticket: Annotated[str, Path(description="The ticket's id, or its code")],
    database: Database,
    key: Reader,
) -> TicketLedgerOut:
    """All that was posted for a ticket: fees, payments, debts, refunds; and what is left of it in which account."""
    found = await lot_there(database, key, lot)
    entries = await books.ticket_books(database, key.tenant, found, _named(ticket))
    if entries is None:
        raise ApiError(Problem.TICKET_NOT_FOUND)
    return TicketLedgerOut.of(entries)


@router.get("/{lot}/books", summary="What the accounts hold", responses=answers(*ABOUT_A_LOT))
async def balances(lot: LotPath, database: Database, key: Reader) -> BooksOut:
    """What stands in each account of the lot by all that it has told, and which of its days is open."""
    found = await lot_there(database, key, lot)
    held = await books.balances(database, key.tenant, found)
    open_day = await books.open_day(database, key.tenant, found)
    return BooksOut(open_day=open_day, accounts=[BalanceOut.of(total) for total in held])


@router.get("/{lot}/books/closings", summary="Days and shifts that are over", responses=answers(*_PAGED))
async def closings(
    lot: LotPath,
    database: Database,
    key: Reader,
    what: Annotated[Literal["day", "shift"] | None, Query(description="Only days, or only shifts")] = None,
    cursor: Cursor = None,
    limit: _Limit = 50,
) -> ClosingsOut:
    """The newest first. Each kind is numbered without gaps by its lot."""
    after = cursors.read(cursor)
    found = await lot_there(database, key, lot)
    page = await books.closings_page(database, key.tenant, found, what, after, limit)
    return ClosingsOut(
        closings=[ClosingOut.of(closing) for closing in page.closings],
        next=cursors.written(page.next),
    )


@router.get(
    "/{lot}/books/days/{day}",
    summary="What a business day came to",
    responses=answers(*ABOUT_A_LOT, Problem.DAY_NOT_FOUND),
)
async def one_day(
    lot: LotPath,
    day: Annotated[int, Path(ge=1, le=2**62, description="As its lot counts them")],
    database: Database,
    key: Reader,
) -> DayOut:
    """A closed day is as its lot closed it, for good; the open one is what came so far."""
    found = await books.day(database, key.tenant, await lot_there(database, key, lot), day)
    if found is None:
        raise ApiError(Problem.DAY_NOT_FOUND)
    return DayOut.of(found)


def _named(ticket: str) -> str:
    if queries.is_id(ticket):
        return ticket
    try:
        code = asked.code(ticket)
    except ApiError as wrong:
        raise ApiError(Problem.TICKET_NOT_FOUND) from wrong
    assert code is not None
    return code
