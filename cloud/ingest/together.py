"""Applies windows of many lots in one transaction, where nothing about them is in question.

A transaction costs more than the few facts of a usual window. Whatever is in question, a window that came before, a
gap, a stream's first window, a fact that can't be read, a digest, is left to `cloud.ingest.apply`, which looks at one
window.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import asyncpg

from cloud.ingest.apply import FENCE, Outcome, reached
from cloud.ingest.fold import Owner
from cloud.ingest.joining import Joined
from cloud.ingest.window import Apply, Cursor, is_uuid, judge, overlap
from cloud.ingest.working import Worked, spots_settled
from cloud.ingest.write import POISON, Fresh, write_cursors, write_facts, write_lanes, write_rows
from models.ids import LotId, SpotId, StreamId, TicketId
from models.instants import Instant
from models.wire.envelopes import Window

Stream = tuple[LotId, StreamId]


class _Plain(NamedTuple):
    """A window that follows what was applied, and all of whose facts can be read."""

    owner: Owner
    window: Window
    verdict: Apply
    worked: Worked


async def apply_together(
    connection: asyncpg.Connection, windows: Sequence[Joined], at: Instant
) -> dict[Stream, Outcome]:
    """What was committed, by lot and stream; at most one window of a stream may be given. Raises what asyncpg raises;
    then nothing was changed."""
    try:
        async with connection.transaction():
            return await _apply(connection, windows, at)
    except POISON:
        # One of them holds a fact that can't be applied; which, is found where each is looked at by itself.
        return {}


async def _apply(connection: asyncpg.Connection, windows: Sequence[Joined], at: Instant) -> dict[Stream, Outcome]:
    plain = await _plain(connection, windows)
    if not plain:
        return {}
    await write_facts(
        connection, [Fresh(one.owner, one.window, one.verdict.facts, one.verdict.previous) for one in plain], at
    )
    held = await _spots_held(connection, plain)
    changed = [(one.owner, (*one.worked.rows, *spots_settled(one.worked, held[one.owner.lot]))) for one in plain]
    await write_rows(connection, [(owner, some) for owner, of_lot in changed for some in of_lot])
    await write_lanes(connection, [(one.owner, one.worked.lanes) for one in plain])
    acks = [reached(one.window, one.verdict) for one in plain]
    await write_cursors(connection, acks, at)
    return {
        (one.window.lot, one.window.stream_id): Outcome(one.verdict, ack, applied=len(one.verdict.facts))
        for one, ack in zip(plain, acks, strict=True)
    }


async def _plain(connection: asyncpg.Connection, windows: Sequence[Joined]) -> list[_Plain]:
    known = await _locked_cursors(connection, [joined.window for joined in windows])
    waiting = await _lots_with_parked_tickets(connection, [owner.lot for owner, _ in known.values()])
    plain: list[_Plain] = []
    for joined in windows:
        window = joined.window
        found = known.get((window.lot, window.stream_id))
        if found is None or joined.worked is None or window.lot in waiting or overlap(found[1], window) is not None:
            continue
        # Without an overlap a window is applied as a whole, so all that was worked out of it is to be applied.
        verdict = judge(found[1], window, checked=joined.checked)
        if isinstance(verdict, Apply) and not verdict.lacking:
            plain.append(_Plain(found[0], window, verdict, joined.worked))
    return plain


async def _locked_cursors(
    connection: asyncpg.Connection, windows: Sequence[Window]
) -> dict[Stream, tuple[Owner, Cursor]]:
    """The streams that there are, locked in one order, so that two processes never wait for each other."""
    sound = [window for window in windows if is_uuid(window.lot) and is_uuid(window.stream_id)]
    rows = await connection.fetch(
        "SELECT lot_id, stream_id, tenant_id, stream, seq, hash, current FROM streams"
        " JOIN unnest($1::uuid[], $2::uuid[]) AS asked (lot_id, stream_id) USING (lot_id, stream_id)"
        f" ORDER BY lot_id, stream_id {FENCE} {'OF streams' if FENCE else ''}",
        [window.lot for window in sound],
        [window.stream_id for window in sound],
    )
    return {
        (LotId(str(row["lot_id"])), StreamId(str(row["stream_id"]))): (
            Owner(str(row["tenant_id"]), LotId(str(row["lot_id"]))),
            Cursor(row["stream"], row["seq"], row["hash"], row["current"]),
        )
        for row in rows
    }


async def _lots_with_parked_tickets(connection: asyncpg.Connection, lots: Sequence[LotId]) -> frozenset[LotId]:
    rows = await connection.fetch(
        "SELECT lot_id FROM parked_facts WHERE lot_id = ANY($1::uuid[]) AND settled_at IS NULL"
        " AND ticket_id IS NOT NULL AND cause <> 'superseded'"
        " UNION SELECT lot_id FROM torn_tickets WHERE lot_id = ANY($1::uuid[]) AND settled_at IS NULL",
        lots,
    )
    return frozenset(LotId(str(row["lot_id"])) for row in rows)


async def _spots_held(
    connection: asyncpg.Connection, plain: Sequence[_Plain]
) -> dict[LotId, dict[TicketId, SpotId | None]]:
    """Of each lot, the spots of the tickets that end here, as far as the tables know them."""
    held: dict[LotId, dict[TicketId, SpotId | None]] = {one.owner.lot: {} for one in plain}
    ending = [(one.owner.lot, ticket) for one in plain for ticket in one.worked.ending]
    if ending:
        rows = await connection.fetch(
            "SELECT lot_id, id, spot_id FROM tickets"
            " JOIN unnest($1::uuid[], $2::uuid[]) AS ending (lot_id, id) USING (lot_id, id)",
            [lot for lot, _ in ending],
            [ticket for _, ticket in ending],
        )
        for row in rows:
            spot = SpotId(str(row["spot_id"])) if row["spot_id"] else None
            held[LotId(str(row["lot_id"]))][TicketId(str(row["id"]))] = spot
    return held
