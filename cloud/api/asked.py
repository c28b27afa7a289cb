"""What clients ask by, as they write it: a lot, a plate, a moment. What can't be meant is the API's own answer."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query
from pydantic import AwareDatetime
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud import queries
from cloud.api.access import KEY_PROBLEMS
from cloud.api.errors import ApiError, Problem
from cloud.keys import ApiKey
from models.codes import read_code
from models.ids import LotId
from models.instants import Instant, from_rfc3339
from models.plates import Plate, normalised

LotPath = Annotated[str, Path(description="The lot's id", examples=["0192f0c1-2b3c-7d4e-8f50-61728394a5b6"])]
PlateLookedFor = Annotated[
    str | None, Query(description="Only with this plate, however it is written; needs the scope `plates`")
]
ABOUT_A_LOT = (*KEY_PROBLEMS, Problem.LOT_NOT_FOUND, Problem.INVALID)
"""What every route about a lot may answer."""


async def lot_there(connection: AsyncConnection, key: ApiKey, lot: str) -> LotId:
    """The lot, if it is one of the key's operator."""
    if not queries.is_id(lot) or await queries.lots_named(connection, key.tenant, lot) != [lot]:
        raise ApiError(Problem.LOT_NOT_FOUND)
    return LotId(lot)


def lot_id(text: str) -> LotId:
    """What can be one; whether it is there is looked up by whoever needs it."""
    if not queries.is_id(text):
        raise ApiError(Problem.LOT_NOT_FOUND)
    return LotId(text)


def plate(text: str | None) -> Plate | None:
    try:
        return None if text is None else normalised(text)
    except ValueError as wrong:
        raise ApiError(Problem.PLATE_INVALID) from wrong


def plate_looked_for(text: str | None, key: ApiKey) -> Plate | None:
    """Who may not read plates may not look for them either: an answer would tell one."""
    if text is not None and not key.may("plates"):
        raise ApiError(Problem.SCOPE_MISSING)
    return plate(text)


def code(text: str | None) -> str | None:
    try:
        return None if text is None else read_code(text)
    except ValueError as wrong:
        raise ApiError(Problem.CODE_INVALID) from wrong


def at(given: AwareDatetime) -> Instant:
    return from_rfc3339(given.isoformat())
