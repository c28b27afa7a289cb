"""The command line of the cloud: run it, migrate it, enrol lots, make keys."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, NoReturn, TypeVar

import asyncpg
import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Column, Table
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud import enrolment, keys, logs, queries, signing
from cloud.clock import SystemClock
from cloud.db import connect, migrate
from cloud.db.schema import SCOPES
from cloud.settings import CloudSettings
from models.instants import Instant, to_rfc3339

T = TypeVar("T")

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    # Its tracebacks would show local variables, and so secrets.
    pretty_exceptions_enable=False,
    help="Parkgate's cloud: takes the lots' facts and shows them.",
)
db_app = typer.Typer(no_args_is_help=True, help="The database.")
lots_app = typer.Typer(invoke_without_command=True, help="The lots: list them, enrol one.")
keys_app = typer.Typer(no_args_is_help=True, help="API keys.")
signing_app = typer.Typer(no_args_is_help=True, help="The key that signs what goes down to the lots.")
app.add_typer(db_app, name="db")
app.add_typer(lots_app, name="lots")
app.add_typer(keys_app, name="keys")
app.add_typer(signing_app, name="signing")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"parkgate-cloud {version('parkgate')}")
        raise typer.Exit


@app.callback()
def about(
    _version: Annotated[
        bool, typer.Option("--version", help="Print the release and end", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    """Parkgate's cloud: takes the lots' facts and shows them."""


Tenant = Annotated[str | None, typer.Option(help="Operator; PARKGATE_TENANT or `default` unless given.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]

_FAILED = 1
_CANNOT_START = 2


@app.command()
def run(
    wait: Annotated[float, typer.Option(help="Seconds to wait for the database before giving up.")] = 60,
) -> None:
    """Migrate the database, then take facts in and serve the API and the operators' page until stopped."""
    settings = _settings()
    logs.configure()
    from cloud.api.app import create_app  # the web stack takes a second to import: only `run` needs it
    from cloud.server import serve

    async def main() -> None:
        await serve(create_app(settings), wait)

    try:
        _told(settings, main)
    except signing.NoSigningKey as wrong:
        _give_up(str(wrong), _CANNOT_START)


@db_app.command()
def upgrade() -> None:
    """Bring the database to the schema of this release. Harmless when it is there already."""
    settings = _settings()

    async def main() -> tuple[str | None, str]:
        engine = connect.engine(settings)
        try:
            return await migrate.upgrade(engine)
        finally:
            await engine.dispose()

    before, after = _told(settings, main)
    typer.echo(
        f"The database is at {after}." if before == after else f"Upgraded from {before or 'nothing'} to {after}."
    )


@lots_app.callback()
def lots(context: typer.Context, tenant: Tenant = None, as_json: AsJson = False) -> None:
    """List the operator's lots: last contact, backlog, facts applied."""
    if context.invoked_subcommand is not None:
        return
    settings = _settings()

    async def work(connection: AsyncConnection, now: Instant) -> list[queries.LotView]:
        found = await _known_tenant(connection, tenant or settings.tenant)
        return list(await queries.lots_overview(connection, found, now, settings.silent_after))

    views = _with_database(settings, work)
    if as_json:
        typer.echo(json.dumps([_lot(view) for view in views], indent=2))
    else:
        # Ids are for copying: a narrow terminal may wrap the line, but never shorten one.
        Console(width=max(Console().width, 130)).print(_lots_table(views))


@lots_app.command("add")
def add_lot(
    name: Annotated[str, typer.Option(help="What people call the lot.")],
    tenant: Tenant = None,
    as_json: AsJson = False,
) -> None:
    """Enrol a lot. Prints the id that goes into the lot's own YAML, under `lot: id:`."""
    settings = _settings()

    async def work(connection: AsyncConnection, now: Instant) -> str:
        owner = await enrolment.tenant_named(connection, tenant or settings.tenant, now)
        return await enrolment.enrol_lot(connection, owner, name, now)

    lot = _with_database(settings, work)
    typer.echo(json.dumps({"id": lot, "name": name}) if as_json else lot)


@keys_app.command("add")
def add_key(
    name: Annotated[str, typer.Option(help="What the key is for.")],
    scope: Annotated[list[str], typer.Option(help=f"One of {', '.join(SCOPES)}; may be given several times.")],
    tenant: Tenant = None,
    as_json: AsJson = False,
) -> None:
    """Make an API key and print it. It can't be shown again."""
    settings = _settings()

    async def work(connection: AsyncConnection, now: Instant) -> str:
        owner = await enrolment.tenant_named(connection, tenant or settings.tenant, now)
        return await keys.mint_key(connection, owner, name, scope, now)

    if unknown := sorted(set(scope) - set(SCOPES)):
        _give_up(f"There is no scope {unknown[0]!r}: take one of {', '.join(SCOPES)}.", _CANNOT_START)
    key = _with_database(settings, work)
    typer.echo(json.dumps({"key": key, "name": name, "scopes": sorted(set(scope))}) if as_json else key)


@keys_app.command("revoke")
def revoke_key(
    prefix: Annotated[str, typer.Argument(help="The key, or its beginning up to the second `_`: pk_1a2b3c4d")],
    tenant: Tenant = None,
) -> None:
    """End an API key; it stops working within five seconds."""
    settings = _settings()
    shown = "_".join(prefix.split("_")[:2])

    async def work(connection: AsyncConnection, now: Instant) -> bool:
        owner = await _known_tenant(connection, tenant or settings.tenant)
        return await keys.revoke_key(connection, owner, shown, now)

    if not _with_database(settings, work):
        _give_up(f"There is no key {shown} that still works.", _FAILED)
    typer.echo(f"{shown} is revoked.")


@signing_app.command("new")
def new_signing_key(
    file: Annotated[Path, typer.Argument(help="Where the secret half goes; PARKGATE_SIGNING_KEY_FILE names it then.")],
) -> None:
    """Make the key that signs what goes down. Prints the public half, which the lots get in their file of keys."""
    try:
        typer.echo(signing.new_signer(file).public_text)
    except signing.NoSigningKey as wrong:
        _give_up(str(wrong), _FAILED)


def main() -> None:
    app()


def _settings() -> CloudSettings:
    try:
        return CloudSettings()  # pyright: ignore[reportCallIssue] - from the environment
    except ValidationError as wrong:
        # Without the values: one of them may be a password.
        for problem in wrong.errors(include_input=False, include_url=False, include_context=False):
            name = "PARKGATE_" + "_".join(str(part) for part in problem["loc"]).upper()
            typer.echo(f"{name}: {problem['msg'].removeprefix('Value error, ')}", err=True)
        _give_up("The cloud is configured by these environment variables.", _CANNOT_START)


def _with_database(settings: CloudSettings, work: Callable[[AsyncConnection, Instant], Awaitable[T]]) -> T:
    """One transaction's work, with what the clock says."""

    async def main() -> T:
        engine = connect.engine(settings)
        try:
            async with engine.begin() as connection:
                return await work(connection, SystemClock().read().wall)
        finally:
            await engine.dispose()

    return _told(settings, main)


def _told(settings: CloudSettings, main: Callable[[], Awaitable[T]]) -> T:
    """Runs it; a database that refuses ends in one sentence on what to check."""

    async def awaited() -> T:
        with connect.plainly():
            return await main()

    where = connect.where(settings)
    try:
        return asyncio.run(awaited())
    except connect.REFUSES as refused:
        _give_up(f"The database at {where} refuses: {refused}. Check PARKGATE_DATABASE_URL.", _CANNOT_START)
    except ProgrammingError as wrong:
        if not isinstance(wrong.orig and wrong.orig.__cause__, asyncpg.UndefinedTableError):
            raise
        _give_up(f"The database at {where} has no tables yet: run `parkgate-cloud db upgrade` first.", _CANNOT_START)
    except connect.UNREACHABLE as away:
        _give_up(
            f"The database at {where} can't be reached ({type(away).__name__}): check PARKGATE_DATABASE_URL,"
            " and that PostgreSQL runs and takes connections from here.",
            _CANNOT_START,
        )


async def _known_tenant(connection: AsyncConnection, name: str) -> str:
    found = await enrolment.find_tenant(connection, name)
    if found is None:
        _give_up(f"There is no operator {name!r} yet: `parkgate-cloud lots add` makes the first.", _FAILED)
    return found


def _give_up(why: str, code: int) -> NoReturn:
    typer.echo(why, err=True)
    raise typer.Exit(code)


def _lot(view: queries.LotView) -> dict[str, object]:
    return {
        "id": view.id,
        "name": view.name,
        "online": view.online,
        "last_contact": None if view.last_contact is None else to_rfc3339(view.last_contact),
        "backlog": view.backlog,
        "applied_seq": view.applied_seq,
        "parked": view.parked,
        "alarms": view.alarms,
        "total": view.total,
        "available": view.available,
    }


def _lots_table(views: list[queries.LotView]) -> Table:
    table = Table("lot", Column("id", no_wrap=True), "link", "last contact", "backlog", "applied", "free", "alarms")
    for view in views:
        table.add_row(
            view.name,
            view.id,
            "online" if view.online else "offline",
            "never" if view.last_contact is None else to_rfc3339(view.last_contact)[:19] + "Z",
            "-" if view.backlog is None else str(view.backlog),
            str(view.applied_seq),
            f"{view.available}/{view.total}",
            str(view.alarms),
        )
    return table
