"""API keys: shown once, kept as a hash, limited to what they are for."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud.db.schema import SCOPES, api_keys
from cloud.enrolment import new_id
from models.instants import SECOND, Instant

KEY_BYTES = 32
_USE_NOTED_AFTER = 60 * SECOND


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as it is known afterwards; `prefix` is the part of it that may be shown."""

    id: str
    tenant: str
    name: str
    prefix: str
    scopes: frozenset[str]

    def may(self, scope: str) -> bool:
        return scope in self.scopes or "admin" in self.scopes


async def mint_key(connection: AsyncConnection, tenant: str, name: str, scopes: Iterable[str], at: Instant) -> str:
    """A new key's text, which can't be shown again. Raises ValueError for a scope that there isn't."""
    wanted = sorted(set(scopes))
    for scope in wanted:
        if scope not in SCOPES:
            raise ValueError(f"there is no scope {scope!r}: take one of {', '.join(SCOPES)}")
    # 256 random bits can't be guessed, so a fast hash is enough and keeps every request fast.
    prefix = f"pk_{secrets.token_hex(4)}"
    key = f"{prefix}_{secrets.token_urlsafe(KEY_BYTES)}"
    await connection.execute(
        insert(api_keys).values(
            id=new_id(at),
            tenant_id=tenant,
            name=name,
            prefix=prefix,
            hash=_hash(key),
            scopes=wanted,
            created_at=at,
        )
    )
    return key


async def find_key(connection: AsyncConnection, key: str, at: Instant) -> ApiKey | None:
    """The key, unless it is unknown or revoked. Notes at most once a minute that it was used."""
    row = (await connection.execute(select(api_keys).where(api_keys.c.hash == _hash(key)))).mappings().first()
    if row is None or row["revoked_at"] is not None:
        return None
    if row["last_used_at"] is None or at - row["last_used_at"] > _USE_NOTED_AFTER:
        await connection.execute(update(api_keys).where(api_keys.c.id == row["id"]).values(last_used_at=at))
        await connection.commit()
    return ApiKey(row["id"], row["tenant_id"], row["name"], row["prefix"], frozenset(row["scopes"]))


async def revoke_key(connection: AsyncConnection, tenant: str, prefix: str, at: Instant) -> bool:
    """Whether there was such a key, by the part of it that may be shown, and it wasn't revoked yet."""
    done = await connection.execute(
        update(api_keys)
        .where(api_keys.c.tenant_id == tenant, api_keys.c.prefix == prefix, api_keys.c.revoked_at.is_(None))
        .values(revoked_at=at)
    )
    return done.rowcount == 1


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
