"""Facts that aren't the lot's any more, by a card of before or a second computer: kept, and never applied unasked."""

from __future__ import annotations

import asyncpg

from cloud.ingest.cases import Case, open_case
from cloud.ingest.fold import Owner
from cloud.ingest.reading import read
from cloud.ingest.window import Superseded
from cloud.ingest.write import Fresh, write_facts
from models.instants import Instant
from models.wire.envelopes import Window


async def keep_apart(
    connection: asyncpg.Connection, tenant: str, window: Window, verdict: Superseded, at: Instant
) -> None:
    """The facts as they came, all of them parked; one case for the stream. They hold nothing else up."""
    await write_facts(connection, [Fresh(Owner(tenant, window.lot), window, verdict.facts, verdict.previous)], at)
    entries = read(verdict.facts)
    await connection.execute(
        "INSERT INTO parked_facts (tenant_id, lot_id, stream_id, seq, ticket_id, why, parked_at, cause)"
        " SELECT $1, $2, $3, parked.seq, parked.ticket, $6, $7, 'superseded'"
        " FROM unnest($4::bigint[], $5::uuid[]) AS parked (seq, ticket)",
        *(tenant, window.lot, window.stream_id),
        *([entry.sent.seq for entry in entries], [entry.ticket for entry in entries]),
        *(verdict.why, at),
    )
    await open_case(connection, tenant, window.lot, await _case(connection, window, verdict), at)


async def _case(connection: asyncpg.Connection, window: Window, verdict: Superseded) -> Case:
    """Of an earlier enrolment it is a card of before; of the same one, two computers have gone on from one store."""
    outdated = await connection.fetchval(
        "SELECT streams.epoch < parking_lots.epoch_in_force FROM streams JOIN parking_lots ON parking_lots.id = lot_id"
        " WHERE lot_id = $1 AND stream_id = $2",
        *(window.lot, window.stream_id),
    )
    if outdated:
        return Case("stream_superseded", window.stream_id, f"{verdict.why}: they are kept apart and not applied")
    why = "another computer goes on with this lot, from an earlier point; what this one says is kept apart"
    return Case("lot_claimed_twice", window.stream_id, why)
