"""Routes for the limits of accounts, and for vehicles that are barred."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud.api import asked, cursors
from cloud.api.access import Database, Orderer, Parts, Reader, connected
from cloud.api.asked import ABOUT_A_LOT, LotPath, PlateLookedFor, lot_there
from cloud.api.cursors import Cursor
from cloud.api.errors import ApiError, Problem, answers
from cloud.api.listed import (
    AccountIn,
    AccountOut,
    AccountsOut,
    BarredIn,
    BarredListOut,
    BarredOut,
    EndedOut,
    Text,
    WordAsked,
)
from cloud.api.setting import setting
from cloud.enrolment import new_id
from cloud.intents import lists, views
from cloud.intents.views import StandingFilter
from cloud.keys import ApiKey
from models.ids import LotId
from models.instants import Instant
from models.intents import AccountLimited, AccountUnlimited, VehicleBarred, VehicleUnbarred

router = APIRouter(prefix="/v1/lots", tags=["permits and lists"])

AccountPath = Annotated[Text, Path(min_length=1, max_length=80, description="As its permits have it")]
EntryPath = Annotated[Text, Path(description="The entry's id")]
_ABOUT_ACCOUNT = (*ABOUT_A_LOT, Problem.ACCOUNT_NOT_FOUND)
_ABOUT_ENTRY = (*ABOUT_A_LOT, Problem.BARRED_NOT_FOUND)
_BARRING = (Problem.PLATE_INVALID, Problem.UNACCEPTABLE)
_Limit = Annotated[int, Query(ge=1, le=200, description="Most entries in the answer")]


@router.get("/{lot}/accounts", summary="Accounts with a limit", responses=answers(*ABOUT_A_LOT, Problem.CURSOR_INVALID))
async def accounts(
    lot: LotPath, database: Database, key: Reader, cursor: Cursor = None, limit: _Limit = 50
) -> AccountsOut:
    """How many vehicles of an account may be inside at once, for those that have such a limit."""
    after = cursors.number(cursor)
    found = await lot_there(database, key, lot)
    page = await views.standing_page(database, found, AccountLimited, after=after, limit=limit)
    return AccountsOut(
        accounts=[AccountOut.of(stands) for stands in page.stands],
        next=cursors.numbered(page.next),
    )


@router.put("/{lot}/accounts/{account}", summary="Limit an account", responses=answers(*_ABOUT_ACCOUNT))
async def limit_account(
    lot: LotPath, account: AccountPath, wanted: AccountIn, cloud: Parts, key: Orderer
) -> AccountOut:
    """Says how many vehicles of all its permits may be inside at once, whether or not it had a limit."""
    async with setting(cloud, key, lot, Problem.ACCOUNT_NOT_FOUND) as here:
        limited = AccountLimited(account=account, in_at_a_time=wanted.in_at_a_time)
        await here.set(limited, wanted.by, wanted.reason)
    async with connected(cloud) as connection:
        found = await views.find_standing(connection, here.lot, AccountLimited, limited.subject)
    if found is None:
        raise ApiError(Problem.ACCOUNT_NOT_FOUND)
    return AccountOut.of(found)


@router.delete("/{lot}/accounts/{account}", summary="End an account's limit", responses=answers(*_ABOUT_ACCOUNT))
async def unlimit_account(
    lot: LotPath,
    account: AccountPath,
    cloud: Parts,
    key: Orderer,
    word: WordAsked,
) -> EndedOut:
    """Ends an account's own limit; its permits keep theirs."""
    async with setting(cloud, key, lot, Problem.ACCOUNT_NOT_FOUND) as here:
        return EndedOut(revision=await here.change(AccountUnlimited(account=account), *word))


@router.get(
    "/{lot}/barred",
    summary="Vehicles that are barred",
    responses=answers(*ABOUT_A_LOT, Problem.CURSOR_INVALID, Problem.PLATE_INVALID),
)
async def barred(
    lot: LotPath,
    database: Database,
    key: Reader,
    plate: PlateLookedFor = None,
    cursor: Cursor = None,
    limit: _Limit = 50,
) -> BarredListOut:
    """The entries that stand, in the order in which they were made or changed last."""
    which = StandingFilter(plate=asked.plate_looked_for(plate, key))
    after = cursors.number(cursor)
    found = await lot_there(database, key, lot)
    page = await views.standing_page(database, found, VehicleBarred, which, after, limit)
    return BarredListOut(
        barred=[BarredOut.of(stands, plates=key.may("plates")) for stands in page.stands],
        next=cursors.numbered(page.next),
    )


@router.get("/{lot}/barred/{entry}", summary="One entry", responses=answers(*_ABOUT_ENTRY))
async def one_barred(lot: LotPath, entry: EntryPath, database: Database, key: Reader) -> BarredOut:
    """An entry of the list as it stands."""
    return await _shown(database, key, await lot_there(database, key, lot), entry)


@router.post("/{lot}/barred", status_code=201, summary="Bar vehicles", responses=answers(*ABOUT_A_LOT, *_BARRING))
async def bar(lot: LotPath, wanted: BarredIn, cloud: Parts, key: Orderer) -> BarredOut:
    """Bars vehicles from a lot, permit or not. Who is inside may leave."""
    async with setting(cloud, key, lot, Problem.BARRED_NOT_FOUND) as here:
        id = new_id(here.now)
        await here.set(_barring(here.now, id, wanted), wanted.by, wanted.reason)
    async with connected(cloud) as connection:
        return await _shown(connection, key, here.lot, id)


@router.put("/{lot}/barred/{entry}", summary="Change an entry", responses=answers(*_ABOUT_ENTRY, *_BARRING))
async def change_barred(lot: LotPath, entry: EntryPath, wanted: BarredIn, cloud: Parts, key: Orderer) -> BarredOut:
    """Says anew all that holds of an entry."""
    async with setting(cloud, key, lot, Problem.BARRED_NOT_FOUND) as here:
        await here.change(_barring(here.now, entry, wanted), wanted.by, wanted.reason)
    async with connected(cloud) as connection:
        return await _shown(connection, key, here.lot, entry)


@router.delete("/{lot}/barred/{entry}", summary="Take an entry off the list", responses=answers(*_ABOUT_ENTRY))
async def unbar(
    lot: LotPath,
    entry: EntryPath,
    cloud: Parts,
    key: Orderer,
    word: WordAsked,
) -> EndedOut:
    """Its vehicles come in like anybody again."""
    async with setting(cloud, key, lot, Problem.BARRED_NOT_FOUND) as here:
        return EndedOut(revision=await here.change(VehicleUnbarred(barred=entry), *word))


def _barring(now: Instant, id: str, wanted: BarredIn) -> VehicleBarred:
    plates = tuple(asked.plate(plate) for plate in wanted.plates)
    return lists.barring(now, barred=id, plates=plates, **wanted.terms())


async def _shown(connection: AsyncConnection, key: ApiKey, lot: LotId, entry: str) -> BarredOut:
    found = await views.find_standing(connection, lot, VehicleBarred, f"barred:{entry}")
    if found is None:
        raise ApiError(Problem.BARRED_NOT_FOUND)
    return BarredOut.of(found, plates=key.may("plates"))
