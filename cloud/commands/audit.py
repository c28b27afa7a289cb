"""Who ordered what, when and why, and what came of it: the cloud's own record beside the lot's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud.commands.desk import Wanted
from cloud.db.schema import commands, lanes, taken_commands
from cloud.queries import is_id
from models.instants import Instant

NOT_SENT = "not_sent"


@dataclass(frozen=True, slots=True)
class CommandView:
    """One command. `outcome` is None while nobody knows yet; the lot's own word on it goes over the cloud's.

    `at_lot` says that the lot has it on record as taken.
    """

    id: str
    lane: str | None
    kind: str
    state: str | None
    by: str
    reason: str
    given_with: str
    asked_at: Instant
    outcome: str | None
    why: str | None
    said: str
    at_lot: Instant | None


async def lane_is_known(connection: AsyncConnection, tenant: str, lot: str, lane: str) -> bool:
    mine = (lanes.c.tenant_id == tenant, lanes.c.lot_id == lot, lanes.c.name == lane, lanes.c.removed.is_(False))
    return await connection.scalar(select(lanes.c.name).where(*mine)) is not None


async def put_down(connection: AsyncConnection, tenant: str, wanted: Wanted, given_with: str, at: Instant) -> bool:
    """Before anything is sent. False when a command with this id was given before."""
    row = {
        "tenant_id": tenant,
        "lot_id": wanted.lot,
        "id": str(wanted.id),
        "lane": wanted.lane,
        "kind": wanted.kind,
        "state": wanted.state,
        "given_by": wanted.by,
        "reason": wanted.reason,
        "given_with": given_with,
        "asked_at": at,
        "said": "",
    }
    done = await connection.execute(insert(commands).values(row).on_conflict_do_nothing())
    return done.rowcount == 1


async def ended(
    connection: AsyncConnection, wanted: Wanted, outcome: str, why: str | None, said: str, at: Instant
) -> None:
    await connection.execute(
        update(commands)
        .where(commands.c.lot_id == wanted.lot, commands.c.id == str(wanted.id))
        .values(outcome=outcome, why=why, said=said, answered_at=at)
    )


async def commands_given(
    connection: AsyncConnection, tenant: str, lot: str, limit: int, only: str | None = None
) -> Sequence[CommandView]:
    """The newest first."""
    if not is_id(lot) or (only is not None and not is_id(only)):
        return []
    query = (
        select(
            commands,
            taken_commands.c.taken_at,
            taken_commands.c.outcome.label("lot_outcome"),
            taken_commands.c.said.label("lot_said"),
        )
        .outerjoin(
            taken_commands, (taken_commands.c.lot_id == commands.c.lot_id) & (taken_commands.c.id == commands.c.id)
        )
        .where(commands.c.tenant_id == tenant, commands.c.lot_id == lot)
        .order_by(commands.c.asked_at.desc(), commands.c.id)
        .limit(limit)
    )
    if only is not None:
        query = query.where(commands.c.id == only)
    return [
        CommandView(
            id=row["id"],
            lane=row["lane"],
            kind=row["kind"],
            state=row["state"],
            by=row["given_by"],
            reason=row["reason"],
            given_with=row["given_with"],
            asked_at=row["asked_at"],
            outcome=row["lot_outcome"] or row["outcome"],
            why=row["why"],
            said=row["lot_said"] or row["said"],
            at_lot=row["taken_at"],
        )
        for row in (await connection.execute(query)).mappings()
    ]
