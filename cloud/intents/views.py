"""What stands of a lot's policy, for people: permits, tariffs, and how far the lot has taken it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import RowMapping, cast, func, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud.db.schema import intents, parking_lots, policies, standing_intents, tickets
from models.access.passing import PermitKind
from models.ids import LotId
from models.instants import Instant, to_rfc3339
from models.intents import AccountLimited, Intent, PermitGranted, TariffSet, VehicleBarred, decode
from models.plates import Plate
from models.tickets import TicketStatus
from models.wire.intents import Taken

T = TypeVar("T", bound=Intent)


@dataclass(frozen=True, slots=True)
class Stands:
    """One intent that stands. `at_the_lot`: the lot says that it has it; what it does with it `PolicyView` tells."""

    revision: int
    intent: Intent
    issued_by: str
    reason: str
    at: Instant
    at_the_lot: bool

    def issued(self) -> dict[str, Any]:
        """All but the intent, as it is shown in JSON."""
        return {
            "revision": self.revision,
            "issued_by": self.issued_by,
            "reason": self.reason,
            "issued_at": to_rfc3339(self.at),
            "at_the_lot": self.at_the_lot,
        }


@dataclass(frozen=True, slots=True)
class PolicyView:
    """How far a lot is. `said` None: it hasn't said yet what it understands, so nothing is sent to it."""

    lot: LotId
    name: str
    revision: int
    acked: int
    forked: bool
    said: Taken | None
    said_at: Instant | None

    @property
    def state(self) -> str:
        if self.forked:
            return "forked"
        if self.said is None:
            return "not heard yet"
        return "up to date" if self.acked >= self.revision else f"{self.revision - self.acked} behind"


async def permits(connection: AsyncConnection, lot: LotId) -> list[Stands]:
    return await _standing(connection, lot, PermitGranted)


async def barred(connection: AsyncConnection, lot: LotId) -> list[Stands]:
    return await _standing(connection, lot, VehicleBarred)


async def accounts(connection: AsyncConnection, lot: LotId) -> list[Stands]:
    return await _standing(connection, lot, AccountLimited)


async def tariffs(connection: AsyncConnection, lot: LotId) -> list[Stands]:
    return await _standing(connection, lot, TariffSet)


@dataclass(frozen=True, slots=True)
class StandingFilter:
    """None asks for any. A kind is a permit's."""

    kind: PermitKind | None = None
    account: str | None = None
    plate: Plate | None = None


@dataclass(frozen=True, slots=True)
class StandingPage:
    stands: Sequence[Stands]
    next: int | None
    """Ask for what was issued after this revision; None at the end."""


async def standing_page(
    connection: AsyncConnection,
    lot: LotId,
    kind: type[Intent],
    which: StandingFilter = StandingFilter(),
    after: int = 0,
    limit: int = 50,
) -> StandingPage:
    """In the order in which they were issued, or changed last."""
    body, personal = cast(intents.c.body, JSONB), cast(intents.c.personal, JSONB)
    query = _STANDING.where(intents.c.lot_id == lot, intents.c.type == kind.type, intents.c.revision > after)
    if which.kind is not None:
        # In the words of earlier releases there were monthly permits only.
        query = query.where(func.coalesce(body["kind"].astext, PermitKind.MONTHLY.value) == which.kind.value)
    if which.account is not None:
        query = query.where(body["account"].astext == which.account)
    if which.plate is not None:
        query = query.where(personal["plates"].contains([which.plate]))
    rows = (await connection.execute(query.limit(limit + 1))).mappings().all()
    found = [_stands(row) for row in rows[:limit]]
    return StandingPage(found, found[-1].revision if len(rows) > limit else None)


async def find_standing(connection: AsyncConnection, lot: LotId, kind: type[Intent], subject: str) -> Stands | None:
    query = _STANDING.where(intents.c.lot_id == lot, intents.c.type == kind.type, intents.c.subject == subject)
    row = (await connection.execute(query)).mappings().first()
    return None if row is None else _stands(row)


async def entries_used(connection: AsyncConnection, lot: LotId, permit: str) -> int:
    """How often it has let somebody in, as far as the lot has told."""
    used = select(func.count()).where(
        tickets.c.lot_id == lot, tickets.c.permit_id == permit, tickets.c.status != TicketStatus.VOIDED
    )
    return int(await connection.scalar(used) or 0)


async def policies_of(connection: AsyncConnection, tenant: str) -> list[PolicyView]:
    rows = await connection.execute(
        select(policies, parking_lots.c.name)
        .join(parking_lots, parking_lots.c.id == policies.c.lot_id)
        .where(policies.c.tenant_id == tenant)
        .order_by(parking_lots.c.name)
    )
    return [_policy(row) for row in rows.mappings()]


async def _standing(connection: AsyncConnection, lot: LotId, kind: type[Intent]) -> list[Stands]:
    rows = await connection.execute(_STANDING.where(intents.c.lot_id == lot, intents.c.type == kind.type))
    return [_stands(row) for row in rows.mappings()]


_STANDING = (
    select(intents, policies.c.acked)
    .join(
        standing_intents,
        (standing_intents.c.lot_id == intents.c.lot_id) & (standing_intents.c.revision == intents.c.revision),
    )
    .join(policies, policies.c.lot_id == intents.c.lot_id)
    .order_by(intents.c.revision)
)


def _stands(row: RowMapping) -> Stands:
    body: dict[str, Any] = json.loads(row["body"])
    personal = None if row["personal"] is None else json.loads(row["personal"])
    intent = decode(row["type"], row["version"], body, personal)
    has_it = row["revision"] <= row["acked"]
    return Stands(row["revision"], intent, row["issued_by"], row["reason"], Instant(row["at"]), has_it)


def _policy(row: RowMapping) -> PolicyView:
    said = None if row["said"] is None else Taken.model_validate(row["said"])
    return PolicyView(
        LotId(row["lot_id"]), row["name"], row["revision"], row["acked"], row["forked"], said, row["said_at"]
    )
