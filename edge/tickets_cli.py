"""`parkgate-edge tickets`: find a stay, and put right what isn't one ticket a stay."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from edge import matching_cli
from edge.orders_cli import By, Config, Reason, fail, give_or_fail, lot_or_fail, written_or_fail
from edge.parking.stays.searching import Found, Sought, search, unread
from edge.store import StoreUnavailable
from edge.store.database import looking_into
from edge.store.pictures import Pictures
from edge.ticket_orders import FindTicket, LoseTicket, MergeTickets, SplitTicket, UndoMending
from edge.tickets_page import write_page
from edge.typed_times import moment, shown
from models.money import Minor, written
from models.plates import normalised
from models.spots import VehicleType

tickets_app = typer.Typer(
    help="Find stays, and put right what isn't one ticket a stay. Each order needs a reason and stands in the records.",
    no_args_is_help=True,
)
_Code = Annotated[str, typer.Argument(metavar="CODE", help="The ticket's code, as on paper or as `find` prints it")]
_WHY = {"code": "code", "plate": "this plate", "alike": "looks like it", "entry": "time and lane"}


@tickets_app.command()
def find(
    config: Config,
    plate: Annotated[
        str | None, typer.Option(help="As it was read or as its driver says; lookalikes are listed")
    ] = None,
    code: Annotated[str | None, typer.Option(help="A ticket's code, whatever became of it")] = None,
    since: Annotated[str | None, typer.Option(help="Came at this time or later, such as 2026-11-28T08:00")] = None,
    until: Annotated[str | None, typer.Option(help="Came at this time or earlier")] = None,
    lane: Annotated[str | None, typer.Option(help="Came in at this lane")] = None,
    closed: Annotated[bool, typer.Option("--closed", help="Stays that are over, too")] = False,
    html: Annotated[Path | None, typer.Option(metavar="DIR", help="Write a page with the pictures there")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line")] = False,
) -> None:
    """List stays by plate, by time of entry, by lane, and with --html by the pictures of their entries."""
    settings = lot_or_fail(config)
    zone = settings.lot.timezone
    try:
        sought = Sought(
            plate=None if plate is None else normalised(plate),
            code=code,
            since=moment(since, zone),
            until=moment(until, zone),
            lane=lane,
            closed=closed,
        )
        with looking_into(settings.store.path) as connection:
            found = search(connection, sought)
            others = unread(connection, sought) if sought.plate is not None else []
    except (ValueError, StoreUnavailable) as wrong:
        fail(str(wrong), 2)
    if html is not None:
        pictures = Pictures(settings.store.pictures)
        page = written_or_fail(lambda: write_page(html, [*found, *others], pictures, zone))
        typer.echo(f"{page} shows {len(found) + len(others)} stays.")
    elif as_json:
        for one in [*found, *others]:
            typer.echo(json.dumps(_as_json(one)))
    else:
        _show(found, "Stays", zone)
        if others:
            _show(others, "Inside without a plate", zone)


@tickets_app.command()
def lost(
    config: Config,
    reason: Reason,
    by: By,
    code: Annotated[str | None, typer.Argument(metavar="[CODE]", help="The stay, as `find` prints it")] = None,
    unknown: Annotated[bool, typer.Option("--unknown", help="No stay is on record: it gets one now")] = False,
    lane: Annotated[str | None, typer.Option(help="The exit at which the vehicle stands: it goes on with it")] = None,
    plate: Annotated[str | None, typer.Option(help="With --unknown: the vehicle's plate")] = None,
    vehicle: Annotated[VehicleType, typer.Option(case_sensitive=False, help="With --unknown")] = VehicleType.REGULAR,
) -> None:
    """Put on record that the driver of a stay has no ticket: the tariff's price of a lost ticket holds."""
    if (code is None) != unknown:
        fail("Either the code of the stay or --unknown is expected.", 2)
    order = LoseTicket(code=code, lane=lane, plate=plate, vehicle_type=vehicle, by=by, reason=reason)
    give_or_fail(config, "the ticket", order)


@tickets_app.command()
def found(code: _Code, config: Config, reason: Reason, by: By) -> None:
    """The ticket was found after all: the ordinary price holds again."""
    give_or_fail(config, "the ticket", FindTicket(found=code, by=by, reason=reason))


@tickets_app.command()
def merge(
    code: _Code,
    other: Annotated[str, typer.Argument(metavar="OTHER", help="The other ticket of the same stay")],
    config: Config,
    reason: Reason,
    by: By,
    later_plate: Annotated[
        bool, typer.Option("--later-plate", help="The later ticket's plate is the right one")
    ] = False,
) -> None:
    """Two open tickets are of one stay: the earlier entry holds, with the money of both."""
    give_or_fail(
        config, "the tickets", MergeTickets(merge=(code, other), later_plate=later_plate, by=by, reason=reason)
    )


@tickets_app.command()
def split(
    code: _Code,
    config: Config,
    reason: Reason,
    by: By,
    left: Annotated[str, typer.Option(help="When the first vehicle left, such as 2026-11-28T10:00")],
    entered: Annotated[str, typer.Option(help="When the second one came")],
    plate: Annotated[str | None, typer.Option(help="Of the second vehicle, if it is another one")] = None,
) -> None:
    """One ticket is of two stays: the first ends when its vehicle left, the second goes on with a ticket of its own."""
    zone = lot_or_fail(config).lot.timezone
    try:
        first, second = moment(left, zone), moment(entered, zone)
    except ValueError as wrong:
        fail(str(wrong), 2)
    assert first is not None
    assert second is not None
    give_or_fail(
        config, "the ticket", SplitTicket(split=code, left=first, entered=second, plate=plate, by=by, reason=reason)
    )


@tickets_app.command()
def undo(
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="As `merge` or `split` printed it")],
    config: Config,
    reason: Reason,
    by: By,
) -> None:
    """A merge or split was wrong: both tickets stand as before, and both records stay."""
    give_or_fail(config, "the tickets", UndoMending(undo=number, by=by, reason=reason))


for command in (matching_cli.at, matching_cli.this_one, matching_cli.matched, matching_cli.unmatch):
    tickets_app.command()(command)


def _as_json(one: Found) -> dict[str, Any]:
    return {**{key: getattr(one, key) for key in Found.__slots__}, "status": one.status.value}


def _show(found: list[Found], title: str, zone: str) -> None:
    table = Table(title=f"{title}: {len(found)}", title_justify="left")
    for head in ("found by", "ticket", "no.", "plate", "came", "lane", "by", "spot", "state", "paid", "picture"):
        table.add_column(head)
    for one in found:
        table.add_row(
            *(_WHY[one.why], one.code, str(one.serial or "-"), one.plate or "not read"),
            *(shown(one.entered, zone), one.entry_lane),
            *(one.entered_by, one.spot or "-", one.status.lower() + (", lost" if one.lost else "")),
            *(written(Minor(one.paid), one.currency), (one.picture or "-")[:12]),
        )
    Console().print(table)
