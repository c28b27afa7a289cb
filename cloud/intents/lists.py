"""Permits, accounts and barred vehicles as an operator sets, changes and ends them, at the prompt or by the API."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud.db.schema import policies, standing_intents
from cloud.intents.issue import Order, Unacceptable, issue
from models.ids import LotId
from models.instants import Instant, to_rfc3339
from models.intents import Intent, PermitGranted, VehicleBarred


class NotStanding(LookupError):
    """What is to be changed or ended doesn't stand at that lot. The text says what."""


def permit(now: Instant, **terms: Any) -> Intent:
    """In the oldest words that say all of it. Raises Unacceptable, or ValidationError for terms that can't be."""
    _not_past(terms.get("valid_until"), now, "the permit would let nobody in")
    return PermitGranted.model_validate(terms).plainly()


def barring(now: Instant, **terms: Any) -> VehicleBarred:
    """Raises as `permit`."""
    _not_past(terms.get("until"), now, "nobody would be barred")
    return VehicleBarred.model_validate(terms)


async def set_one(connection: AsyncConnection, tenant: str, lot: LotId, intent: Intent, order: Order) -> int:
    """Its revision. Raises as `issue`."""
    [revision] = await issue(connection, tenant, lot, [intent], order)
    return revision


async def change_one(connection: AsyncConnection, tenant: str, lot: LotId, intent: Intent, order: Order) -> int:
    """The same, of what stands: changed or ended by `intent`. Raises NotStanding, or as `issue`."""
    # The lock that `issue` takes: whoever ends it at the same time comes before or after.
    own = policies.c.lot_id == lot, policies.c.tenant_id == tenant
    await connection.execute(select(policies.c.lot_id).where(*own).with_for_update())
    found = select(standing_intents.c.revision).where(
        standing_intents.c.lot_id == lot,
        standing_intents.c.tenant_id == tenant,
        standing_intents.c.subject == intent.subject,
    )
    if (await connection.execute(found)).first() is None:
        raise NotStanding(f"{intent.subject.replace(':', ' ', 1)} doesn't stand at this lot")
    return await set_one(connection, tenant, lot, intent, order)


def _not_past(until: Instant | None, now: Instant, so: str) -> None:
    if until is not None and until <= now:
        raise Unacceptable(f"{to_rfc3339(until)} is past: {so}")
