"""What stands of a lot's policy, for people: permits, tariffs, and how far the lot has taken it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import RowMapping, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud.db.schema import intents, parking_lots, policies, standing_intents
from models.ids import LotId
from models.instants import Instant
from models.intents import AccountLimited, Intent, PermitGranted, TariffSet, VehicleBarred, decode
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


async def policies_of(connection: AsyncConnection, tenant: str) -> list[PolicyView]:
    rows = await connection.execute(
        select(policies, parking_lots.c.name)
        .join(parking_lots, parking_lots.c.id == policies.c.lot_id)
        .where(policies.c.tenant_id == tenant)
        .order_by(parking_lots.c.name)
    )
    return [_policy(row) for row in rows.mappings()]


async def _standing(connection: AsyncConnection, lot: LotId, kind: type[Intent]) -> list[Stands]:
    rows = await connection.execute(
        select(intents, policies.c.acked)
        .join(
            standing_intents,
            (standing_intents.c.lot_id == intents.c.lot_id) & (standing_intents.c.revision == intents.c.revision),
        )
        .join(policies, policies.c.lot_id == intents.c.lot_id)
        .where(intents.c.lot_id == lot, intents.c.type == kind.type)
        .order_by(intents.c.revision)
    )
    return [_stands(row) for row in rows.mappings()]


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
