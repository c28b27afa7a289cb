"""The person at the page, as far as the key goes that was signed in with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud.db.schema import api_keys, tenants
from models.plates import masked


@dataclass(frozen=True, slots=True)
class Operator:
    key: str
    key_name: str
    tenant: str
    tenant_name: str
    scopes: frozenset[str]

    def may(self, scope: str) -> bool:
        return scope in self.scopes or "admin" in self.scopes

    def sees(self, plate: str | None) -> str | None:
        """The plate, masked unless this operator may read plates."""
        return plate if plate is None or self.may("plates") else masked(plate)


async def find_operator(connection: AsyncConnection, key: str) -> Operator | None:
    """The operator of a key, by the key's id; None when it was revoked or may not read."""
    query = (
        select(api_keys, tenants.c.name.label("tenant_name"))
        .join(tenants, tenants.c.id == api_keys.c.tenant_id)
        .where(api_keys.c.id == key, api_keys.c.revoked_at.is_(None))
    )
    row = (await connection.execute(query)).mappings().first()
    if row is None:
        return None
    operator = Operator(row["id"], row["name"], row["tenant_id"], row["tenant_name"], frozenset(row["scopes"]))
    return operator if operator.may("read") else None


async def scopes_now(connection: AsyncConnection, tenant: str) -> Mapping[str, frozenset[str]]:
    """The scopes of all keys of the tenant that weren't revoked, by the key's id."""
    rows = await connection.execute(
        select(api_keys.c.id, api_keys.c.scopes).where(api_keys.c.tenant_id == tenant, api_keys.c.revoked_at.is_(None))
    )
    return {key: frozenset(scopes) for key, scopes in rows}
