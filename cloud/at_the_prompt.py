"""What every command of the cloud's command line needs: its settings, one transaction's work, one way to give up."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, NoReturn, TypeVar

import asyncpg
import typer
from pydantic import ValidationError
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud import enrolment, queries
from cloud.clock import SystemClock
from cloud.db import connect
from cloud.settings import CloudSettings
from models.ids import LotId
from models.instants import Instant

T = TypeVar("T")

Tenant = Annotated[str | None, typer.Option(help="Operator; PARKGATE_TENANT or `default` unless given.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]

FAILED = 1
CANNOT_START = 2


def settings_given() -> CloudSettings:
    try:
        return CloudSettings()  # pyright: ignore[reportCallIssue] - from the environment
    except ValidationError as wrong:
        # Without the values: one of them may be a password.
        for problem in wrong.errors(include_input=False, include_url=False, include_context=False):
            name = "PARKGATE_" + "_".join(str(part) for part in problem["loc"]).upper()
            typer.echo(f"{name}: {problem['msg'].removeprefix('Value error, ')}", err=True)
        give_up("The cloud is configured by these environment variables.", CANNOT_START)


def with_database(settings: CloudSettings, work: Callable[[AsyncConnection, Instant], Awaitable[T]]) -> T:
    """One transaction's work, with what the clock says."""

    async def main() -> T:
        engine = connect.engine(settings)
        try:
            async with engine.begin() as connection:
                return await work(connection, SystemClock().read().wall)
        finally:
            await engine.dispose()

    return told(settings, main)


def told(settings: CloudSettings, main: Callable[[], Awaitable[T]]) -> T:
    """Runs it; a database that refuses ends in one sentence on what to check."""

    async def awaited() -> T:
        with connect.plainly():
            return await main()

    where = connect.where(settings)
    try:
        return asyncio.run(awaited())
    except connect.REFUSES as refused:
        give_up(f"The database at {where} refuses: {refused}. Check PARKGATE_DATABASE_URL.", CANNOT_START)
    except ProgrammingError as wrong:
        if not isinstance(wrong.orig and wrong.orig.__cause__, asyncpg.UndefinedTableError):
            raise
        give_up(f"The database at {where} has no tables yet: run `parkgate-cloud db upgrade` first.", CANNOT_START)
    except connect.UNREACHABLE as away:
        give_up(
            f"The database at {where} can't be reached ({type(away).__name__}): check PARKGATE_DATABASE_URL,"
            " and that PostgreSQL runs and takes connections from here.",
            CANNOT_START,
        )


async def known_tenant(connection: AsyncConnection, name: str) -> str:
    found = await enrolment.find_tenant(connection, name)
    if found is None:
        give_up(f"There is no operator {name!r} yet: `parkgate-cloud lots add` makes the first.", FAILED)
    return found


async def known_lot(connection: AsyncConnection, tenant: str, named: str) -> LotId:
    """The lot of this id, or of this name where only one has it."""
    lots = await queries.lots_named(connection, tenant, named)
    if len(lots) != 1:
        many = f"{len(lots)} lots are called {named!r}: give the id" if lots else f"There is no lot {named!r}"
        give_up(f"{many}. `parkgate-cloud lots` lists them.", FAILED)
    return lots[0]


def give_up(why: str, code: int) -> NoReturn:
    typer.echo(why, err=True)
    raise typer.Exit(code)
