"""Compares a lot's digest with the cloud's own, at the very fact that carries it."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import asyncpg
from sqlalchemy import Boolean, Uuid

from cloud.db.schema import metadata
from cloud.ingest.cases import Case, open_case
from cloud.ingest.reading import read
from cloud.ingest.waits import touched, what_waits
from models.digests import COLUMNS, LAYOUT, OPEN_ROWS, altered, before, digest_of, known, table_named
from models.effects import Table
from models.facts import StateDigested
from models.facts.digests import DigestedPart, Part
from models.ids import ENTROPY_BYTES, LotId, StreamId, uuid7
from models.instants import HOUR, SECOND, Instant
from models.wire.envelopes import SentFact, Window

RESYNC_AT_MOST_EVERY = 600 * SECOND
"""A lot that goes on differing isn't asked for its state all the time."""
RESYNC_IN_VAIN_EVERY = 24 * HOUR
"""Nor often for tables of which its snapshot changed nothing: a person has judged what differs there."""
MOST_PARTS, MOST_ROWS = 64, 200_000
"""More than one digest may make the cloud look at."""

DigestVerdict = Literal["equal", "differs", "parked", "unknown"]


@dataclass(frozen=True, slots=True)
class Compared:
    """`parked`: facts of this lot are waiting, and what they would change isn't compared; the rest says the same.
    `unknown`: another layout than this release's."""

    verdict: DigestVerdict
    differs: tuple[DigestedPart, ...] = ()


def cut(window: Window) -> list[Window]:
    """The window, or two of them where the last digest in it isn't its last fact: a digest is of the state there, and
    of nothing after. Digests before that one are passed over: a difference that lasts shows at the last one too."""
    last = max((n for n, fact in enumerate(window.facts, 1) if fact.type == StateDigested.type), default=0)
    if last in (0, len(window.facts)):
        return [window]
    # What it leaves out lies before the first piece.
    rest = {"previous": window.facts[last - 1].hash, "facts": window.facts[last:], "dropped": None}
    return [window.model_copy(update={"facts": window.facts[:last]}), window.model_copy(update=rest)]


async def look_at_digest(
    connection: asyncpg.Connection, tenant: str, lot: LotId, stream_id: StreamId, last: SentFact, at: Instant
) -> Compared | None:
    """If the fact that was applied last is a digest: what came of it, which stands in the tables then. In the
    transaction that applied it."""
    if last.type != StateDigested.type:
        return None
    fact = read([last])[0].fact
    if not isinstance(fact, StateDigested):
        return None  # it is parked, with the reason
    compared = await _compare(connection, lot, fact)
    await _note(connection, tenant, lot, stream_id, last.seq, compared, at)
    if compared.verdict == "differs":
        told = ", ".join(sorted({part.table for part in compared.differs}))
        detail = f"at fact {last.seq} lot and cloud say something else in: {told}"
        await open_case(connection, tenant, lot, Case("digest_differs", lot, detail), at)
        await ask(connection, tenant, lot, f"the digest at fact {last.seq} differs", compared.differs, at)
    return compared


async def _compare(connection: asyncpg.Connection, lot: LotId, fact: StateDigested) -> Compared:
    if fact.layout != LAYOUT or len(fact.digested) > MOST_PARTS or not all(map(known, fact.digested)):
        return Compared("unknown")
    apart = touched(await what_waits(connection, lot))
    theirs = [digested for digested in fact.digested if digested.table not in apart]
    ours = [await _our_digest(connection, lot, digested.part) for digested in theirs]
    differs = altered(ours, theirs)
    return Compared("differs" if differs else "parked" if apart else "equal", differs)


async def _our_digest(connection: asyncpg.Connection, lot: LotId, part: Part) -> DigestedPart:
    return digest_of(part, (tuple(row.values()) for row in await rows_of(connection, lot, part)))


async def rows_of(
    connection: asyncpg.Connection, lot: LotId, part: Part, more: tuple[str, ...] = ()
) -> Sequence[asyncpg.Record]:
    """The rows of a part as the lot would write them down. Raises KeyError for a table that isn't compared."""
    table = table_named(part.table)
    owner = "id" if table == "parking_lots" else "lot_id"
    where, bounds = _where(table, part)
    return await connection.fetch(
        f"{_select(table, more)} WHERE {owner} = $1{where} ORDER BY id LIMIT {MOST_ROWS}", lot, *bounds
    )


async def rows_named(
    connection: asyncpg.Connection, lot: LotId, table: Table, ids: Iterable[str], more: tuple[str, ...]
) -> Sequence[asyncpg.Record]:
    """The rows of these ids, likewise."""
    return await connection.fetch(
        f"{_select(table, more)} WHERE lot_id = $1 AND id = ANY($2::uuid[]) ORDER BY id", lot, list(ids)
    )


def _select(table: Table, more: tuple[str, ...]) -> str:
    columns = ", ".join(_as_the_lot_has_it(table, column) for column in ("id", *COLUMNS[table], *more))
    return f"SELECT {columns} FROM {table}"


def _where(table: Table, part: Part) -> tuple[str, tuple[str, ...]]:
    if part.which == "open":
        return f" AND {OPEN_ROWS[table]}", ()
    bounds = (part.after,) if part.to is None else (part.after, part.to)
    return " AND id > $2" + ("" if part.to is None else " AND id <= $3"), bounds


def _as_the_lot_has_it(table: str, column: str) -> str:
    kind = metadata.tables[table].c[column].type
    if isinstance(kind, Uuid):
        return f"{column}::text"
    return f"{column}::int" if isinstance(kind, Boolean) else column


async def _note(
    connection: asyncpg.Connection,
    tenant: str,
    lot: LotId,
    stream_id: StreamId,
    seq: int,
    compared: Compared,
    at: Instant,
) -> None:
    equal, differs = compared.verdict == "equal", compared.verdict == "differs"
    told = json.dumps([part.model_dump(exclude={"hash"}) for part in compared.differs]) if differs else None
    await connection.execute(
        "INSERT INTO digests (tenant_id, lot_id, stream_id, seq, verdict, compared_at, differs, differs_since,"
        " equal_seq, equal_at) VALUES ($1, $2, $3, $4, $5, $6, $7::jsonb, $8, $9, $10)"
        " ON CONFLICT (lot_id) DO UPDATE SET stream_id = excluded.stream_id, seq = excluded.seq,"
        " verdict = excluded.verdict, compared_at = excluded.compared_at, differs = excluded.differs,"
        " differs_since = CASE WHEN excluded.verdict = 'differs'"
        " THEN coalesce(digests.differs_since, excluded.differs_since) END,"
        " equal_seq = coalesce(excluded.equal_seq, digests.equal_seq),"
        " equal_at = coalesce(excluded.equal_at, digests.equal_at)",
        *(tenant, lot, stream_id, seq, compared.verdict, at, told),
        *(at if differs else None, seq if equal else None, at if equal else None),
    )


async def ask(
    connection: asyncpg.Connection, tenant: str, lot: LotId, why: str, differs: Iterable[Part], at: Instant
) -> None:
    """Want the lot's own state of what differs, unless it is wanted already, was had just now, or was of no use."""
    wanted = [await _wanted(connection, lot, part) for part in differs]
    await connection.execute(
        "INSERT INTO resyncs (tenant_id, lot_id, id, why, wanted, state, asked_at)"
        " SELECT $1, $2, $3, $4, $5::jsonb, 'asked', $6"
        " WHERE NOT EXISTS (SELECT 1 FROM resyncs WHERE lot_id = $2 AND (ended_at IS NULL OR ended_at > $7"
        "  OR rows_changed = 0 AND ended_at > $8 AND $9::text[] <@"
        "   (SELECT array_agg(part ->> 'table') FROM jsonb_array_elements(wanted) AS part)))"
        " ON CONFLICT DO NOTHING",
        *(tenant, lot, uuid7(at, secrets.token_bytes(ENTROPY_BYTES)), why),
        *(json.dumps([part.model_dump() for part in wanted]), at, at - RESYNC_AT_MOST_EVERY),
        *(at - RESYNC_IN_VAIN_EVERY, sorted({part.table for part in wanted})),
    )


async def _wanted(connection: asyncpg.Connection, lot: LotId, part: Part) -> Part:
    """Open rows are asked for from the oldest that is open here: what is open on one side only isn't among the other's
    open ones."""
    bare = Part(table=part.table, which=part.which, after=part.after, to=part.to)
    if part.which != "open":
        return bare
    table = table_named(part.table)
    oldest = await connection.fetchval(
        f"SELECT id::text FROM {table} WHERE lot_id = $1 AND {OPEN_ROWS[table]} ORDER BY id LIMIT 1", lot
    )
    return bare if oldest is None else bare.model_copy(update={"after": before(str(oldest))})
