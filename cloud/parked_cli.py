"""`parkgate-cloud parked` and `cases`: what waits for a person, and the judgement that a person gives."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, TypeVar
from uuid import UUID

import asyncpg
import typer
from rich.console import Console
from rich.table import Table

from cloud.at_the_prompt import FAILED, AsJson, give_up, settings_given, told
from cloud.clock import SystemClock
from cloud.db import connect
from cloud.ingest.release import Judge, Released, release_fact, release_ticket, settle
from cloud.queries.parked import ParkedFact, open_cases, parked_facts
from models.ids import LotId, StreamId, TicketId
from models.instants import Instant, to_rfc3339

T = TypeVar("T")
parked_app = typer.Typer(no_args_is_help=True, help="Facts that couldn't be applied, and wait for a person.")
cases_app = typer.Typer(no_args_is_help=True, help="What the cloud met that a person must judge.")

Lot = Annotated[UUID | None, typer.Option(help="Of this lot only.")]
OfLot = Annotated[UUID, typer.Option(help="The lot's id.")]
Subject = Annotated[str, typer.Argument(help="A ticket's id, or STREAM/NUMBER of a fact that is of no ticket.")]
By = Annotated[str, typer.Option(help="Who judges.")]
Why = Annotated[str, typer.Option(help="Why; it stays on record.")]


@parked_app.command("list")
def list_parked(lot: Lot = None, settled: bool = False, as_json: AsJson = False) -> None:
    """Each ticket or fact that waits, and why. With --settled, what became of those that don't any more."""

    async def work(connection: asyncpg.Connection, now: Instant) -> Sequence[ParkedFact]:
        return await parked_facts(connection, None if lot is None else str(lot), settled=settled)

    _print(_ask(work), as_json)


@parked_app.command("show")
def show(subject: Subject, lot: OfLot, as_json: AsJson = False) -> None:
    """The facts themselves, without what is personal in them."""

    async def work(connection: asyncpg.Connection, now: Instant) -> Sequence[ParkedFact]:
        return await parked_facts(connection, str(lot), subject=subject)

    found = _ask(work)
    if not found:
        give_up(f"Nothing is parked as {subject} there.", FAILED)
    _print(found, as_json, bodies=True)


@parked_app.command("release")
def release(subject: Subject, lot: OfLot, by: By, why: Why, as_json: AsJson = False) -> None:
    """Try to apply them again, in their order: after an upgrade, or because the lot's word is to count."""
    judge, about = Judge(by, why), _subject(subject)

    async def work(connection: asyncpg.Connection, now: Instant) -> Released:
        tenant = await _tenant(connection, lot)
        if isinstance(about, tuple):
            return await release_fact(connection, tenant, LotId(str(lot)), *about, now, judge)
        return await release_ticket(connection, tenant, LotId(str(lot)), about, now, judge)

    done = _ask(work)
    text = f"{done.applied} applied, {done.waiting} still parked."
    typer.echo(json.dumps({"applied": done.applied, "parked": done.waiting}) if as_json else text)
    if done.waiting:
        raise typer.Exit(FAILED)


@parked_app.command("settle")
def settle_parked(subject: Subject, lot: OfLot, by: By, why: Why, as_json: AsJson = False) -> None:
    """Judge that they aren't to be applied. They stay on record, with who said so and why."""
    about = _subject(subject)

    async def work(connection: asyncpg.Connection, now: Instant) -> int:
        await _tenant(connection, lot)
        return await settle(connection, LotId(str(lot)), about, now, Judge(by, why))

    count = _ask(work)
    if count == 0:
        give_up(f"Nothing is parked as {subject} there.", FAILED)
    typer.echo(json.dumps({"settled": count}) if as_json else f"{count} settled.")


@cases_app.command("list")
def list_cases(lot: Lot = None, as_json: AsJson = False) -> None:
    """The open cases, the newest first."""

    async def work(connection: asyncpg.Connection, now: Instant) -> Sequence[dict[str, object]]:
        return await open_cases(connection, None if lot is None else str(lot))

    found = _ask(work)
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    table = Table("id", "lot", "case", "about", "times", "detail")
    for case in found:
        table.add_row(*(str(case[name]) for name in ("id", "lot", "kind", "subject", "times", "detail")))
    Console(width=max(Console().width, 130)).print(table)


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


async def _tenant(connection: asyncpg.Connection, lot: UUID) -> str:
    tenant = await connection.fetchval("SELECT tenant_id::text FROM parking_lots WHERE id = $1", str(lot))
    if tenant is None:
        give_up(f"There is no lot {lot}.", FAILED)
    return tenant


def _subject(text: str) -> TicketId | tuple[StreamId, int]:
    stream, slash, number = text.partition("/")
    try:
        if slash:
            return StreamId(str(UUID(stream))), int(number)
        return TicketId(str(UUID(stream)))
    except ValueError:
        give_up(f"{text!r} is neither a ticket's id nor STREAM/NUMBER: `parked list` shows them.", FAILED)


def _print(found: Sequence[ParkedFact], as_json: bool, *, bodies: bool = False) -> None:
    if as_json:
        typer.echo(json.dumps([fact.as_json() if bodies else fact.in_short() for fact in found], indent=2))
        return
    table = Table("lot", "subject", "fact", "since", "cause", "why", "outcome")
    for fact in found:
        outcome = "" if fact.outcome is None else f"{fact.outcome} by {fact.settled_by}: {fact.settled_why}"
        since = to_rfc3339(fact.parked_at)[:19] + "Z"
        what = f"{fact.seq} {fact.type} v{fact.version}"
        table.add_row(fact.lot, fact.subject, what, since, fact.cause, fact.why, outcome)
    Console(width=max(Console().width, 160)).print(table)
    if bodies:
        for fact in found:
            typer.echo(f"{fact.seq}: {fact.body}")
