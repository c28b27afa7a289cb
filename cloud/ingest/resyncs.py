"""Takes in a lot's own state when the two differ: part by part, and applied whole at its place in the stream."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import asyncpg
from sqlalchemy import Boolean

from cloud.db.schema import LOTS_CHANGED, metadata
from cloud.ingest.asked import hold_against
from cloud.ingest.cases import Case, open_case
from cloud.ingest.differences import Difference, Later, Row, corrections, folded, keeping, not_at_lot
from cloud.ingest.digests import rows_named, rows_of
from cloud.ingest.fold import EFFECT_FAILURES, TABLES, Owner
from cloud.ingest.lasting import TRY_AGAIN
from cloud.ingest.reading import read
from cloud.ingest.waits import tickets_judged, touched, what_waits
from cloud.ingest.write import POISON, reason, write_changes
from models.digests import LAYOUT, PERSONAL, oldest_compared
from models.effects import Change, Table, Value, effects
from models.facts import StayMoved, TicketClosed, TicketOpenedV1, TicketVoided
from models.facts.digests import BEFORE_ALL, Part
from models.facts.mending import Mended
from models.ids import ENTROPY_BYTES, LotId, SpotId, TicketId, uuid7
from models.instants import Instant
from models.wire.envelopes import Malformed, SentFact
from models.wire.state_snapshots import Rows, SnapshotPart, SnapshotWanted, checksum, read_rows

MOST_ATTEMPTS = 3
_MOST_ON_RECORD = 10_000
_MONEY = ("payments", "ledger_entries", "closings", "receipts")
_TICKET_IN: Mapping[Table, str] = {
    "tickets": "id",
    "payments": "ticket_id",
    "fee_corrections": "ticket_id",
    "ledger_entries": "ticket_id",
    "receipts": "ticket_id",
    "ticket_suspicions": "ticket_id",
    "ticket_mendings": "ticket_id",
    "valet_stays": "ticket_id",
}


@dataclass(frozen=True, slots=True)
class Resynced:
    """What came of a complete snapshot. `refused`: why it wasn't applied."""

    rows: int = 0
    kept: int = 0
    refused: str = ""


@dataclass
class _Work:
    """One snapshot being applied. `apart`: tables that are left as they are, for facts that wait would change them.
    `judged`: tickets of which nothing is changed."""

    connection: asyncpg.Connection
    tenant: str
    lot: LotId
    resync: str
    wanted: tuple[Part, ...]
    at: Instant
    oldest: str
    later: Later
    apart: frozenset[str]
    judged: frozenset[TicketId]
    differences: list[Difference] = field(default_factory=list[Difference])
    surplus: dict[Table, dict[str, Row]] = field(default_factory=dict[Table, dict[str, Row]])
    rows: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])

    @property
    def owner(self) -> Owner:
        return Owner(self.tenant, self.lot)


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
) -> _Work:
    """All of it, or nothing and it raises."""
    async with connection.transaction():
        if await _hash_at(connection, lot, row) != row["hash"]:
            raise Malformed("it is of another history than the one that was applied")
        work = _Work(
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


async def _apply(work: _Work) -> None:
    async for body in _bodies(work.connection, work.lot, work.resync):
        await _apply_rows(work, read_rows(body))
    for table in reversed(TABLES):
        for id, row in work.surplus.get(table, {}).items():
            await _remove(work, table, id, row)
    await _record(work)


async def _apply_rows(work: _Work, told: Rows) -> None:
    hold_against(work.wanted, told)
    if told.table in work.apart:
        return
    ours = await _ours(work, told)
    found = keeping(corrections(told, ours, work.later, work.oldest), _judged(work, told, ours))
    await write_changes(work.connection, [(work.owner, [_typed(change) for change in found.changes])])
    if told.table == "parking_lots" and found.surplus:
        raise Malformed("the lot itself isn't in it")
    work.differences += found.differences
    work.rows |= {(change.table, change.id) for change in found.changes}
    work.surplus.setdefault(told.table, {}).update({id: ours[id] for id in found.surplus})


def _judged(work: _Work, told: Rows, ours: Mapping[str, Row]) -> frozenset[str]:
    """Ids of the rows that are tickets which a person has judged, or hang on one."""
    column = _TICKET_IN.get(told.table)
    if column is None or not work.judged:
        return frozenset()
    return frozenset(id for rows in (told.by_id, ours) for id, row in rows.items() if row[column] in work.judged)


async def _ours(work: _Work, told: Rows) -> Mapping[str, Row]:
    more = PERSONAL.get(told.table, ())
    if told.which != "named":
        part = Part(table=told.table, which=told.which, after=told.after, to=told.to)
        return _by_id(await rows_of(work.connection, work.lot, part, more))
    return _by_id(await rows_named(work.connection, work.lot, told.table, told.by_id, more))


def _by_id(rows: Iterable[asyncpg.Record]) -> dict[str, Row]:
    return {row["id"]: dict(row) for row in rows}


def _typed(change: Change) -> Change:
    """SQLite keeps truth as 0 and 1."""
    columns = metadata.tables[change.table].c
    values: dict[str, Value] = {
        name: bool(value) if isinstance(columns[name].type, Boolean) else value for name, value in change.values.items()
    }
    return change._replace(values=values)


async def _remove(work: _Work, table: Table, id: str, row: Row) -> None:
    """A row that the lot hasn't got goes; never money, nor what money hangs on, nor a stay of the time that it lost."""
    lost = table == "tickets" and id <= work.oldest
    removed = table not in _MONEY and not lost and await _removed(work, table, id)
    work.differences.append(not_at_lot(table, id, row, removed=removed))
    if removed:
        work.rows.add((table, id))
    else:
        kind = "stays_unknown_to_lot" if lost else "money_unknown_to_lot"
        detail = f"the lot doesn't know {table} {id}; it stays here"
        await open_case(work.connection, work.tenant, work.lot, Case(kind, id, detail), work.at)


async def _removed(work: _Work, table: Table, id: str) -> bool:
    try:
        async with work.connection.transaction():
            await work.connection.execute(f"DELETE FROM {table} WHERE lot_id = $1 AND id = $2", work.lot, id)
    except asyncpg.ForeignKeyViolationError:
        return False
    return True


async def _record(work: _Work) -> None:
    """What differed stays on record, the first so many fields of it."""
    kept: Sequence[Difference] = work.differences[:_MOST_ON_RECORD]
    await work.connection.executemany(
        "INSERT INTO differences (tenant_id, lot_id, resync_id, number, table_name, row_id, column_name, in_cloud,"
        " at_lot, outcome, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        [
            (
                *(work.tenant, work.lot, work.resync, number, one.table, one.id, one.column),
                *(one.in_cloud, one.at_lot, one.outcome, work.at),
            )
            for number, one in enumerate(kept, 1)
        ],
    )
