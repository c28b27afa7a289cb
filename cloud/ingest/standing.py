"""Answers a lot that asks where its stream stands, and notices who asks: a card of before, two cards, a lost backup."""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg

from cloud.ingest.apply import UnknownLot
from cloud.ingest.cases import Case, open_case
from cloud.ingest.lineage import Branch, goes_on_from_its_end
from cloud.ingest.opening import branches_of, put_in_force
from models.instants import Instant
from models.wire.chain import GENESIS
from models.wire.standing import Answer, Ask, Standing


async def answer(connection: asyncpg.Connection, ask: Ask, at: Instant) -> Answer:
    """What the lot is to be told, once this has committed. Raises UnknownLot."""
    async with connection.transaction():
        lot = await connection.fetchrow(
            "SELECT tenant_id, epoch_in_force FROM parking_lots WHERE id::text = $1 FOR NO KEY UPDATE", ask.lot
        )
        if lot is None:
            raise UnknownLot(ask.lot)
        in_force = max(lot["epoch_in_force"], ask.epoch)
        if ask.epoch > lot["epoch_in_force"]:
            await put_in_force(connection, ask.lot, ask.epoch, at)
        branches = await branches_of(connection, ask.lot, ask.stream)
        own = next((branch for branch in branches if branch.stream_id == ask.stream_id), None)
        seq, hash = (0, GENESIS) if own is None else (own.seq, own.hash)
        if ask.acked > seq:
            await open_case(connection, str(lot["tenant_id"]), ask.lot, _lost_here(ask, seq), at)
        return Answer(
            lot=ask.lot,
            stream=ask.stream,
            stream_id=ask.stream_id,
            nonce=ask.nonce,
            standing=standing(ask, in_force, own, branches),
            seq=seq,
            hash=hash,
            agrees=0 if own is None else await _agrees(connection, ask),
            enrolled_anew=enrolled_anew(ask, own, branches),
        )


def _lost_here(ask: Ask, seq: int) -> Case:
    why = f"the lot was told that facts up to {ask.acked} are here, and there are {seq}: it sends them again"
    return Case("cloud_restored", ask.stream_id, why)


def standing(ask: Ask, in_force: int, own: Branch | None, branches: Sequence[Branch]) -> Standing:
    """What the stream is to us. Pure."""
    if ask.epoch < in_force:
        return Standing.OUTDATED
    if own is None:
        return Standing.CURRENT
    if ask.epoch > own.epoch:
        return Standing.LEFT
    if own.current:
        return Standing.CURRENT
    return Standing.LEFT if goes_on_from_its_end(branches, own.stream_id) else Standing.RIVAL


def enrolled_anew(ask: Ask, own: Branch | None, branches: Sequence[Branch]) -> bool:
    """Whether only a newer enrolment ended the stream: it was the last one that the lot had. Pure."""
    return own is not None and ask.epoch > own.epoch and branches[0] == own


async def _agrees(connection: asyncpg.Connection, ask: Ask) -> int:
    found = await connection.fetchval(
        "SELECT max(facts.seq) FROM unnest($3::bigint[], $4::text[]) AS mark (seq, hash)"
        " JOIN facts ON facts.lot_id = $1 AND facts.stream_id = $2 AND facts.seq = mark.seq AND facts.hash = mark.hash",
        *(ask.lot, ask.stream_id, [mark.seq for mark in ask.marks], [mark.hash for mark in ask.marks]),
    )
    return found or 0
