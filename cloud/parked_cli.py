"""`parkgate-cloud parked` and `cases`: what waits for a person, and the judgement that a person gives."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, TypeVar
from uuid import UUID

import asyncpg
import typer
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud.at_the_prompt import (
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
from cloud.clock import SystemClock
from cloud.db import connect
from cloud.ingest.release import Judge, Released, release_fact, release_ticket, settle
from cloud.listing import print_entries, shown
from cloud.queries.parked import ParkedFact, open_cases, parked_facts
from models.ids import LotId, StreamId, TicketId
from models.instants import Instant

T = TypeVar("T")
parked_app = typer.Typer(no_args_is_help=True, help="Facts that couldn't be applied, and wait for a person.")
cases_app = typer.Typer(no_args_is_help=True, help="What the cloud met that a person must judge.")

Lot = Annotated[str | None, typer.Option(help="Of this lot only: its id, or its name where only one has it.")]
OfLot = Annotated[str, typer.Option(help="The lot's id, or its name where only one has it.")]
Subject = Annotated[str, typer.Argument(help="A ticket's id, or STREAM/NUMBER of a fact that is of no ticket.")]
By = Annotated[str, typer.Option(help="Who judges.")]
Why = Annotated[str, typer.Option(help="Why; it stays on record.")]


@parked_app.command("list")
def list_parked(lot: Lot = None, settled: bool = False, tenant: Tenant = None, as_json: AsJson = False) -> None:
    """Each ticket or fact that waits, and why. With --settled, what became of those that don't any more."""
    only = None if lot is None else _found(lot, tenant)[1]

    async def work(connection: asyncpg.Connection, now: Instant) -> Sequence[ParkedFact]:
        return await parked_facts(connection, only, settled=settled)

    _print(_ask(work), as_json, nothing="Nothing has been settled." if settled else "Nothing is parked.")


@parked_app.command("show")
def show(subject: Subject, lot: OfLot, tenant: Tenant = None, as_json: AsJson = False) -> None:
    """The facts themselves, without what is personal in them."""
    _, of = _found(lot, tenant)

    async def work(connection: asyncpg.Connection, now: Instant) -> Sequence[ParkedFact]:
        return await parked_facts(connection, of, subject=subject)

    found = _ask(work)
    if not found:
        give_up(f"Nothing is parked as {subject} there.", FAILED)
    _print(found, as_json, bodies=True)


@parked_app.command("release")
def release(subject: Subject, lot: OfLot, by: By, why: Why, tenant: Tenant = None, as_json: AsJson = False) -> None:
    """Try to apply them again, in their order: after an upgrade, or because the lot's word is to count."""
    judge, about = Judge(by, why), _subject(subject)
    owner, of = _found(lot, tenant)

    async def work(connection: asyncpg.Connection, now: Instant) -> Released:
        if isinstance(about, tuple):
            return await release_fact(connection, owner, of, *about, now, judge)
        return await release_ticket(connection, owner, of, about, now, judge)

    done = _ask(work)
    text = f"{done.applied} applied, {done.waiting} still parked."
    typer.echo(json.dumps({"applied": done.applied, "parked": done.waiting}) if as_json else text)
    if done.waiting:
        raise typer.Exit(FAILED)


@parked_app.command("settle")
def settle_parked(
    subject: Subject, lot: OfLot, by: By, why: Why, tenant: Tenant = None, as_json: AsJson = False
) -> None:
    """Judge that they aren't to be applied. They stay on record, with who said so and why."""
    about = _subject(subject)
    _, of = _found(lot, tenant)

    async def work(connection: asyncpg.Connection, now: Instant) -> int:
        return await settle(connection, of, about, now, Judge(by, why))

    count = _ask(work)
    if count == 0:
        give_up(f"Nothing is parked as {subject} there.", FAILED)
    typer.echo(json.dumps({"settled": count}) if as_json else f"{count} settled.")


@cases_app.command("list")
def list_cases(lot: Lot = None, tenant: Tenant = None, as_json: AsJson = False) -> None:
    """The open cases, the newest first."""
    only = None if lot is None else _found(lot, tenant)[1]

    async def work(connection: asyncpg.Connection, now: Instant) -> Sequence[dict[str, object]]:
        return await open_cases(connection, only)

    found = _ask(work)
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    print_entries((_case(case) for case in found), "There is no open case.")


@cases_app.command("close")
def close_case(case: Annotated[UUID, typer.Argument(help="The case's id.")], by: By, why: Why) -> None:
    """A person has judged it. Who and why stay on record."""

    async def work(connection: asyncpg.Connection, now: Instant) -> str:
        return await connection.execute(
            "UPDATE cases SET closed_at = $2, closed_by = $3, closed_why = $4 WHERE id = $1 AND closed_at IS NULL",
            *(str(case), now, by, why),
        )

    if _ask(work) != "UPDATE 1":
        give_up(f"There is no open case {case}.", FAILED)
    typer.echo("Closed.")


def _ask(work: Callable[[asyncpg.Connection, Instant], Awaitable[T]]) -> T:
    """One transaction's work, on a connection as ingest uses it."""
    settings = settings_given()

    async def main() -> T:
        connection = await connect.connection(settings, "parkgate-parked")
        try:
            async with connection.transaction():
                return await work(connection, SystemClock().read().wall)
        finally:
            await connection.close()

    return told(settings, main)


def _found(named: str, tenant: str | None) -> tuple[str, LotId]:
    """The operator and the lot."""
    settings = settings_given()

    async def work(connection: AsyncConnection, now: Instant) -> tuple[str, LotId]:
        owner = await known_tenant(connection, tenant or settings.tenant)
        return owner, await known_lot(connection, owner, named)

    return with_database(settings, work)


def _subject(text: str) -> TicketId | tuple[StreamId, int]:
    stream, slash, number = text.partition("/")
    try:
        if slash:
            return StreamId(str(UUID(stream))), int(number)
        return TicketId(str(UUID(stream)))
    except ValueError:
        give_up(f"{text!r} is neither a ticket's id nor STREAM/NUMBER: `parked list` shows them.", FAILED)


def _print(found: Sequence[ParkedFact], as_json: bool, *, nothing: str = "", bodies: bool = False) -> None:
    if as_json:
        typer.echo(json.dumps([fact.as_json() if bodies else fact.in_short() for fact in found], indent=2))
    else:
        print_entries((_fact(fact, bodies) for fact in found), nothing)


def _fact(fact: ParkedFact, body: bool) -> tuple[str, ...]:
    """What the other commands take stands by itself in the first line."""
    return (
        f"{fact.subject}  {fact.lot_name}",
        f"{f'{fact.seq} {fact.type} v{fact.version}, ' if fact.seq else ''}parked {shown(fact.parked_at)}",
        f"{fact.cause}: {fact.why}",
        "" if fact.outcome is None else f"{fact.outcome} by {fact.settled_by}: {fact.settled_why}",
        fact.body if body else "",
    )


def _case(case: dict[str, object]) -> tuple[str, ...]:
    times = "" if case["times"] == 1 else f" {case['times']} times,"
    return (
        f"{case['id']}  {case['kind']}  {case['lot_name']}",
        f"about {case['subject']},{times} last {str(case['seen_at'])[:19]}Z",
        str(case["detail"]),
    )
