"""The command line of the cloud: run it, migrate it, enrol lots, make keys, tell lanes what to do."""

from __future__ import annotations

import json
from dataclasses import asdict
from importlib.metadata import version
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud import enrolment, keys, logs, queries, signing
from cloud.at_the_prompt import (
    CANNOT_START,
    FAILED,
    AsJson,
    Tenant,
    give_up,
    known_lot,
    known_tenant,
    settings_given,
    told,
    with_database,
)
from cloud.booking.cli import reservations_app
from cloud.books_cli import show_books
from cloud.broker.cli import broker_app, enroll, revoke
from cloud.broker.login import NoLogin
from cloud.db import connect, migrate
from cloud.db.schema import SCOPES
from cloud.intents.cli import permits_app, policy_app
from cloud.intents.lists_cli import accounts_app, barred_app
from cloud.lanes_cli import lanes_app
from cloud.listing import ago, as_of, narrow, print_entries, print_table, shown
from cloud.parked_cli import cases_app, parked_app
from cloud.receipts_cli import receipts
from cloud.retention.cli import retention_app
from cloud.signing_cli import signing_app
from cloud.spots_cli import spots_app
from cloud.tariffs.cli import tariffs_app
from models.instants import Instant, to_rfc3339

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
app.add_typer(db_app, name="db")
app.add_typer(lots_app, name="lots")
app.add_typer(keys_app, name="keys")
app.add_typer(lanes_app, name="lanes")
app.add_typer(spots_app, name="spots")
app.add_typer(signing_app, name="signing")
app.add_typer(broker_app, name="broker")
app.add_typer(retention_app, name="retention")
app.add_typer(permits_app, name="permits")
app.add_typer(accounts_app, name="accounts")
app.add_typer(barred_app, name="barred")
app.add_typer(tariffs_app, name="tariffs")
app.add_typer(reservations_app, name="reservations")
app.add_typer(policy_app, name="policy")
app.command("books")(show_books)
lots_app.command("enroll")(enroll)
lots_app.command("revoke")(revoke)
app.add_typer(parked_app, name="parked")
app.add_typer(cases_app, name="cases")
app.command()(receipts)


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


@app.command()
def run(
    wait: Annotated[float, typer.Option(help="Seconds to wait for the database before giving up.")] = 60,
) -> None:
    """Migrate the database, then take facts in and serve the API and the operators' page until stopped."""
    settings = settings_given()
    logs.configure()
    from cloud.api.app import create_app  # the web stack takes a second to import: only `run` needs it
    from cloud.server import serve

    async def main() -> None:
        await serve(create_app(settings), wait)

    try:
        told(settings, main)
    except (signing.NoSigningKey, NoLogin) as wrong:
        give_up(str(wrong), CANNOT_START)


@db_app.command()
def upgrade() -> None:
    """Bring the database to the schema of this release. Harmless when it is there already."""
    settings = settings_given()

    async def main() -> tuple[str | None, str]:
        engine = connect.engine(settings)
        try:
            return await migrate.upgrade(engine)
        finally:
            await engine.dispose()

    before, after = told(settings, main)
    typer.echo(
        f"The database is at {after}." if before == after else f"Upgraded from {before or 'nothing'} to {after}."
    )


@lots_app.callback()
def lots(context: typer.Context, tenant: Tenant = None, as_json: AsJson = False) -> None:
    """List the operator's lots: last contact, backlog, what is applied, whether both say the same, free spots."""
    if context.invoked_subcommand is not None:
        return
    settings = settings_given()

    async def work(connection: AsyncConnection, now: Instant) -> tuple[list[queries.LotView], Instant]:
        found = await known_tenant(connection, tenant or settings.tenant)
        return list(await queries.lots_overview(connection, found, now, settings.silent_after)), now

    views, now = with_database(settings, work)
    if as_json:
        typer.echo(json.dumps([_lot(view) for view in views], indent=2))
    else:
        print_table(_lots_table(views, now))


@lots_app.command("add")
def add_lot(
    name: Annotated[str, typer.Option(help="What people call the lot.")],
    tenant: Tenant = None,
    as_json: AsJson = False,
) -> None:
    """Make a lot known, without a way to log in (`enroll` gives it one). Prints its id, for `lot: id:` in its YAML."""
    settings = settings_given()

    async def work(connection: AsyncConnection, now: Instant) -> str:
        owner = await enrolment.tenant_named(connection, tenant or settings.tenant, now)
        return await enrolment.enrol_lot(connection, owner, name, now)

    lot = with_database(settings, work)
    typer.echo(json.dumps({"id": lot, "name": name}) if as_json else lot)


@lots_app.command("differences")
def show_differences(
    lot: Annotated[str, typer.Argument(help="The lot's id, or its name where only one has it.")],
    tenant: Tenant = None,
    as_json: AsJson = False,
) -> None:
    """What differed between a lot and the cloud when their digests did, and what was done about it. Newest first."""
    settings = settings_given()

    async def work(connection: AsyncConnection, now: Instant) -> list[queries.Differed]:
        found = await known_tenant(connection, tenant or settings.tenant)
        return list(await queries.differences_of(connection, found, await known_lot(connection, found, lot)))

    differed = with_database(settings, work)
    if as_json:
        typer.echo(json.dumps([{**asdict(one), "at": to_rfc3339(one.at)} for one in differed], indent=2))
        return
    print_entries((_difference(one) for one in differed), "Nothing differed.")


@keys_app.command("add")
def add_key(
    name: Annotated[str, typer.Option(help="What the key is for.")],
    scope: Annotated[list[str], typer.Option(help=f"One of {', '.join(SCOPES)}; may be given several times.")],
    tenant: Tenant = None,
    as_json: AsJson = False,
) -> None:
    """Make an API key and print it. It can't be shown again."""
    settings = settings_given()

    async def work(connection: AsyncConnection, now: Instant) -> str:
        owner = await enrolment.tenant_named(connection, tenant or settings.tenant, now)
        return await keys.mint_key(connection, owner, name, scope, now)

    if unknown := sorted(set(scope) - set(SCOPES)):
        give_up(f"There is no scope {unknown[0]!r}: take one of {', '.join(SCOPES)}.", CANNOT_START)
    key = with_database(settings, work)
    typer.echo(json.dumps({"key": key, "name": name, "scopes": sorted(set(scope))}) if as_json else key)


@keys_app.command("revoke")
def revoke_key(
    prefix: Annotated[str, typer.Argument(help="The key, or its beginning up to the second `_`: pk_1a2b3c4d")],
    tenant: Tenant = None,
) -> None:
    """End an API key; it stops working within five seconds."""
    settings = settings_given()
    shown = "_".join(prefix.split("_")[:2])

    async def work(connection: AsyncConnection, now: Instant) -> bool:
        owner = await known_tenant(connection, tenant or settings.tenant)
        return await keys.revoke_key(connection, owner, shown, now)

    if not with_database(settings, work):
        give_up(f"There is no key {shown} that still works.", FAILED)
    typer.echo(f"{shown} is revoked.")


def main() -> None:
    app()


def _lot(view: queries.LotView) -> dict[str, object]:
    return {
        "id": view.id,
        "name": view.name,
        "called": view.called,
        "revoked": view.revoked,
        "online": view.online,
        "last_contact": None if view.last_contact is None else to_rfc3339(view.last_contact),
        "backlog": view.backlog,
        "applied_seq": view.applied_seq,
        "parked": view.parked,
        "alarms": view.alarms,
        "total": view.total,
        "available": view.available,
        "digest": _digest(view.digest),
    }


def _digest(view: queries.DigestView) -> dict[str, object]:
    return {
        "verdict": view.verdict,
        "seq": view.seq,
        "compared_at": _at(view.compared_at),
        "equal_seq": view.equal_seq,
        "equal_at": _at(view.equal_at),
        "differs_since": _at(view.differs_since),
        "resync": view.resync,
        "rows_corrected": view.rows_corrected,
        "waiting": view.waiting,
    }


def _at(moment: Instant | None) -> str | None:
    return None if moment is None else to_rfc3339(moment)


def _short_digest(view: queries.DigestView) -> str:
    """A few words for the table: `equal @512`, `parked @512, 3 wait`."""
    waiting = f", {view.waiting} wait" if view.waiting else ""
    return "-" if view.verdict is None else f"{view.verdict} @{view.seq}{waiting}"


def _difference(one: queries.Differed) -> tuple[str, ...]:
    at_cloud, at_lot = one.in_cloud or "missing", one.at_lot or "missing"
    row = f"{shown(one.at)}  {one.table}  {one.row}"
    return row, f"{one.column}: {at_cloud} in the cloud, {at_lot} at the lot; {one.outcome}"


def _lots_table(views: list[queries.LotView], now: Instant) -> Table:
    table = narrow("lot", "link", "backlog", "digest", "free", "alarms")
    for view in views:
        table.add_row(
            # An id is for copying: it has a line of its own.
            Text(f"{view.names}\n{view.id}"),
            _link(view, now),
            _backlog(view, now),
            f"{_short_digest(view.digest)}\napplied {view.applied_seq}",
            f"{view.available}/{view.total}",
            str(view.alarms),
        )
    return table


def _link(view: queries.LotView, now: Instant) -> str:
    state = "online" if view.online else "revoked" if view.revoked else "offline"
    return f"{state}\n{'never' if view.last_contact is None else ago(view.last_contact, now)}"


def _backlog(view: queries.LotView, now: Instant) -> str:
    """What a lot said that is out of touch is old."""
    if view.backlog is None or view.last_contact is None:
        return "-"
    return str(view.backlog) if view.online else f"{view.backlog} as of\n{as_of(view.last_contact, now)}"
