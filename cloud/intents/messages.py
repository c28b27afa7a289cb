"""The messages that bring one lot forward, read and noted as sent in one transaction."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce

import asyncpg
from pydantic import BaseModel

from cloud.intents import rows
from cloud.intents.sending import Deltas, Question, Towards, due, for_lot, without_gap
from models.ids import LotId
from models.instants import SECOND, Instant
from models.wire.intents import Intents, Place, chained
from models.wire.seals import SealedAs
from models.wire.snapshots import in_parts, parcels

ON_ITS_WAY = 1 * SECOND

Message = tuple[SealedAs, BaseModel]


def head_of(lot: LotId, towards: Towards, *, tell: bool = False) -> Message:
    """Only says how far the lot should be, or asks what stands there."""
    head = Intents(lot=lot, after=towards.revision, previous=towards.hash, head=towards.revision, tell=tell)
    return SealedAs.INTENTS, head


async def messages_due(connection: asyncpg.Connection, lot: LotId, now: Instant) -> list[Message]:
    """What is due, noted as sent."""
    towards = await rows.locked(connection, lot, wait=False)
    what = None if towards is None else due(towards, now)
    if towards is None or towards.said is None or what is None:
        return []
    if isinstance(what, Question):
        await rows.keep(connection, lot, replace(towards, sent_at=now, tries=towards.tries + 1))
        return [head_of(lot, towards, tell=True)]
    deltas = await _deltas(connection, lot, towards, what.after) if isinstance(what, Deltas) else []
    # No deltas though some are due: they are no longer kept.
    messages = deltas or await _snapshot(connection, lot, towards)
    reached = max((m.intents[-1].revision for _, m in messages if isinstance(m, Intents)), default=towards.revision)
    # On a slow line each message may take a while: what is still on its way isn't waited for in vain.
    until = Instant(now + (len(messages) - 1) * ON_ITS_WAY)
    sent = replace(towards, sent=reached, sent_at=until, tries=towards.tries + 1)
    await rows.keep(connection, lot, sent)
    return messages


async def _deltas(connection: asyncpg.Connection, lot: LotId, towards: Towards, after: int) -> list[Message]:
    assert towards.said is not None
    previous = await rows.hash_at(connection, lot, after)
    found = without_gap(after, await rows.after(connection, lot, after))
    if previous is None:
        return []
    messages: list[Message] = []
    for parcel in parcels(for_lot(found, towards.said)):
        window = Intents(lot=lot, after=after, previous=previous, intents=parcel, head=towards.revision)
        messages.append((SealedAs.INTENTS, window))
        after = parcel[-1].revision
        previous = reduce(chained, (intent.digest for intent in parcel), previous)
    return messages


async def _snapshot(connection: asyncpg.Connection, lot: LotId, towards: Towards) -> list[Message]:
    assert towards.said is not None
    standing = for_lot(await rows.standing(connection, lot), towards.said)
    place = Place(towards.revision, towards.hash)
    return [(SealedAs.SNAPSHOT, part) for part in in_parts(lot, place, standing)]
