"""One command from the wish to the record of what came of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine

from cloud.commands import audit
from cloud.commands.desk import NOWHERE, CommandDesk, LotSilent, Places, Wanted
from models.commands import CommandKind, CommandRefusal
from models.instants import Instant
from models.lanes import LaneState

_NOT_ANSWERED = "the lot doesn't answer, so nothing was sent and nothing was done"


class CommandKnown(Exception):
    """A command with this id was given before. It isn't given again."""


@dataclass(frozen=True, slots=True)
class Ended:
    """`outcome` is a CommandEnd, or `not_sent`; `why` the name of a CommandRefusal where the lot refused it."""

    outcome: str
    why: str | None
    said: str


def what_is_wrong(
    kind: CommandKind, lane: str | None, state: str | None, plate: str | None, places: Places = NOWHERE
) -> str | None:
    """Why there can be no such command; None if there can. Pure."""
    if kind is CommandKind.SET_STATE and state not in list(LaneState):
        return f"state: one of {', '.join(LaneState)} is expected"
    if kind is not CommandKind.SET_STATE and state is not None:
        return "state: only `set_state` takes one"
    if kind.names_lane == (lane is None):
        return f"kind: `{kind}` is for {'a lane' if kind.names_lane else 'the whole lot'}"
    if kind is not CommandKind.RESET_PASSBACK and plate is not None:
        return "plate: only `reset_passback` takes one"
    return _wrong_places(kind, places)


def _wrong_places(kind: CommandKind, places: Places) -> str | None:
    counts = kind is CommandKind.RESET_COUNT
    if kind.names_spot == (places.spot is None):
        return f"spot: {'the number of the spot is missing' if kind.names_spot else f'`{kind}` takes none'}"
    if counts == (places.vehicles is None):
        return f"vehicles: {'how many were counted is missing' if counts else f'`{kind}` takes none'}"
    if places.level is not None and not (counts or kind.names_spot):
        return f"level: `{kind}` takes none"
    return None


async def order(
    engine: AsyncEngine, desk: CommandDesk, tenant: str, wanted: Wanted, given_with: str, now: Callable[[], Instant]
) -> Ended:
    """On record before it is given and after it has ended; no connection is held while the lot is waited for.

    Raises CommandKnown.
    """
    async with engine.begin() as connection:
        if not await audit.put_down(connection, tenant, wanted, given_with, now()):
            raise CommandKnown(str(wanted.id))
    ended = await _given(desk, wanted, now)
    async with engine.begin() as connection:
        await audit.ended(connection, wanted, ended.outcome, ended.why, ended.said, now())
    return ended


async def _given(desk: CommandDesk, wanted: Wanted, now: Callable[[], Instant]) -> Ended:
    try:
        answer = await desk.give(wanted, now)
    except LotSilent:
        return Ended(audit.NOT_SENT, None, _NOT_ANSWERED)
    why = answer.why if answer.why in CommandRefusal.__members__ else None
    return Ended(answer.end, why, answer.said)
