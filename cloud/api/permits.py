"""Routes for granting, changing, listing and revoking permits and guest passes."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud import queries
from cloud.api import asked, cursors
from cloud.api.access import Database, Orderer, Parts, Reader, connected
from cloud.api.asked import ABOUT_A_LOT, LotPath, PlateLookedFor, lot_there
from cloud.api.cursors import Cursor
from cloud.api.errors import ApiError, Problem, answers
from cloud.api.listed import EndedOut, PermitDetailOut, PermitIn, PermitOut, PermitsOut, Text, WordAsked
from cloud.api.setting import setting
from cloud.enrolment import new_id
from cloud.intents import lists, views
from cloud.intents.views import StandingFilter
from cloud.keys import ApiKey
from models.access.passing import PermitKind
from models.cards import card_number
from models.ids import LotId, PermitId
from models.instants import Instant
from models.intents import Intent, PermitGranted, PermitRevoked

router = APIRouter(prefix="/v1/lots", tags=["permits and lists"])

PermitPath = Annotated[Text, Path(description="The permit's id")]
_ABOUT_ONE = (*ABOUT_A_LOT, Problem.PERMIT_NOT_FOUND)
_SETTING = (Problem.PLATE_INVALID, Problem.UNACCEPTABLE)


@router.get(
    "/{lot}/permits",
    summary="Permits that stand",
    responses=answers(*ABOUT_A_LOT, Problem.CURSOR_INVALID, Problem.PLATE_INVALID),
)
async def permits(
    lot: LotPath,
    database: Database,
    key: Reader,
    kind: Annotated[PermitKind | None, Query(description="Only of this kind; `guest` for guest passes")] = None,
    account: Annotated[Text | None, Query(description="Only of this account")] = None,
    plate: PlateLookedFor = None,
    cursor: Cursor = None,
    limit: Annotated[int, Query(ge=1, le=200, description="Most permits in the answer")] = 50,
) -> PermitsOut:
    """The lot's permits, whoever set them, in the order in which they were granted or changed last."""
    which = StandingFilter(kind, account, asked.plate_looked_for(plate, key))
    after = cursors.number(cursor)
    found = await lot_there(database, key, lot)
    page = await views.standing_page(database, found, PermitGranted, which, after, limit)
    return PermitsOut(
        permits=[PermitOut.of(stands, plates=key.may("plates")) for stands in page.stands],
        next=cursors.numbered(page.next),
    )


@router.get("/{lot}/permits/{permit}", summary="One permit", responses=answers(*_ABOUT_ONE))
async def permit(lot: LotPath, permit: PermitPath, database: Database, key: Reader) -> PermitDetailOut:
    """A permit as it stands, and how often it has let somebody in."""
    return await _shown(database, key, await lot_there(database, key, lot), permit)


@router.post("/{lot}/permits", status_code=201, summary="Grant a permit", responses=answers(*ABOUT_A_LOT, *_SETTING))
async def grant(lot: LotPath, wanted: PermitIn, cloud: Parts, key: Orderer) -> PermitDetailOut:
    """Lets vehicles in while others may not, or at another price. It holds as soon as the lot has it."""
    async with setting(cloud, key, lot, Problem.PERMIT_NOT_FOUND) as here:
        id = new_id(here.now)
        await here.set(_granted(here.now, id, wanted), wanted.by, wanted.reason)
    async with connected(cloud) as connection:
        return await _shown(connection, key, here.lot, id)


@router.put("/{lot}/permits/{permit}", summary="Change a permit", responses=answers(*_ABOUT_ONE, *_SETTING))
async def change(lot: LotPath, permit: PermitPath, wanted: PermitIn, cloud: Parts, key: Orderer) -> PermitDetailOut:
    """Says anew all that holds of a permit: what isn't given isn't kept from before. Who is inside stays inside."""
    async with setting(cloud, key, lot, Problem.PERMIT_NOT_FOUND) as here:
        await here.change(_granted(here.now, permit, wanted), wanted.by, wanted.reason)
    async with connected(cloud) as connection:
        return await _shown(connection, key, here.lot, permit)


@router.delete("/{lot}/permits/{permit}", summary="Revoke a permit", responses=answers(*_ABOUT_ONE))
async def revoke(
    lot: LotPath,
    permit: PermitPath,
    cloud: Parts,
    key: Orderer,
    word: WordAsked,
) -> EndedOut:
    """Takes a permit back. Who is inside may leave."""
    async with setting(cloud, key, lot, Problem.PERMIT_NOT_FOUND) as here:
        return EndedOut(revision=await here.change(PermitRevoked(permit=PermitId(permit)), *word))


def _granted(now: Instant, id: str, wanted: PermitIn) -> Intent:
    plates = tuple(asked.plate(plate) for plate in wanted.plates)
    cards = tuple(card_number(card) for card in wanted.cards)
    return lists.permit(now, permit=id, plates=plates, cards=cards, **wanted.terms())


async def _shown(connection: AsyncConnection, key: ApiKey, lot: LotId, permit: str) -> PermitDetailOut:
    found = await views.find_standing(connection, lot, PermitGranted, f"permit:{permit}")
    if found is None or not queries.is_id(permit):
        raise ApiError(Problem.PERMIT_NOT_FOUND)
    used = await views.entries_used(connection, lot, permit)
    return PermitDetailOut.whole(found, used, plates=key.may("plates"))
