"""The tables of intents as the publisher reads and writes them, each function inside its caller's transaction."""

from __future__ import annotations

import json
from typing import Any

import asyncpg
from pydantic import ValidationError

from cloud.ingest.apply import UnknownLot
from cloud.intents.hearing import Known
from cloud.intents.sending import INTENTS_AT_ONCE, Towards, runnable
from models.ids import LotId
from models.instants import Instant
from models.wire.chain import GENESIS
from models.wire.intents import SentIntent, Taken, checksum

_COLUMNS = "revision, type, version, subject, ends, at, body, salt, personal, digest"
_STANDING = (
    f"SELECT {_COLUMNS} FROM intents JOIN standing_intents USING (lot_id, subject, revision)"
    " WHERE lot_id = $1 ORDER BY revision"
)
_ENTRIES = (
    "SELECT subject, revision, digest FROM intents JOIN standing_intents USING (lot_id, subject, revision)"
    " WHERE lot_id = $1"
)


async def known_lot(connection: asyncpg.Connection, lot: LotId) -> str:
    """The tenant of a lot, whose policy has a row afterwards. Raises UnknownLot."""
    tenant = await connection.fetchval("SELECT tenant_id FROM parking_lots WHERE id::text = $1", lot)
    if tenant is None:
        raise UnknownLot(lot)
    await connection.execute(
        "INSERT INTO policies (tenant_id, lot_id) VALUES ($1, $2) ON CONFLICT DO NOTHING", tenant, lot
    )
    return str(tenant)


async def locked(connection: asyncpg.Connection, lot: LotId, *, wait: bool) -> Towards | None:
    """The lot's policy, for this transaction alone. None: there is none, or another is at it and we don't `wait`."""
    skip = "" if wait else " SKIP LOCKED"
    row = await connection.fetchrow(f"SELECT * FROM policies WHERE lot_id = $1 FOR UPDATE{skip}", lot)
    if row is None:
        return None
    return Towards(
        revision=row["revision"],
        hash=row["hash"],
        acked=row["acked"],
        sent=row["sent"],
        sent_at=Instant(row["sent_at"]),
        tries=row["tries"],
        needs_snapshot=row["needs_snapshot"],
        forked=row["forked"],
        said=_said(row["said"]),
        adopting=row["adopting"] is not None,
    )


async def is_to_be_adopted(connection: asyncpg.Connection, lot: LotId) -> bool:
    """Whether an operator wants what stands at this lot."""
    return bool(
        await connection.fetchval("SELECT adopting IS NOT NULL FROM policies WHERE lot_id::text = $1 AND forked", lot)
    )


def _said(text: str | None) -> Taken | None:
    """None also for a word that an earlier release kept and this one wouldn't: the lot says it again."""
    try:
        return None if text is None else Taken.model_validate_json(text)
    except ValidationError:
        return None


async def keep(connection: asyncpg.Connection, lot: LotId, towards: Towards) -> None:
    await connection.execute(
        "UPDATE policies SET acked = $2, sent = $3, sent_at = $4, tries = $5, needs_snapshot = $6, forked = $7"
        " WHERE lot_id = $1",
        *(lot, towards.acked, towards.sent, towards.sent_at, towards.tries, towards.needs_snapshot, towards.forked),
    )


async def keep_word(connection: asyncpg.Connection, lot: LotId, taken: Taken, at: Instant) -> None:
    await connection.execute(
        "UPDATE policies SET said = $2::jsonb, said_at = $3 WHERE lot_id = $1", lot, taken.model_dump_json(), at
    )


async def known_of(connection: asyncpg.Connection, lot: LotId, towards: Towards, taken: Taken) -> Known:
    """What the cloud has of its own to compare with the lot's word."""
    at_head = taken.revision == towards.revision
    there = towards.hash if at_head else await hash_at(connection, lot, taken.revision)
    stands = None
    if at_head:
        entries = await connection.fetch(_ENTRIES, lot)
        stands = checksum((row["subject"], row["revision"], row["digest"]) for row in entries)
    withheld = await _these(connection, lot, taken.withheld)
    return Known(there, stands, any(runnable(intent, taken) for intent in withheld))


async def hash_at(connection: asyncpg.Connection, lot: LotId, revision: int) -> str | None:
    """None when that revision is no longer kept, or never was."""
    if revision == 0:
        return GENESIS
    return await connection.fetchval("SELECT hash FROM intents WHERE lot_id = $1 AND revision = $2", lot, revision)


async def after(connection: asyncpg.Connection, lot: LotId, revision: int) -> list[SentIntent]:
    rows = await connection.fetch(
        f"SELECT {_COLUMNS} FROM intents WHERE lot_id = $1 AND revision > $2 ORDER BY revision LIMIT $3",
        *(lot, revision, INTENTS_AT_ONCE),
    )
    return [_sent(row) for row in rows]


async def standing(connection: asyncpg.Connection, lot: LotId) -> list[SentIntent]:
    return [_sent(row) for row in await connection.fetch(_STANDING, lot)]


async def behind(connection: asyncpg.Connection, now: Instant, patience: int, most_patience: int) -> list[LotId]:
    """Lots that may be waited for too long."""
    rows = await connection.fetch(
        "SELECT lot_id FROM policies WHERE said IS NOT NULL"
        " AND CASE WHEN forked THEN adopting IS NOT NULL ELSE acked < revision OR needs_snapshot END"
        " AND sent_at + least($2::bigint << least(tries, 10), $3) <= $1 ORDER BY sent_at LIMIT 200",
        *(now, patience, most_patience),
    )
    return [LotId(str(row["lot_id"])) for row in rows]


async def _these(connection: asyncpg.Connection, lot: LotId, revisions: tuple[int, ...]) -> list[SentIntent]:
    if not revisions:
        return []
    rows = await connection.fetch(
        f"SELECT {_COLUMNS} FROM intents WHERE lot_id = $1 AND revision = ANY($2::bigint[])", lot, list(revisions)
    )
    return [_sent(row) for row in rows]


def _sent(row: Any) -> SentIntent:
    return SentIntent(**{**row, "personal": None if row["personal"] is None else json.loads(row["personal"])})
