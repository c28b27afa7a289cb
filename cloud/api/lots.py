"""Routes about lots: what they are, how full, and their tickets."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from cloud import queries
from cloud.api import asked, cursors
from cloud.api.access import KEY_PROBLEMS, Database, Parts, Reader
from cloud.api.asked import ABOUT_A_LOT, LotPath, PlateLookedFor
from cloud.api.cursors import Cursor
from cloud.api.errors import ApiError, Problem, answers
from cloud.api.shapes import AlarmOut, AvailabilityOut, LaneOut, LotDetailOut, LotOut, LotsOut, TicketOut, TicketsOut
from cloud.queries.tickets import Place
from cloud.service import Cloud
from models.ids import TicketId
from models.instants import Instant
from models.tickets import TicketStatus

router = APIRouter(prefix="/v1/lots")


@router.get("", tags=["lots"], summary="All lots", responses=answers(*KEY_PROBLEMS))
async def lots(cloud: Parts, database: Database, key: Reader) -> LotsOut:
    """The lots that the key's operator runs, by name, each with its free spots and whether its link is up."""
    found = await queries.lots_overview(database, key.tenant, _now(cloud), cloud.settings.silent_after)
    return LotsOut(lots=[LotOut.of(lot) for lot in found])


@router.get("/{lot}", tags=["lots"], summary="One lot", responses=answers(*ABOUT_A_LOT))
async def lot(lot: LotPath, cloud: Parts, database: Database, key: Reader) -> LotDetailOut:
    """A lot with its lanes, the last vehicle in each, and what needs a person."""
    found = await queries.find_lot(database, key.tenant, lot, _now(cloud), cloud.settings.silent_after)
    if found is None:
        raise ApiError(Problem.LOT_NOT_FOUND)
    lanes = await queries.lanes_now(database, key.tenant, lot)
    alarms = await queries.active_alarms(database, key.tenant, lot)
    plates = key.may("plates")
    return LotDetailOut.whole(
        found, [LaneOut.of(lane, plates=plates) for lane in lanes], [AlarmOut.of(alarm) for alarm in alarms]
    )


@router.get("/{lot}/availability", tags=["lots"], summary="Free spots", responses=answers(*ABOUT_A_LOT))
async def availability(lot: LotPath, database: Database, key: Reader) -> AvailabilityOut:
    """How many spots the lot has and how many of them are free, in all, by floor and by type."""
    found = await queries.availability(database, key.tenant, lot)
    if found is None:
        raise ApiError(Problem.LOT_NOT_FOUND)
    return AvailabilityOut.of(found)


@router.get(
    "/{lot}/tickets",
    tags=["tickets"],
    summary="Tickets, the newest first",
    responses=answers(*ABOUT_A_LOT, Problem.CURSOR_INVALID, Problem.CODE_INVALID, Problem.PLATE_INVALID),
)
async def tickets(
    lot: LotPath,
    cloud: Parts,
    database: Database,
    key: Reader,
    status: Annotated[TicketStatus | None, Query(description="Only tickets in this state")] = None,
    plate: PlateLookedFor = None,
    code: Annotated[str | None, Query(description="Only the ticket with this code", examples=["7Q3K-M4XW"])] = None,
    refund_owed: Annotated[bool, Query(description="Only tickets to whose drivers the lot owes money")] = False,
    cursor: Cursor = None,
    limit: Annotated[int, Query(ge=1, le=200, description="Most tickets in the answer")] = 50,
) -> TicketsOut:
    """The lot's stays by the time of their entry.

    Tickets that are opened while you page don't shift the pages that follow.
    """
    which = queries.TicketFilter(status, asked.plate_looked_for(plate, key), asked.code(code), refund_owed)
    after = _after(cursor)
    if await queries.find_lot(database, key.tenant, lot, _now(cloud), cloud.settings.silent_after) is None:
        raise ApiError(Problem.LOT_NOT_FOUND)
    page = await queries.tickets_page(database, key.tenant, lot, which, after, limit)
    return TicketsOut(
        tickets=[TicketOut.of(ticket, plates=key.may("plates")) for ticket in page.tickets],
        next=cursors.written(page.next),
    )


def _now(cloud: Cloud) -> Instant:
    return cloud.clock.read().wall


def _after(cursor: str | None) -> Place | None:
    found = cursors.read(cursor)
    return None if found is None else (found[0], TicketId(found[1]))
