"""A lot's password at the broker: made once, told once, kept here only as the hash that the broker wants."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud.db.schema import lot_logins
from models.ids import LotId
from models.instants import Instant

_PASSWORD_BYTES = 24
_SALT_BYTES = 12
_ROUNDS = 101
"""Mosquitto's own number. The passwords are random and long, so rounds add nothing to them."""


@dataclass(frozen=True, slots=True)
class Login:
    """A line of the broker's file."""

    username: str
    hash: str


def new_password() -> str:
    return secrets.token_urlsafe(_PASSWORD_BYTES)


def hashed(password: str) -> str:
    """As `mosquitto_passwd` writes it: $7$ (PBKDF2 with SHA-512), rounds, salt, hash."""
    salt = secrets.token_bytes(_SALT_BYTES)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _ROUNDS)
    return f"$7${_ROUNDS}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"


def password_file(logins: Iterable[Login]) -> str:
    return "".join(f"{login.username}:{login.hash}\n" for login in logins)


async def give_password(connection: AsyncConnection, tenant: str, lot: LotId, at: Instant) -> str:
    """A new password for a lot: the one before, if there was one, ends with it. It can't be shown again."""
    password = new_password()
    login = insert(lot_logins).values(
        tenant_id=tenant, lot_id=lot, username=lot, hash=hashed(password), made_at=at, revoked_at=None
    )
    changed = {"hash": login.excluded.hash, "made_at": login.excluded.made_at, "revoked_at": None}
    await connection.execute(login.on_conflict_do_update(index_elements=["lot_id"], set_=changed))
    return password


async def revoke_password(connection: AsyncConnection, tenant: str, lot: LotId, at: Instant) -> bool:
    """Whether the lot had one that worked."""
    ended = (
        update(lot_logins)
        .where(lot_logins.c.lot_id == lot, lot_logins.c.tenant_id == tenant, lot_logins.c.revoked_at.is_(None))
        .values(revoked_at=at)
    )
    return (await connection.execute(ended)).rowcount == 1


async def all_logins(connection: AsyncConnection) -> list[Login]:
    """Of every lot of every operator: they share the broker."""
    found = await connection.execute(
        select(lot_logins.c.username, lot_logins.c.hash)
        .where(lot_logins.c.revoked_at.is_(None))
        .order_by(lot_logins.c.username)
    )
    return [Login(row.username, row.hash) for row in found]
