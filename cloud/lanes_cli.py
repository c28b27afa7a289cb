"""The commands with which an operator tells a lot from afar what to do: `parkgate-cloud lanes ...`."""

from __future__ import annotations

from typing import Annotated

import typer

from cloud.at_the_prompt import AsJson, Tenant
from cloud.ordering_cli import By, LotNamed, Reason, Said, tell
from models.commands import CommandKind
from models.lanes import LaneState

lanes_app = typer.Typer(
    no_args_is_help=True,
    help="Tell a lot's lane what to do, at most once. Each order needs a reason and stands in the records of both.",
)

_Lane = Annotated[str, typer.Argument(metavar="LANE", help="The lane's name")]


@lanes_app.command("open")
def open_(lot: LotNamed, lane: _Lane, reason: Reason, by: By, tenant: Tenant = None, as_json: AsJson = False) -> None:
    """Raise the arm once."""
    tell(lot, CommandKind.OPEN, Said(by, reason, tenant, as_json), lane)


@lanes_app.command()
def close(lot: LotNamed, lane: _Lane, reason: Reason, by: By, tenant: Tenant = None, as_json: AsJson = False) -> None:
    """Bring the arm down, if the barrier can be told to and nothing is under it."""
    tell(lot, CommandKind.CLOSE, Said(by, reason, tenant, as_json), lane)


@lanes_app.command("keep-open")
def keep_open(
    lot: LotNamed, lane: _Lane, reason: Reason, by: By, tenant: Tenant = None, as_json: AsJson = False
) -> None:
    """Raise the arm and keep it up, until `release`."""
    tell(lot, CommandKind.KEEP_OPEN, Said(by, reason, tenant, as_json), lane)


@lanes_app.command()
def release(lot: LotNamed, lane: _Lane, reason: Reason, by: By, tenant: Tenant = None, as_json: AsJson = False) -> None:
    """End keep-open."""
    tell(lot, CommandKind.RELEASE, Said(by, reason, tenant, as_json), lane)


@lanes_app.command("state")
def state_(
    lot: LotNamed,
    lane: _Lane,
    state: Annotated[LaneState, typer.Argument(help="Whom the lane lets in")],
    reason: Reason,
    by: By,
    tenant: Tenant = None,
    as_json: AsJson = False,
) -> None:
    """Set whom the lane lets in."""
    tell(lot, CommandKind.SET_STATE, Said(by, reason, tenant, as_json), lane, state)


@lanes_app.command("reset-faults")
def reset_faults(
    lot: LotNamed, lane: _Lane, reason: Reason, by: By, tenant: Tenant = None, as_json: AsJson = False
) -> None:
    """End the faults that only a person can end."""
    tell(lot, CommandKind.RESET_FAULTS, Said(by, reason, tenant, as_json), lane)
