"""The commands with which an operator looks after a lot's spots from afar: `parkgate-cloud spots ...`."""

from __future__ import annotations

from typing import Annotated

import typer

from cloud.at_the_prompt import AsJson, Tenant
from cloud.commands.desk import Places
from cloud.ordering_cli import By, LotNamed, Reason, Said, tell
from models.commands import CommandKind
from models.wire.commands import MOST_COUNTED

spots_app = typer.Typer(
    no_args_is_help=True,
    help="Tell a lot what was counted, or which spot is out of service, at most once. Each order needs a reason and"
    " stands in the records of both.",
)

_Spot = Annotated[str, typer.Argument(metavar="SPOT", help="Its number, as painted")]
_Level = Annotated[str | None, typer.Option("--level", "-l", help="Floor number or name of the level")]


@spots_app.command("reset-count")
def reset_count(
    lot: LotNamed,
    vehicles: Annotated[int, typer.Option(min=0, max=MOST_COUNTED, help="How many were counted")],
    reason: Reason,
    by: By,
    level: _Level = None,
    tenant: Tenant = None,
    as_json: AsJson = False,
) -> None:
    """Say how many vehicles were counted on a level, or in the whole lot. No stay ends by it: those that can't be there
    become unresolved, and their vehicle's next passage settles them."""
    tell(lot, CommandKind.RESET_COUNT, Said(by, reason, tenant, as_json), places=Places(None, level, vehicles))


@spots_app.command("out-of-service")
def out_of_service(
    lot: LotNamed,
    spot: _Spot,
    reason: Reason,
    by: By,
    level: _Level = None,
    tenant: Tenant = None,
    as_json: AsJson = False,
) -> None:
    """Lead nobody to a spot any more. A vehicle that stands on it may stay until it leaves."""
    tell(lot, CommandKind.SPOT_OUT_OF_SERVICE, Said(by, reason, tenant, as_json), places=Places(spot, level))


@spots_app.command("in-service")
def in_service(
    lot: LotNamed,
    spot: _Spot,
    reason: Reason,
    by: By,
    level: _Level = None,
    tenant: Tenant = None,
    as_json: AsJson = False,
) -> None:
    """Lead vehicles to a spot again: it is in order, and no vehicle of which nobody knows stands there."""
    tell(lot, CommandKind.SPOT_IN_SERVICE, Said(by, reason, tenant, as_json), places=Places(spot, level))
