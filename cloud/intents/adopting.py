"""Takes over what a lot has from a cloud that forgot it: the cloud's database was restored from a copy."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

import asyncpg

from cloud.ingest.cases import close_case
from cloud.intents import rows
from models.ids import LotId
from models.instants import Instant
from models.intents import known_intents
from models.wire.chain import canonical
from models.wire.envelopes import Malformed
from models.wire.intents import SentIntent, SnapshotPart, chained, digest
from models.wire.snapshots import is_true


@dataclass(frozen=True, slots=True)
class Adoption:
    """What the cloud has to catch up on. `lost`: the lot was only told the names of these, so nobody has them now."""

    take: tuple[SentIntent, ...]
    end: tuple[SentIntent, ...]
    lost: tuple[SentIntent, ...]


def to_adopt(own: Sequence[SentIntent], there: Sequence[SentIntent], acked: int) -> Adoption:
    """What stands at the lot and not here was issued after the copy, and is taken; what stands here up to where both
    agreed, and not there, was ended after the copy, and ends. What was issued here since then holds."""
    mine = {intent.subject: intent for intent in own}
    its = {intent.subject: intent for intent in there}
    known = {intent.digest for intent in there}
    common = max(acked, *(intent.revision for intent in own if intent.digest in known), 0)
    new = [intent for intent in there if intent.subject not in mine or _older(mine[intent.subject], intent, common)]
    return Adoption(
        take=tuple(intent for intent in new if intent.body is not None),
        end=tuple(intent for intent in own if intent.subject not in its and intent.revision <= common),
        lost=tuple(intent for intent in new if intent.body is None),
    )


async def adopt(
    connection: asyncpg.Connection, lot: LotId, parts: Sequence[SnapshotPart], now: Instant
) -> Adoption | None:
    """In one transaction of the caller's. None: nobody has asked for it. Raises Malformed for what isn't true."""
    tenant = await rows.known_lot(connection, lot)
    towards = await rows.locked(connection, lot, wait=True)
    asked = await connection.fetchval("SELECT adopting FROM policies WHERE lot_id = $1", lot)
    if towards is None or not towards.forked or asked is None:
        return None
    if not is_true(lot, parts):
        raise Malformed("what the lot says of its intents contradicts its own checksum")
    there = [entry for part in parts for entry in part.entries]
    adoption = to_adopt(await rows.standing(connection, lot), there, towards.acked)
    order: dict[str, str] = json.loads(asked)
    # Past all that either side has, so that nothing passes for newer than it is.
    at = max(towards.revision, parts[0].revision, towards.said.revision if towards.said else 0)
    revision, hash = at, towards.hash
    for intent in (*adoption.take, *map(_ending, adoption.end)):
        revision += 1
        hash = await _write(connection, tenant, lot, renumbered(intent, lot, revision), hash, order)
    await connection.execute(
        "UPDATE policies SET revision = $2, hash = $3, forked = false, adopting = NULL WHERE lot_id = $1",
        *(lot, revision, hash),
    )
    settled = replace(towards, forked=False, needs_snapshot=True, tries=0, sent=0, acked=0)
    await rows.keep(connection, lot, settled)
    await close_case(connection, lot, "intents_forked", now)
    return adoption


def renumbered(intent: SentIntent, lot: LotId, revision: int) -> SentIntent:
    assert intent.body is not None
    text = (intent.type, intent.version, intent.subject, intent.ends, intent.at, intent.body)
    return intent.model_copy(update={"revision": revision, "digest": digest(lot, revision, *text)})


def _older(mine: SentIntent, its: SentIntent, common: int) -> bool:
    return mine.digest != its.digest and mine.revision <= common


def _ending(intent: SentIntent) -> SentIntent:
    """The intent that ends the subject of this one, in the words of this release."""
    about, _, id = intent.subject.partition(":")
    kind = next(kind for kind in known_intents().values() if kind.ends and kind.about == about)
    body = canonical({about: id})
    changed = {"type": kind.type, "version": kind.version, "ends": True, "body": body, "salt": None, "personal": None}
    return intent.model_copy(update=changed)


async def _write(
    connection: asyncpg.Connection, tenant: str, lot: LotId, intent: SentIntent, previous: str, order: dict[str, str]
) -> str:
    hash = chained(previous, intent.digest)
    personal = None if intent.personal is None else json.dumps(intent.personal)
    await connection.execute(
        "INSERT INTO intents (tenant_id, lot_id, revision, type, version, subject, ends, at, body, salt, personal,"
        " digest, hash, issued_by, reason) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
        *(tenant, lot, intent.revision, intent.type, intent.version, intent.subject, intent.ends, intent.at),
        *(intent.body, intent.salt, personal, intent.digest, hash, order["by"], f"taken over: {order['reason']}"),
    )
    if intent.ends:
        await connection.execute("DELETE FROM standing_intents WHERE lot_id = $1 AND subject = $2", lot, intent.subject)
    else:
        await connection.execute(
            "INSERT INTO standing_intents (tenant_id, lot_id, subject, revision) VALUES ($1, $2, $3, $4)"
            " ON CONFLICT (lot_id, subject) DO UPDATE SET revision = excluded.revision",
            *(tenant, lot, intent.subject, intent.revision),
        )
    return hash
