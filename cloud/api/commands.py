"""Routes for telling a lot what to do, and for looking up who did."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from cloud import queries
from cloud.api.access import Database, Orderer, Parts, Reader, connected
from cloud.api.asked import ABOUT_A_LOT, LotPath
from cloud.api.errors import ApiError, Problem, answers
from cloud.commands import audit, ordering
from cloud.commands.audit import NOT_SENT, CommandView
from cloud.commands.desk import NOWHERE, Places, Wanted
from cloud.enrolment import new_id
from cloud.keys import ApiKey
from cloud.service import Cloud
from models.commands import CommandKind
from models.ids import LotId
from models.instants import Instant, to_rfc3339
from models.lanes import LaneState
from models.wire.commands import LONGEST_NAME, LONGEST_REASON, LONGEST_SPOT, MOST_COUNTED

router = APIRouter(prefix="/v1/lots", tags=["commands"])

LanePath = Annotated[str, Path(description="The lane's name", examples=["north-in"])]
_Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, pattern=r"^[^\x00]*$")]
_ORDERING = (
    *ABOUT_A_LOT,
    Problem.COMMAND_KNOWN,
    Problem.COMMAND_IMPOSSIBLE,
    Problem.COMMANDS_OFF,
    Problem.BROKER_AWAY,
    Problem.LOT_SILENT,
)


class _Order(BaseModel):
    model_config = ConfigDict(extra="forbid")

    kind: CommandKind
    by: _Words = Field(
        max_length=LONGEST_NAME // 2, description="Who orders it: a person's name", examples=["A. Smith"]
    )
    reason: _Words = Field(
        max_length=LONGEST_REASON, description="Why; it stands in the lot's records", examples=["Ambulance"]
    )
    id: UUID | None = Field(
        default=None, description="Your own id of this order: the same one given again is refused, not done again"
    )


class LaneOrderIn(_Order):
    state: LaneState | None = Field(default=None, description="For `set_state`")


class LotOrderIn(_Order):
    plate: str | None = Field(
        default=None, max_length=12, description="For `reset_passback` of one permit; left out: of all of them"
    )
    spot: _Words | None = Field(
        default=None, max_length=LONGEST_SPOT, description="For `spot_...`: its number, as painted", examples=["A17"]
    )
    level: _Words | None = Field(
        default=None,
        max_length=LONGEST_NAME,
        description="For spots and `reset_count`: a floor number or a name; left out: the whole lot",
    )
    vehicles: int | None = Field(
        default=None, ge=0, le=MOST_COUNTED, description="For `reset_count`: how many were counted"
    )


class CommandOut(BaseModel):
    """A command, and what came of it as far as it is known. It is never tried again by itself."""

    id: str
    lane: str | None
    kind: str
    state: str | None
    by: str
    reason: str
    asked_at: str
    outcome: str | None = Field(
        description="`done`; `not_obeyed`: the lane has a reason not to; `failed`: the barrier couldn't be told;"
        " `refused`: the lot didn't take it; `unknown`: it may or may not have been done; `not_sent`: it wasn't"
    )
    why: str | None = Field(description="For `refused`: the reason's code", examples=["LATE"])
    said: str = Field(description="In words", examples=["the arm was told to rise, and is up"])
    taken_at: str | None = Field(description="When the lot put it on record, by the lot's own records")

    @classmethod
    def of(cls, command: CommandView) -> CommandOut:
        return cls(
            id=command.id,
            lane=command.lane,
            kind=command.kind,
            state=command.state,
            by=command.by,
            reason=command.reason,
            asked_at=to_rfc3339(command.asked_at),
            outcome=command.outcome,
            why=command.why,
            said=command.said,
            taken_at=None if command.at_lot is None else to_rfc3339(command.at_lot),
        )


class CommandsOut(BaseModel):
    commands: list[CommandOut]


@router.post(
    "/{lot}/lanes/{lane}/commands", summary="Tell a lane", responses=answers(*_ORDERING, Problem.LANE_NOT_FOUND)
)
async def order_lane(lot: LotPath, lane: LanePath, order: LaneOrderIn, cloud: Parts, key: Orderer) -> CommandOut:
    """Opens, closes, keeps open or releases the arm, sets whom the lane lets in, or resets its faults: at most once.

    The answer comes when the lot says what came of it, in some seconds at most half a minute.
    """
    return await _ordered(cloud, key, lot, lane, order, state=order.state)


@router.post("/{lot}/commands", summary="Tell the whole lot", responses=answers(*_ORDERING))
async def order_lot(lot: LotPath, order: LotOrderIn, cloud: Parts, key: Orderer) -> CommandOut:
    """Resets anti-passback for one permit or for all of them, takes a spot out of service or back, or says how many
    vehicles were counted: at most once."""
    places = Places(order.spot, order.level, order.vehicles)
    return await _ordered(cloud, key, lot, None, order, plate=order.plate, places=places)


@router.get("/{lot}/commands", summary="Who ordered what", responses=answers(*ABOUT_A_LOT))
async def given(
    lot: LotPath,
    cloud: Parts,
    database: Database,
    key: Reader,
    limit: Annotated[int, Query(ge=1, le=200, description="Most commands in the answer")] = 50,
) -> CommandsOut:
    """The commands given through the cloud, the newest first, with the lot's own word on what came of them."""
    if await queries.find_lot(database, key.tenant, lot, _now(cloud), cloud.settings.silent_after) is None:
        raise ApiError(Problem.LOT_NOT_FOUND)
    found = await audit.commands_given(database, key.tenant, lot, limit)
    return CommandsOut(commands=[CommandOut.of(command) for command in found])


async def _ordered(
    cloud: Cloud,
    key: ApiKey,
    lot: str,
    lane: str | None,
    order: _Order,
    state: str | None = None,
    plate: str | None = None,
    places: Places = NOWHERE,
) -> CommandOut:
    if ordering.what_is_wrong(order.kind, lane, state, plate, places) is not None:
        raise ApiError(Problem.COMMAND_IMPOSSIBLE)
    await _is_there(cloud, key, lot, lane)
    commands = cloud.commands
    if commands is None:
        raise ApiError(Problem.COMMANDS_OFF)
    if not commands.line.ready:
        raise ApiError(Problem.BROKER_AWAY)
    wanted = Wanted(
        id=order.id or UUID(new_id(_now(cloud))),
        lot=LotId(lot),
        lane=lane,
        kind=order.kind,
        # Whoever holds the key says who gives the order; the key's own name stands beside it.
        by=f"{order.by} ({key.name})"[:LONGEST_NAME],
        reason=order.reason,
        state=state,
        plate=plate,
        places=places,
    )
    try:
        ended = await ordering.order(cloud.engine, commands.desk, key.tenant, wanted, key.prefix, lambda: _now(cloud))
    except ordering.CommandKnown as known:
        raise ApiError(Problem.COMMAND_KNOWN) from known
    cloud.metrics.commands.labels(ended.outcome).inc()
    if ended.outcome == NOT_SENT:
        raise ApiError(Problem.LOT_SILENT)
    async with cloud.engine.connect() as connection:
        [command] = await audit.commands_given(connection, key.tenant, lot, 1, str(wanted.id))
    return CommandOut.of(command)


async def _is_there(cloud: Cloud, key: ApiKey, lot: str, lane: str | None) -> None:
    async with connected(cloud) as connection:
        if await queries.find_lot(connection, key.tenant, lot, _now(cloud), cloud.settings.silent_after) is None:
            raise ApiError(Problem.LOT_NOT_FOUND)
        if lane is not None and not await audit.lane_is_known(connection, key.tenant, lot, lane):
            raise ApiError(Problem.LANE_NOT_FOUND)


def _now(cloud: Cloud) -> Instant:
    return cloud.clock.read().wall
