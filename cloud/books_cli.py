"""The command with which an operator reads a lot's books: what the accounts hold, and what a day came to."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Table
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud.at_the_prompt import FAILED, AsJson, Tenant, give_up
from cloud.intents.at_a_lot import with_lot
from cloud.listing import print_table, shown
from cloud.queries import books
from cloud.queries.books import Day, Total
from models.ids import LotId
from models.instants import Instant
from models.money import Minor, written


def show_books(
    lot: Annotated[str, typer.Argument(help="The lot's id, or its name where only one has it.")],
    day: Annotated[int | None, typer.Option(min=1, help="By the lot's own count; the open one unless given.")] = None,
    tenant: Tenant = None,
    as_json: AsJson = False,
) -> None:
    """Show what a lot's accounts hold, and what a business day came to."""

    async def work(
        connection: AsyncConnection, owner: str, found: LotId, now: Instant
    ) -> tuple[list[Total], Day | None]:
        number = day or await books.open_day(connection, owner, found)
        # What accounts hold now says nothing of a day that is long over.
        held = [] if day is not None else list(await books.balances(connection, owner, found))
        return held, await books.day(connection, owner, found, number)

    held, came_to = with_lot(lot, tenant, work)
    if came_to is None:
        give_up(f"The lot has had no business day {day} yet.", FAILED)
    if as_json:
        typer.echo(json.dumps({"accounts": [asdict(total) for total in held], "day": asdict(came_to)}, indent=2))
        return
    if day is None:
        _print("What the accounts hold", _accounts(held))
    closed = came_to.closed
    ended = "open" if closed is None else f"closed {shown(closed.at)} by {closed.by}"
    _print(f"Day {came_to.number}, {ended}", _day(came_to))
    if came_to.held:
        _print("What lay where when it was closed", _accounts(came_to.held))


def _print(title: str, table: Table) -> None:
    """The title above the table: one inside would be broken to its width."""
    typer.echo(title)
    print_table(table)


def _day(day: Day) -> Table:
    table = _with_columns("kind", "account", "amount", "lines")
    for total in day.totals:
        table.add_row(total.kind, total.account, _amount(total), str(total.lines))
    if not day.totals:
        table.add_row("nothing was posted", "", "", "")
    return table


def _accounts(totals: Sequence[Total]) -> Table:
    table = _with_columns("account", "amount")
    for total in totals:
        table.add_row(total.account, _amount(total))
    if not totals:
        table.add_row("nothing was posted", "")
    return table


def _with_columns(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in columns:
        table.add_column(name, justify="right" if name in ("amount", "lines") else "left", no_wrap=name == "amount")
    return table


def _amount(total: Total) -> str:
    return written(Minor(total.amount), total.currency)
