"""Takes in a lot's own state when the two differ: part by part, and applied whole at its place in the stream."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass

import asyncpg

from cloud.db.schema import LOTS_CHANGED
from cloud.ingest.cases import Case, open_case
from cloud.ingest.differences import Later, folded
from cloud.ingest.fold import EFFECT_FAILURES, TABLES
from cloud.ingest.lasting import TRY_AGAIN
from cloud.ingest.putting_right import Work, put_right, record, remove
from cloud.ingest.reading import read
from cloud.ingest.waits import tickets_judged, touched, what_waits
from cloud.ingest.write import POISON, reason
from models.digests import LAYOUT, oldest_compared
from models.effects import effects
from models.facts import StayMoved, TicketClosed, TicketOpenedV1, TicketVoided
from models.facts.digests import BEFORE_ALL, Part
from models.facts.mending import Mended
from models.ids import ENTROPY_BYTES, LotId, SpotId, uuid7
from models.instants import Instant
from models.wire.envelopes import Malformed, SentFact
from models.wire.state_snapshots import SnapshotPart, SnapshotWanted, checksum, read_rows

MOST_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Resynced:
    """What came of a complete snapshot. `refused`: why it wasn't applied."""

    rows: int = 0
    kept: int = 0
    refused: str = ""


async def wanted_now(connection: asyncpg.Connection, lot: LotId) -> SnapshotWanted | None:
    """What to ask the lot for, if anything."""
    row = await connection.fetchrow(
        "SELECT id::text, wanted, snapshot, have FROM resyncs WHERE lot_id::text = $1 AND state = 'asked'", lot
    )
    if row is None:
        return None
    wanted, snapshot = _parts(row["wanted"]), row["snapshot"]
    return SnapshotWanted(lot=lot, resync=row["id"], layout=LAYOUT, wanted=wanted, snapshot=snapshot, have=row["have"])


def _parts(wanted: str) -> tuple[Part, ...]:
    return tuple(Part.model_validate(part) for part in json.loads(wanted))


async def lots_wanted(connection: asyncpg.Connection) -> list[LotId]:
    """The lots whose state is wanted, or here and not applied yet."""
    rows = await connection.fetch("SELECT lot_id::text AS lot FROM resyncs WHERE state IN ('asked', 'complete')")
    return [LotId(row["lot"]) for row in rows]


async def take_part(connection: asyncpg.Connection, part: SnapshotPart, at: Instant) -> bool:
    """Keeps a part that is the next one. Returns whether it was: a repeated one, or one too early, changes nothing."""
    async with connection.transaction():
        row = await connection.fetchrow(
            "SELECT tenant_id, snapshot, have, parts, checksum, attempts FROM resyncs"
            " WHERE lot_id::text = $1 AND id::text = $2 AND state = 'asked' FOR UPDATE",
            *(part.lot, part.resync),
        )
        if row is None or part.layout != LAYOUT:
            return False
        have = row["have"]
        if part.snapshot != row["snapshot"]:
            if part.number != 0:
                return False
            await _begin(connection, part)
            have = 0
        elif (part.parts, part.checksum) != (row["parts"], row["checksum"]):
            return False
        if part.number != have:
            return False
        await connection.execute(
            "INSERT INTO snapshot_parts (tenant_id, lot_id, resync_id, number, body) VALUES ($1, $2, $3, $4, $5)",
            *(row["tenant_id"], part.lot, part.resync, part.number, part.body),
        )
        await connection.execute(
            "UPDATE resyncs SET have = have + 1 WHERE lot_id = $1 AND id = $2", part.lot, part.resync
        )
        if have + 1 == part.parts:
            await _complete(connection, str(row["tenant_id"]), part, row["attempts"], at)
    return True


async def _begin(connection: asyncpg.Connection, part: SnapshotPart) -> None:
    """Another snapshot than the one of which parts are here, if there were any."""
    await _drop_parts(connection, part.lot, part.resync)
    await connection.execute(
        "UPDATE resyncs SET snapshot = $3, stream_id = $4, seq = $5, hash = $6, parts = $7, checksum = $8, have = 0,"
        " oldest = $9"
        " WHERE lot_id = $1 AND id = $2",
        *(
            part.lot,
            part.resync,
            part.snapshot,
            part.stream_id,
            part.seq,
            part.hash,
            part.parts,
            part.checksum,
            part.oldest,
        ),
    )


async def _complete(
    connection: asyncpg.Connection, tenant: str, part: SnapshotPart, attempts: int, at: Instant
) -> None:
    """All parts are here: they count when they are what the lot had cut."""
    bodies = [body async for body in _bodies(connection, part.lot, part.resync)]
    if checksum(bodies) == part.checksum:
        await connection.execute(
            "UPDATE resyncs SET state = 'complete' WHERE lot_id = $1 AND id = $2", part.lot, part.resync
        )
        return
    await _ask_anew(connection, part.lot, part.resync)
    if attempts + 1 >= MOST_ATTEMPTS:
        await _refuse(connection, tenant, part.lot, part.resync, "its checksum is wrong, again and again", at)


async def _ask_anew(connection: asyncpg.Connection, lot: LotId, resync: str) -> None:
    await _drop_parts(connection, lot, resync)
    await connection.execute(
        "UPDATE resyncs SET state = 'asked', snapshot = NULL, have = 0, attempts = attempts + 1"
        " WHERE lot_id = $1 AND id = $2",
        *(lot, resync),
    )


async def _refuse(connection: asyncpg.Connection, tenant: str, lot: LotId, resync: str, why: str, at: Instant) -> None:
    await _drop_parts(connection, lot, resync)
    await connection.execute(
        "UPDATE resyncs SET state = 'refused', ended_at = $3 WHERE lot_id = $1 AND id = $2", lot, resync, at
    )
    await open_case(connection, tenant, lot, Case("snapshot_refused", lot, f"the lot's snapshot: {why}"), at)


async def _drop_parts(connection: asyncpg.Connection, lot: LotId, resync: str) -> None:
    await connection.execute("DELETE FROM snapshot_parts WHERE lot_id = $1 AND resync_id = $2", lot, resync)


async def _bodies(connection: asyncpg.Connection, lot: LotId, resync: str) -> AsyncIterator[str]:
    query = "SELECT body FROM snapshot_parts WHERE lot_id = $1 AND resync_id = $2 ORDER BY number"
    async for row in connection.cursor(query, lot, resync, prefetch=4):
        yield row["body"]


async def apply_if_complete(connection: asyncpg.Connection, lot: LotId, at: Instant) -> Resynced | None:
    """Applies the lot's complete snapshot, all of it or nothing. None: there is none, or its time hasn't come: facts
    before its point are still missing, or facts wait that would change what was asked for. What came after its point is
    brought to bear on it."""
    async with connection.transaction():
        row = await connection.fetchrow(
            "SELECT tenant_id::text, id::text, wanted, stream_id, seq, hash, oldest FROM resyncs"
            " WHERE lot_id::text = $1 AND state = 'complete' FOR UPDATE SKIP LOCKED",
            lot,
        )
        if row is None:
            return None
        cursor = await connection.fetchrow(
            "SELECT stream_id, seq FROM streams WHERE lot_id = $1 AND stream = 'ledger' AND current FOR UPDATE", lot
        )
        if cursor is None:
            return None
        apart = touched(await what_waits(connection, lot))
        if any(part.table in apart for part in _parts(row["wanted"])):
            return None
        if cursor["stream_id"] != row["stream_id"]:
            await _ask_anew(connection, lot, row["id"])  # the lot has begun another stream since
            return None
        if cursor["seq"] < row["seq"]:
            return None
        return await _settle(connection, lot, row, apart, at)


async def _settle(
    connection: asyncpg.Connection, lot: LotId, row: asyncpg.Record, apart: frozenset[str], at: Instant
) -> Resynced:
    tenant, resync = row["tenant_id"], row["id"]
    try:
        work = await _applied(connection, lot, row, apart, at)
    except Malformed as wrong:
        why = str(wrong)
    except (*POISON, *EFFECT_FAILURES) as wrong:
        why = reason(wrong)
    except TRY_AGAIN:
        raise
    except asyncpg.PostgresError as wrong:
        why = reason(wrong)  # whatever it is, it would be so the next time
    else:
        await _drop_parts(connection, lot, resync)
        await connection.execute(
            "UPDATE resyncs SET state = 'applied', ended_at = $3, rows_changed = $4 WHERE lot_id = $1 AND id = $2",
            *(lot, resync, at, len(work.rows)),
        )
        await connection.execute("SELECT pg_notify($1, $2)", LOTS_CHANGED, lot)
        return Resynced(len(work.rows), sum(one.outcome == "kept" for one in work.differences))
    await _refuse(connection, tenant, lot, resync, why, at)
    return Resynced(refused=why)


async def _applied(
    connection: asyncpg.Connection, lot: LotId, row: asyncpg.Record, apart: frozenset[str], at: Instant
) -> Work:
    """All of it, or nothing and it raises."""
    async with connection.transaction():
        if await _hash_at(connection, lot, row) != row["hash"]:
            raise Malformed("it is of another history than the one that was applied")
        work = Work(
            connection,
            tenant=row["tenant_id"],
            lot=lot,
            resync=row["id"],
            wanted=_parts(row["wanted"]),
            at=at,
            oldest=await _oldest_known(connection, lot, row, at),
            later=await _since(connection, lot, row),
            apart=apart,
            judged=await tickets_judged(connection, lot),
        )
        await _apply(work)
    return work


async def _hash_at(connection: asyncpg.Connection, lot: LotId, row: asyncpg.Record) -> str | None:
    return await connection.fetchval(
        "SELECT hash FROM facts WHERE lot_id = $1 AND stream_id = $2 AND seq = $3", lot, row["stream_id"], row["seq"]
    )


async def _oldest_known(connection: asyncpg.Connection, lot: LotId, row: asyncpg.Record, at: Instant) -> str:
    """Up to which id rows that the lot lacks are no error: what it says of itself, whatever it may have forgotten by
    now, and whatever came before the stream in which it goes on, wherever its clock stood then."""
    begun = await connection.fetchval(
        "SELECT opened_at FROM streams AS own WHERE lot_id = $1 AND stream_id = $2 AND EXISTS (SELECT 1 FROM streams"
        " AS other WHERE other.lot_id = $1 AND other.stream = 'ledger' AND other.stream_id <> own.stream_id)",
        *(lot, row["stream_id"]),
    )
    before_stream = BEFORE_ALL if begun is None else uuid7(Instant(begun), bytes(ENTROPY_BYTES))
    return max(row["oldest"], oldest_compared(at), before_stream)


async def _since(connection: asyncpg.Connection, lot: LotId, row: asyncpg.Record) -> Later:
    """What the facts after the snapshot's point have changed: none of them waits, or was judged not to count."""
    facts = await connection.fetch(
        "SELECT seq, type, version, boot_id, monotonic, wall, synced, body, salt, personal, hash FROM facts"
        " WHERE lot_id = $1 AND stream_id = $2 AND seq > $3 AND NOT EXISTS (SELECT 1 FROM parked_facts AS parked"
        "  WHERE parked.lot_id = facts.lot_id AND parked.stream_id = facts.stream_id AND parked.seq = facts.seq"
        "  AND parked.outcome IS DISTINCT FROM 'applied') ORDER BY seq",
        *(lot, row["stream_id"], row["seq"]),
    )
    said = [entry.fact for entry in read(map(_sent, facts)) if entry.fact is not None]
    about = [fact.ticket for fact in said if isinstance(fact, TicketClosed | TicketVoided)]
    found = await connection.fetch(
        "SELECT id::text, spot_id::text FROM tickets WHERE lot_id = $1 AND id = ANY($2::uuid[])", lot, about
    )
    spots: dict[str, SpotId | None] = {ticket["id"]: ticket["spot_id"] for ticket in found}
    spots |= {fact.ticket: fact.spot for fact in said if isinstance(fact, TicketOpenedV1 | StayMoved)}
    spots |= {each.ticket: each.spot for fact in said if isinstance(fact, Mended) for each in fact.mended}
    return folded(change for fact in said for change in effects(fact, lot, spots.get))


def _sent(row: asyncpg.Record) -> SentFact:
    personal = json.loads(row["personal"]) if row["personal"] else None
    return SentFact.model_validate({**row, "personal": personal})


async def _apply(work: Work) -> None:
    async for body in _bodies(work.connection, work.lot, work.resync):
        await put_right(work, read_rows(body))
    for table in reversed(TABLES):
        for id, row in work.surplus.get(table, {}).items():
            await remove(work, table, id, row)
    await record(work)
