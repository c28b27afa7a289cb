"""Puts each deletion on record: the cloud's own ones, and what a lot says that it has dropped."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Literal

import asyncpg
import structlog

from cloud.db.schema import LOTS_CHANGED
from cloud.retention.lot import KeptLot
from models.ids import ENTROPY_BYTES, LotId, uuid7
from models.instants import Instant
from models.retention import DiskClass, Why

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Deletion:
    """So many of a lot's `what` are gone, none younger than `up_to`."""

    disk_class: DiskClass
    what: str
    count: int
    up_to: Instant
    done_by: Literal["lot", "cloud"] = "cloud"
    why: Why = "age"


async def record_erased(connection: asyncpg.Connection, lot: KeptLot, erased: Deletion, at: Instant) -> None:
    """In the transaction that erases. Nothing is said of nothing; whoever shows that lot hears that it has changed."""
    if erased.count == 0:
        return
    await record_deletion(connection, lot.tenant, lot.id, erased, at)
    await connection.execute("SELECT pg_notify($1, $2)", LOTS_CHANGED, lot.id)
    log.info(
        "retention.erased",
        lot=lot.id,
        disk_class=erased.disk_class,
        what=erased.what,
        count=erased.count,
        up_to=erased.up_to,
    )


async def record_deletion(connection: asyncpg.Connection, tenant: str, lot: LotId, gone: Deletion, at: Instant) -> None:
    await connection.execute(
        "INSERT INTO deletions (tenant_id, lot_id, id, done_by, disk_class, what, count, up_to, why, at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        *(tenant, lot, uuid7(at, secrets.token_bytes(ENTROPY_BYTES))),
        *(gone.done_by, gone.disk_class, gone.what, gone.count, gone.up_to, gone.why, at),
    )
