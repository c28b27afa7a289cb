"""The commands with which an operator tells a lot from afar what to do: `parkgate-cloud lanes ...`."""

from __future__ import annotations

import asyncio
import getpass
import json
from typing import Annotated
from uuid import UUID

import typer
from sqlalchemy.ext.asyncio import AsyncConnection

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
from cloud.broker.login import NoLogin, try_login
from cloud.clock import SystemClock
from cloud.commands import audit, ordering
from cloud.commands.desk import LISTENS_TO, CommandDesk, Wanted
from cloud.commands.line import Line
from cloud.db import connect
from cloud.enrolment import find_tenant, new_id
from cloud.settings import CloudSettings
from cloud.signing import NoSigningKey, SigningKey
from models.commands import CommandEnd, CommandKind
from models.ids import LotId
from models.instants import Instant
from models.lanes import LaneState
from models.wire.commands import LONGEST_NAME, LONGEST_REASON

NOT_DONE = 3
"""Exit code for a command that certainly wasn't done."""
NOBODY_KNOWS = 4
"""Exit code for one that may or may not have been done."""
_BROKER_WITHIN = 10.0

lanes_app = typer.Typer(
    no_args_is_help=True,
    help="Tell a lot's lane what to do, at most once. Each order needs a reason and stands in the records of both.",
)

_Lot = Annotated[str, typer.Argument(metavar="LOT", help="The lot's name or id, as `parkgate-cloud lots` shows them")]
_Lane = Annotated[str, typer.Argument(metavar="LANE", help="The lane's name")]
_Reason = Annotated[str, typer.Option("--reason", "-r", help="Why; it stands in the records")]
_By = Annotated[str, typer.Option("--by", help="Who you are", default_factory=getpass.getuser)]


@lanes_app.command("open")
def open_(lot: _Lot, lane: _Lane, reason: _Reason, by: _By, tenant: Tenant = None, as_json: AsJson = False) -> None:
    """Raise the arm once."""
    _tell(lot, lane, CommandKind.OPEN, by, reason, tenant, as_json)


@lanes_app.command()
def close(lot: _Lot, lane: _Lane, reason: _Reason, by: _By, tenant: Tenant = None, as_json: AsJson = False) -> None:
    """Bring the arm down, if the barrier can be told to and nothing is under it."""
    _tell(lot, lane, CommandKind.CLOSE, by, reason, tenant, as_json)


@lanes_app.command("keep-open")
def keep_open(lot: _Lot, lane: _Lane, reason: _Reason, by: _By, tenant: Tenant = None, as_json: AsJson = False) -> None:
    """Raise the arm and keep it up, until `release`."""
    _tell(lot, lane, CommandKind.KEEP_OPEN, by, reason, tenant, as_json)


@lanes_app.command()
def release(lot: _Lot, lane: _Lane, reason: _Reason, by: _By, tenant: Tenant = None, as_json: AsJson = False) -> None:
    """End keep-open."""
    _tell(lot, lane, CommandKind.RELEASE, by, reason, tenant, as_json)


@lanes_app.command("state")
def state_(
    lot: _Lot,
    lane: _Lane,
    state: Annotated[LaneState, typer.Argument(help="Whom the lane lets in")],
    reason: _Reason,
    by: _By,
    tenant: Tenant = None,
    as_json: AsJson = False,
) -> None:
    """Set whom the lane lets in."""
    _tell(lot, lane, CommandKind.SET_STATE, by, reason, tenant, as_json, state)


@lanes_app.command("reset-faults")
def reset_faults(
    lot: _Lot, lane: _Lane, reason: _Reason, by: _By, tenant: Tenant = None, as_json: AsJson = False
) -> None:
    """End the faults that only a person can end."""
    _tell(lot, lane, CommandKind.RESET_FAULTS, by, reason, tenant, as_json)


def _tell(
    lot: str,
    lane: str,
    kind: CommandKind,
    by: str,
    reason: str,
    tenant: str | None,
    as_json: bool,
    state: LaneState | None = None,
) -> None:
    settings = settings_given()
    if not reason.strip():
        raise typer.BadParameter("a reason is needed: it stands in the records", param_hint="--reason")

    async def found(connection: AsyncConnection, now: Instant) -> LotId:
        return await known_lot(connection, await known_tenant(connection, tenant or settings.tenant), lot)

    try:
        try_login(settings)
    except NoLogin as wrong:
        give_up(str(wrong), CANNOT_START)
    wanted = Wanted(
        id=UUID(new_id(_now())),
        lot=with_database(settings, found),
        lane=lane,
        kind=kind,
        by=by[:LONGEST_NAME],
        reason=reason.strip()[:LONGEST_REASON],
        state=state,
    )
    try:
        ended = told(settings, lambda: _ordered(settings, tenant or settings.tenant, wanted))
    except NoSigningKey as wrong:
        give_up(str(wrong), CANNOT_START)
    except _NotPossible as wrong:
        give_up(str(wrong), FAILED)
    if as_json:
        typer.echo(json.dumps({"id": str(wanted.id), "outcome": ended.outcome, "why": ended.why, "said": ended.said}))
    else:
        typer.echo(f"{lane}: {ended.said or ended.outcome}.", err=ended.outcome != CommandEnd.DONE)
    if ended.outcome != CommandEnd.DONE:
        unknown = ended.outcome in (CommandEnd.UNKNOWN, CommandEnd.FAILED)
        raise typer.Exit(NOBODY_KNOWS if unknown else NOT_DONE)


class _NotPossible(Exception):
    """Why nothing was ordered, in a sentence."""


async def _ordered(settings: CloudSettings, tenant_name: str, wanted: Wanted) -> ordering.Ended:
    seals = SigningKey(settings.signing_key_file)
    line = Line(settings, LISTENS_TO, lambda *about: desk.heard(*about))
    desk = CommandDesk(line.publish, seals)
    engine = connect.engine(settings)
    listening = asyncio.create_task(line.run())
    try:
        async with engine.connect() as connection:
            tenant = await find_tenant(connection, tenant_name)
            if tenant is None or not await audit.lane_is_known(connection, tenant, wanted.lot, wanted.lane or ""):
                raise _NotPossible(f"There is no lane {wanted.lane!r} in that lot.")
        try:
            await asyncio.wait_for(line.wait_until_ready(), _BROKER_WITHIN)
        except TimeoutError:
            raise _NotPossible(
                f"The broker at {settings.mqtt_host}:{settings.mqtt_port} can't be reached, or doesn't let us in"
                f"{f' ({line.away})' if line.away else ''}: check PARKGATE_MQTT_HOST and the settings beside it, which"
                " the running cloud has. Nothing was sent."
            ) from None
        return await ordering.order(engine, desk, tenant, wanted, "parkgate-cloud", _now)
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        await engine.dispose()


def _now() -> Instant:
    return SystemClock().read().wall
