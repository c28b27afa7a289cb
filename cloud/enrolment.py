"""Makes operators and lots known to the cloud: a lot that isn't enrolled here isn't listened to."""

from __future__ import annotations

import secrets

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud.db.schema import parking_lots, tenants
from models.ids import ENTROPY_BYTES, LotId, uuid7
from models.instants import Instant


async def find_tenant(connection: AsyncConnection, name: str) -> str | None:
    """The id of the operator of this name."""
    return await connection.scalar(select(tenants.c.id).where(tenants.c.name == name))


async def tenant_named(connection: AsyncConnection, name: str, at: Instant) -> str:
    """The id of the operator of this name, who is made known when it is new."""
    await connection.execute(
        insert(tenants).values(id=new_id(at), name=name, created_at=at).on_conflict_do_nothing(index_elements=["name"])
    )
    found = await find_tenant(connection, name)
    assert found is not None
    return found


async def enrol_lot(connection: AsyncConnection, tenant: str, name: str, at: Instant) -> LotId:
    """Mints a lot; its id goes into the lot's own YAML. The rest the lot tells about itself."""
    lot = LotId(new_id(at))
    await connection.execute(
        insert(parking_lots).values(id=lot, tenant_id=tenant, name=name, called=name, enrolled_at=at)
    )
    return lot


async def enrol_anew(connection: AsyncConnection, tenant: str, lot: LotId, at: Instant) -> tuple[str, int]:
    """The lot's name and its new epoch: what speaks for an earlier one isn't this lot any more."""
    renewed = await connection.execute(
        update(parking_lots)
        .where(parking_lots.c.id == lot, parking_lots.c.tenant_id == tenant)
        .values(epoch=parking_lots.c.epoch + 1, enrolled_at=at)
        .returning(parking_lots.c.name, parking_lots.c.epoch)
    )
    found = renewed.one()
    return found.name, found.epoch


def new_id(at: Instant) -> str:
    return uuid7(at, secrets.token_bytes(ENTROPY_BYTES))
