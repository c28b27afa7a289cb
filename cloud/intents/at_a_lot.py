"""What the commands that set something at a lot share: its name, who wants it and why, one transaction's work."""

from __future__ import annotations

import getpass
import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any, TypeVar

import typer
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud.at_the_prompt import CANNOT_START, FAILED, give_up, known_lot, known_tenant, settings_given, with_database
from cloud.intents.issue import Order, Unacceptable
from cloud.intents.listed import stands_json
from cloud.intents.lists import NotStanding, change_one, set_one
from cloud.intents.views import Stands
from cloud.listing import print_entries
from models.ids import LotId
from models.instants import Instant, from_rfc3339
from models.intents import Intent
from models.plates import Plate, normalised

T = TypeVar("T")


def moment(text: str) -> int:
    try:
        return from_rfc3339(text)
    except ValueError as wrong:
        raise typer.BadParameter(str(wrong)) from None


def plate_typed(text: str) -> Plate:
    try:
        return normalised(text)
    except ValueError as wrong:
        raise typer.BadParameter(str(wrong)) from None


def worded(reason: str) -> str:
    if not reason.strip():
        raise typer.BadParameter("a reason is needed: it stands in the records")
    return reason.strip()


NamedLot = Annotated[str, typer.Option("--lot", help="The lot's id, or its name where only one has it.")]
Reason = Annotated[str, typer.Option("--reason", "-r", help="Why; it stands in the records.", callback=worded)]
By = Annotated[str, typer.Option("--by", help="Who you are.", default_factory=getpass.getuser)]
TIME = "As 2026-12-01T00:00:00+01:00."
From = Annotated[Any, typer.Option("--from", help=f"From when on; at once unless given. {TIME}", parser=moment)]
Until = Annotated[Any, typer.Option("--until", help=f"Until just before when. {TIME}", parser=moment)]


def with_lot(named: str, tenant: str | None, work: Callable[[AsyncConnection, str, LotId, Instant], Awaitable[T]]) -> T:
    """One transaction's work on one lot; what can't be meant ends in one sentence."""
    settings = settings_given()

    async def found(connection: AsyncConnection, now: Instant) -> T:
        owner = await known_tenant(connection, tenant or settings.tenant)
        return await work(connection, owner, await known_lot(connection, owner, named), now)

    try:
        return with_database(settings, found)
    except (Unacceptable, NotStanding) as wrong:
        give_up(f"Nothing was changed: {wrong}.", FAILED)
    except ValidationError as wrong:
        first = wrong.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(map(str, first["loc"]))
        give_up(f"Nothing was changed: {where + ': ' if where else ''}{first['msg']}.", CANNOT_START)


def issued(
    named: str, tenant: str | None, by: str, reason: str, wanted: Callable[[Instant], Intent]
) -> tuple[Intent, int]:
    async def work(connection: AsyncConnection, owner: str, lot: LotId, now: Instant) -> tuple[Intent, int]:
        intent = wanted(now)
        return intent, await set_one(connection, owner, lot, intent, Order(by, reason, now))

    return with_lot(named, tenant, work)


def ended(
    named: str,
    tenant: str | None,
    by: str,
    reason: str,
    end: Intent,
    *,
    as_json: bool,
) -> None:
    async def work(connection: AsyncConnection, owner: str, lot: LotId, now: Instant) -> int:
        return await change_one(connection, owner, lot, end, Order(by, reason, now))

    say({"revision": with_lot(named, tenant, work)}, "revision", as_json=as_json)


def listed(
    named: str,
    tenant: str | None,
    standing: Callable[[AsyncConnection, LotId], Awaitable[list[Stands]]],
    entry: Callable[[Stands], Sequence[str]],
    nothing: str,
    *,
    as_json: bool,
) -> None:
    async def work(connection: AsyncConnection, owner: str, lot: LotId, now: Instant) -> list[Stands]:
        return await standing(connection, lot)

    found = with_lot(named, tenant, work)
    if as_json:
        typer.echo(json.dumps([stands_json(stands) for stands in found], indent=2))
        return
    print_entries(map(entry, found), nothing)


def say(said: dict[str, Any], plain: str, *, as_json: bool) -> None:
    typer.echo(json.dumps(said) if as_json else said[plain])
