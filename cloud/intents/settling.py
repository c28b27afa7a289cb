"""An operator settles which word holds, where a lot and the cloud have different histories."""

from __future__ import annotations

from sqlalchemy import func, null, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud.db.schema import INTENTS_ISSUED, cases, policies
from cloud.intents.issue import Order, Unacceptable, issue
from models.ids import LotId
from models.intents import PolicyOverruled
from models.wire.intents import Taken


async def overrule(connection: AsyncConnection, tenant: str, lot: LotId, order: Order) -> int:
    """An operator's word that the cloud's policy holds, not what the lot has: the revision from which on it does.

    It lies past all that the lot has, so that nothing there passes for newer. Raises Unacceptable when the two agree.
    """
    revision, said = await _forked(connection, tenant, lot)
    past = max(revision, said.revision)
    own = policies.c.lot_id == lot
    await connection.execute(update(policies).where(own).values(revision=past))
    [revision] = await issue(connection, tenant, lot, [PolicyOverruled()], order)
    await connection.execute(
        update(policies).where(own).values(forked=False, needs_snapshot=True, adopting=null(), tries=0, sent=0, acked=0)
    )
    settled = cases.c.lot_id == lot, cases.c.kind == "intents_forked", cases.c.closed_at.is_(None)
    await connection.execute(update(cases).where(*settled).values(closed_at=order.at))
    return revision


async def ask_to_adopt(connection: AsyncConnection, tenant: str, lot: LotId, order: Order) -> None:
    """An operator's word that what the lot has is to be taken over: the lot is asked for it, now or when it is back.

    What comes is taken in by `adopting.adopt`. Raises Unacceptable when the two agree.
    """
    await _forked(connection, tenant, lot)
    own = policies.c.lot_id == lot
    await connection.execute(
        update(policies).where(own).values(adopting={"by": order.by, "reason": order.reason}, tries=0)
    )
    await connection.execute(select(func.pg_notify(INTENTS_ISSUED, lot)))


async def _forked(connection: AsyncConnection, tenant: str, lot: LotId) -> tuple[int, Taken]:
    """The cloud's revision and the lot's word, for this transaction alone."""
    found = select(policies.c.revision, policies.c.said, policies.c.forked).where(
        policies.c.lot_id == lot, policies.c.tenant_id == tenant
    )
    row = (await connection.execute(found.with_for_update())).first()
    if row is None or not row.forked or row.said is None:
        raise Unacceptable("the lot and the cloud have the same history: there is nothing to settle")
    return row.revision, Taken.model_validate(row.said)
