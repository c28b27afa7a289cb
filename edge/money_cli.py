"""`parkgate-edge money`: what the books say, and what a person at the lot orders about money."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from edge import money_tables as tables
from edge.config.settings import LotSettings
from edge.money_orders import (
    CloseDayOrder,
    DisputeOrder,
    ReconcileOrder,
    RefundOrder,
    SettleOrder,
    ShiftOrder,
    WriteOffOrder,
)
from edge.orders_cli import By, Config, Reason, fail, give_or_fail, lot_or_fail
from edge.parking.money import cases, refunds, statement
from edge.store import StoreUnavailable
from edge.store.connecting import looking_into
from edge.typed_times import moment
from models.instants import HOUR, Instant

_T = TypeVar("_T")

DIFFERS = 5
"""Exit code of a comparison that leaves differences."""
_COMPARED_WITHIN = 1500.0
_MONTH = 31 * 24 * HOUR

money_app = typer.Typer(
    help="The lot's books: what was paid, given back and closed. Each order stands in the records with who gave it.",
    no_args_is_help=True,
)
shift_app = typer.Typer(help="A drawer is counted when a shift begins and when it ends.", no_args_is_help=True)
day_app = typer.Typer(help="The lot's business days.", no_args_is_help=True)
money_app.add_typer(shift_app, name="shift")
money_app.add_typer(day_app, name="day")


def _some_drawer(name: str) -> str:
    if not name.strip():
        raise typer.BadParameter("a drawer's name is expected, such as booth")
    return name.strip()


_Code = Annotated[str, typer.Argument(metavar="CODE", help="The ticket's code")]
_Json = Annotated[bool, typer.Option("--json", help="One JSON object a line")]
_Drawer = Annotated[
    str, typer.Option(help="The drawer's name, such as booth; of a machine: its lane's", callback=_some_drawer)
]
_Counted = Annotated[str, typer.Option(help="What lies in it, such as 150.00")]


class Step(StrEnum):
    OPEN = "open"
    WON = "won"
    LOST = "lost"


@money_app.command("ledger")
def ledger_(code: _Code, config: Config, as_json: _Json = False) -> None:
    """Show all that the books say of one ticket. Works without the daemon too."""
    settings, found = _looked(config, lambda connection: statement.statement(connection, code))
    if as_json:
        for entry in found.entries:
            typer.echo(json.dumps(asdict(entry)))
    else:
        tables.show_statement(found, settings.lot.timezone)


@money_app.command()
def refund(
    code: _Code,
    config: Config,
    reason: Reason,
    by: By,
    amount: Annotated[str, typer.Option(help="How much, such as 4.50")],
    cash: Annotated[str | None, typer.Option(metavar="DRAWER", help="Out of this drawer, not by the provider")] = None,
) -> None:
    """Give money back to a ticket's driver: by the way it was paid, or in cash."""
    order = RefundOrder(code=code, amount=amount, drawer=cash, by=by, reason=reason)
    give_or_fail(config, "the refund", order)


@money_app.command("refunds")
def refunds_(config: Config, as_json: _Json = False) -> None:
    """List what was promised to drivers and isn't paid yet. Works without the daemon too."""
    settings, found = _looked(config, refunds.waiting)
    if as_json:
        for due in found:
            typer.echo(json.dumps(asdict(due)))
    else:
        tables.show_refunds(found, settings.lot.timezone)


@money_app.command("write-off")
def write_off(code: _Code, config: Config, reason: Reason, by: By) -> None:
    """Ask nobody any more for what a ticket owes."""
    give_or_fail(config, "the debt", WriteOffOrder(code=code, by=by, reason=reason))


@money_app.command()
def dispute(
    code: _Code,
    step: Annotated[Step, typer.Argument(help="What has happened")],
    config: Config,
    reason: Reason,
    by: By,
    amount: Annotated[str | None, typer.Option(help="With open: how much the bank has taken back")] = None,
) -> None:
    """A driver's bank has taken a payment back, or it is clear whose it is."""
    give_or_fail(config, "the dispute", DisputeOrder(code=code, step=step.value, amount=amount, by=by, reason=reason))


@shift_app.command("open")
def open_(drawer: _Drawer, counted: _Counted, config: Config, by: By) -> None:
    """So much lies in the drawer from now on; what the books don't have of it came from the safe."""
    give_or_fail(config, "the shift", ShiftOrder(step="open", drawer=drawer, counted=counted, by=by))


@shift_app.command("close")
def close(
    drawer: _Drawer,
    counted: _Counted,
    config: Config,
    by: By,
    left: Annotated[str | None, typer.Option(help="What stays in it; left out: all")] = None,
) -> None:
    """Put what was counted beside the books; all but what is left goes to the safe."""
    give_or_fail(config, "the shift", ShiftOrder(step="close", drawer=drawer, counted=counted, left=left, by=by))


@day_app.command("close")
def close_day(config: Config, by: By) -> None:
    """What is posted from now on belongs to the next business day."""
    give_or_fail(config, "the day", CloseDayOrder(by=by))


@money_app.command("closings")
def closings_(
    config: Config,
    day: Annotated[int | None, typer.Option(help="All that this day came to")] = None,
    most: Annotated[int, typer.Option(min=1, help="How many are listed")] = 20,
    as_json: _Json = False,
) -> None:
    """List the days and shifts that were closed, or show one day. Works without the daemon too."""
    settings, found = _looked(config, lambda connection: _closings(connection, day, most))
    zone = settings.lot.timezone
    if as_json:
        for one in found:
            typer.echo(json.dumps(asdict(one)))
    elif day is None:
        tables.show_closings(found, zone)
    elif found:
        tables.show_day(found[0], zone)
    else:
        fail(f"Day {day} isn't closed.", 2)


@money_app.command()
def reconcile(
    config: Config,
    by: By,
    since: Annotated[str | None, typer.Option(help="From this time on, such as 2026-11-28T08:00")] = None,
    until: Annotated[str | None, typer.Option(help="Until just before this time")] = None,
    book: Annotated[bool, typer.Option("--book", help="Book what the books lack; needs --reason")] = False,
    reason: Annotated[str | None, typer.Option("--reason", "-r", help="Why; it stands in the records")] = None,
) -> None:
    """Put each provider's own report beside the books, and show what differs."""
    window = _moments(config, since, until)
    order = ReconcileOrder(since=window[0], until=window[1], book=book, by=by, reason=reason or None)
    give_or_fail(config, "the books", order, _COMPARED_WITHIN)
    settings, found = _looked(config, cases.listed)
    if found:
        tables.show_cases(found, settings.lot.timezone)
        raise typer.Exit(DIFFERS)


@money_app.command("cases")
def cases_(
    config: Config,
    settled: Annotated[bool, typer.Option("--settled", help="Those that are settled, too")] = False,
    as_json: _Json = False,
) -> None:
    """List what a person must see to: differences, and refunds that were declined. Works without the daemon too."""
    settings, found = _looked(config, lambda connection: cases.listed(connection, Instant(0) if settled else None))
    if as_json:
        for case in found:
            typer.echo(json.dumps({**asdict(case), "difference": case.difference._asdict()}))
    else:
        tables.show_cases(found, settings.lot.timezone)


@money_app.command()
def settle(
    number: Annotated[int, typer.Argument(metavar="NUMBER", help="As `cases` lists it")],
    config: Config,
    reason: Reason,
    by: By,
) -> None:
    """You have looked into a case, and it may stay as it is: it raises no fault any more. Nothing is posted."""
    give_or_fail(config, f"case {number}", SettleOrder(number=number, by=by, reason=reason))


def _closings(connection: sqlite3.Connection, day: int | None, most: int) -> list[statement.Closing]:
    if day is None:
        return statement.closings(connection, most)
    one = statement.closing(connection, "day", day)
    return [] if one is None else [one]


def _looked(config: Path, look: Callable[[sqlite3.Connection], _T]) -> tuple[LotSettings, _T]:
    """What stands in the lot's store."""
    settings = lot_or_fail(config)
    try:
        with looking_into(settings.store.path) as connection:
            return settings, look(connection)
    except statement.NoTicket as wrong:
        fail(f"{wrong}.", 2)
    except StoreUnavailable as wrong:
        fail(str(wrong), 1)


def _moments(config: Path, *texts: str | None) -> list[Instant | None]:
    """By the lot's own clock."""
    zone = lot_or_fail(config).lot.timezone
    try:
        return [moment(text, zone) for text in texts]
    except ValueError as wrong:
        fail(str(wrong), 2)
