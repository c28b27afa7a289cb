"""Gives a lot one order from the command line, waits for what came of it, and says so."""

from __future__ import annotations

import asyncio
import getpass
import json
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

import typer
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud.at_the_prompt import (
    CANNOT_START,
    FAILED,
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
from cloud.commands.desk import LISTENS_TO, NOWHERE, CommandDesk, Places, Wanted
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

LotNamed = Annotated[
    str, typer.Argument(metavar="LOT", help="The lot's name or id, as `parkgate-cloud lots` shows them")
]
Reason = Annotated[str, typer.Option("--reason", "-r", help="Why; it stands in the records")]
By = Annotated[str, typer.Option("--by", help="Who you are", default_factory=getpass.getuser)]


@dataclass(frozen=True, slots=True)
class Said:
    """Who orders it, why, and how they want to be answered."""

    by: str
    reason: str
    tenant: str | None
    as_json: bool


def tell(
    lot: str,
    kind: CommandKind,
    said: Said,
    lane: str | None = None,
    state: LaneState | None = None,
    places: Places = NOWHERE,
) -> None:
    """Raises typer.Exit unless it was done."""
    settings = settings_given()
    if not said.reason.strip():
        raise typer.BadParameter("a reason is needed: it stands in the records", param_hint="--reason")
    of_tenant = said.tenant or settings.tenant

    async def found(connection: AsyncConnection, now: Instant) -> LotId:
        return await known_lot(connection, await known_tenant(connection, of_tenant), lot)

    try:
        try_login(settings)
    except NoLogin as wrong:
        give_up(str(wrong), CANNOT_START)
    wanted = Wanted(
        id=UUID(new_id(_now())),
        lot=with_database(settings, found),
        lane=lane,
        kind=kind,
        by=said.by[:LONGEST_NAME],
        reason=said.reason.strip()[:LONGEST_REASON],
        state=state,
        places=places,
    )
    try:
        ended = told(settings, lambda: _ordered(settings, of_tenant, wanted))
    except NoSigningKey as wrong:
        give_up(str(wrong), CANNOT_START)
    except _NotPossible as wrong:
        give_up(str(wrong), FAILED)
    _show(wanted, ended, as_json=said.as_json, where=lane or lot)


def _show(wanted: Wanted, ended: ordering.Ended, where: str, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"id": str(wanted.id), "outcome": ended.outcome, "why": ended.why, "said": ended.said}))
    else:
        typer.echo(f"{where}: {ended.said or ended.outcome}.", err=ended.outcome != CommandEnd.DONE)
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
            if tenant is None or not await _is_there(connection, tenant, wanted):
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


async def _is_there(connection: AsyncConnection, tenant: str, wanted: Wanted) -> bool:
    return wanted.lane is None or await audit.lane_is_known(connection, tenant, wanted.lot, wanted.lane)


def _now() -> Instant:
    return SystemClock().read().wall
