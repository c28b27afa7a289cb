"""`parkgate-edge valet`: what attendants do with the vehicles that were handed to them."""

from __future__ import annotations

import json
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.table import Table

from edge.clock import SystemClock
from edge.config.load import load_lot
from edge.orders_cli import By, Config, fail, give_or_fail
from edge.parking.valet import Kept, kept
from edge.store import StoreUnavailable
from edge.store.database import looking_into
from edge.ticket_orders import ValetOrder
from models.documents.problems import ConfigurationError
from models.instants import SECOND
from models.spots import VehicleType

valet_app = typer.Typer(
    help="Vehicles that attendants park and fetch. Each step stands in the records.", no_args_is_help=True
)
_Shown = Annotated[str, typer.Argument(metavar="TICKET", help="The ticket's code, or the tag of the key")]
_Word = Annotated[str | None, typer.Option(help="No ticket is shown: why the person is believed")]


@valet_app.command()
def take(
    tag: Annotated[str, typer.Argument(metavar="TAG", help="The number on the key's tag")],
    config: Config,
    by: By,
    ticket: Annotated[str | None, typer.Option(help="The ticket that the vehicle has; left out: a new one")] = None,
    plate: Annotated[str | None, typer.Option(help="The vehicle's plate, for a new ticket")] = None,
    vehicle: Annotated[VehicleType, typer.Option(case_sensitive=False)] = VehicleType.REGULAR,
) -> None:
    """Take a vehicle and its key over from its driver. Nothing of the driver is kept."""
    order = ValetOrder(valet="take", by=by, tag=tag, shown=ticket, plate=plate, vehicle_type=vehicle)
    give_or_fail(config, "the vehicle", order)


@valet_app.command()
def park(
    shown: _Shown,
    place: Annotated[str, typer.Argument(metavar="PLACE", help="A spot's number, or in words")],
    config: Config,
    by: By,
) -> None:
    """Say where the vehicle stands, or where it stands now."""
    give_or_fail(config, "the vehicle", ValetOrder(valet="park", by=by, shown=shown, place=place))


@valet_app.command()
def call(shown: _Shown, config: Config, by: By, word: _Word = None) -> None:
    """The driver wants the vehicle: it joins the queue."""
    give_or_fail(config, "the vehicle", ValetOrder(valet="call", by=by, shown=shown, word=word))


@valet_app.command("end-call")
def end_call(shown: _Shown, config: Config, by: By) -> None:
    """The driver stays after all."""
    _step(config, "end-call", by, shown)


@valet_app.command()
def fetch(config: Config, by: By, shown: Annotated[str | None, typer.Argument(metavar="[TICKET]")] = None) -> None:
    """Go for this vehicle, or for the next in the queue."""
    _step(config, "fetch", by, shown)


@valet_app.command()
def ready(shown: _Shown, config: Config, by: By) -> None:
    """The vehicle stands where its driver gets it."""
    _step(config, "ready", by, shown)


@valet_app.command("hand-back")
def hand_back(
    shown: _Shown,
    config: Config,
    by: By,
    word: _Word = None,
    unpaid: Annotated[bool, typer.Option("--unpaid", help="What is still owed becomes a debt on record")] = False,
) -> None:
    """Give vehicle and key back: against the ticket, or on a person's word."""
    give_or_fail(config, "the vehicle", ValetOrder(valet="hand-back", by=by, shown=shown, word=word, unpaid=unpaid))


@valet_app.command("list")
def list_(
    config: Config, as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line")] = False
) -> None:
    """List the vehicles that attendants have: those that are waited for first."""
    try:
        settings = load_lot(config)
        attendants = 1 if settings.valet is None else settings.valet.attendants
        with looking_into(settings.store.path) as connection:
            found = kept(connection, attendants, SystemClock().read().wall)
    except (ConfigurationError, StoreUnavailable) as wrong:
        fail(str(wrong), 2)
    if as_json:
        for one in found:
            typer.echo(json.dumps(_as_json(one)))
    else:
        _show(found)


def _step(config: Config, step: Literal["end-call", "fetch", "ready"], by: str, shown: str | None) -> None:
    give_or_fail(config, "the vehicle", ValetOrder(valet=step, by=by, shown=shown))


def _as_json(one: Kept) -> dict[str, object]:
    waits = None if one.expected is None else {"place": one.expected.place, "seconds": one.expected.wait // SECOND}
    return {
        "ticket": one.ticket.code,
        "tag": one.tag,
        "state": one.state.value,
        "place": one.spot or one.place,
        "queue": waits,
    }


def _show(found: list[Kept]) -> None:
    table = Table()
    for head in ("queue", "ticket", "key", "state", "stands at", "expected in"):
        table.add_column(head)
    for one in found:
        waits = "-" if one.expected is None else f"{-(-one.expected.wait // (60 * SECOND))} min"
        place = "-" if one.expected is None else str(one.expected.place)
        table.add_row(place, one.ticket.code, one.tag, one.state.value, one.spot or one.place or "-", waits)
    Console().print(table)
