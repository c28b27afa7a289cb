"""The commands with which a person at the lot looks after its spots: `parkgate-edge spots ...`."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from edge.config.load import load_lot
from edge.local import SpotsOrder
from edge.orders_cli import By, Config, Reason, fail, give_or_fail
from edge.parking.places.upkeep import NotDone, Spot, level_called, spots
from edge.store import StoreUnavailable
from edge.store.connecting import looking_into
from models.documents.problems import ConfigurationError
from models.spots import Blocked, SpotStatus

spots_app = typer.Typer(
    help="The spots of the lot: which are taken, which are out of service, and what was counted.", no_args_is_help=True
)

_Level = Annotated[str | None, typer.Option("--level", "-l", help="Floor number or name of the level")]
_Spot = Annotated[str, typer.Argument(metavar="SPOT", help="Its number, as painted")]


@spots_app.command("list")
def list_(
    config: Config,
    level: _Level = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line")] = False,
) -> None:
    """Show each spot, and who stands on it. Works without the daemon too."""
    try:
        with looking_into(load_lot(config).store.path) as connection:
            found = spots(connection, None if level is None else level_called(connection, level))
    except ConfigurationError as wrong:
        fail(str(wrong), 2)
    except NotDone as wrong:
        fail(f"{wrong}.", 2)
    except StoreUnavailable as wrong:
        fail(str(wrong), 1)
    for spot in found if as_json else ():
        typer.echo(json.dumps(_plain(spot)))
    if not as_json:
        _show(found)


@spots_app.command("out-of-service")
def out_of_service(spot: _Spot, config: Config, reason: Reason, by: By, level: _Level = None) -> None:
    """Lead nobody to a spot any more. A vehicle that stands on it may stay until it leaves."""
    order = SpotsOrder(spots="out_of_service", spot=spot, level=level, by=by, reason=reason)
    give_or_fail(config, f"spot {spot}", order)


@spots_app.command("in-service")
def in_service(spot: _Spot, config: Config, reason: Reason, by: By, level: _Level = None) -> None:
    """Lead vehicles to a spot again: it is in order, and no vehicle of which nobody knows stands there."""
    give_or_fail(config, f"spot {spot}", SpotsOrder(spots="in_service", spot=spot, level=level, by=by, reason=reason))


@spots_app.command("reset-count")
def reset_count(
    config: Config,
    reason: Reason,
    by: By,
    vehicles: Annotated[int, typer.Option(min=0, help="How many were counted")],
    level: _Level = None,
) -> None:
    """Say how many vehicles were counted on a level, or in the whole lot. No stay ends by it: those that can't be there
    become unresolved, and their vehicle's next passage settles them."""
    order = SpotsOrder(spots="reset_count", level=level, vehicles=vehicles, by=by, reason=reason)
    give_or_fail(config, "the count", order)


def _show(found: list[Spot]) -> None:
    table = Table(box=None, pad_edge=False)
    for column in ("level", "spot", "type", "zone", "standing", "ticket"):
        table.add_column(column)
    for spot in found:
        table.add_row(spot.level.name, spot.number, spot.type, spot.zone, standing(spot), spot.code or "")
    Console().print(table)


def standing(spot: Spot) -> str:
    """In one word or two, for people."""
    match spot.blocked:
        case Blocked.MAINTENANCE:
            return "out of service" if spot.status is SpotStatus.AVAILABLE else "taken, then out of service"
        case Blocked.UNKNOWN_VEHICLE:
            return "taken by unknown"
        case None:
            return "free" if spot.status is SpotStatus.AVAILABLE else "taken"


def _plain(spot: Spot) -> dict[str, object]:
    return {
        "level": spot.level.floor,
        "level_name": spot.level.name,
        "spot": spot.number,
        "type": spot.type,
        "zone": spot.zone,
        "standing": standing(spot),
        "ticket": spot.code,
    }
