"""Writes a window's facts and their effects into PostgreSQL: one statement for all rows that take the same one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache

import asyncpg
from sqlalchemy.dialects import postgresql

from cloud.db.schema import facts as facts_table
from cloud.db.schema import metadata
from cloud.ingest.fold import Batch, Poisoned, batches, fold
from cloud.ingest.lanes import Lanes
from models.effects import Change
from models.ids import LotId, StreamId
from models.instants import Instant
from models.wire.chain import canonical
from models.wire.envelopes import SentFact, Window

POISON = (Poisoned, asyncpg.IntegrityConstraintViolationError, asyncpg.DataError)
"""What a fact that can't be applied raises: wrong however often it is tried."""

_DIALECT = postgresql.dialect()
_FACT_COLUMNS = (
    "seq",
    "type",
    "version",
    "boot_id",
    "monotonic",
    "wall",
    "synced",
    "body",
    "salt",
    "personal",
    "previous",
    "hash",
)


def reason(poison: Exception) -> str:
    """Why a fact can't be applied, without its values: PostgreSQL's own message would quote plates."""
    match poison:
        case Poisoned():
            return str(poison)
        case asyncpg.IntegrityConstraintViolationError():
            said = poison.as_dict()
            return f"breaks {said.get('constraint_name') or said.get('column_name')} of {said.get('table_name')}"
        case _:
            return f"holds a value that its column can't ({type(poison).__name__})"


async def write_facts(
    connection: asyncpg.Connection,
    tenant: str,
    window: Window,
    fresh: Sequence[SentFact],
    previous: str,
    at: Instant,
) -> None:
    """The facts themselves, as they came, for good."""
    before = [previous, *(fact.hash for fact in fresh[:-1])]
    rows = [
        (
            *(fact.seq, fact.type, fact.version, fact.boot_id, fact.monotonic, fact.wall, fact.synced),
            *(fact.body, fact.salt, canonical(fact.personal) if fact.personal else None, link, fact.hash),
        )
        for fact, link in zip(fresh, before, strict=True)
    ]
    fixed = (tenant, window.lot, window.stream, window.stream_id, at)
    await connection.execute(_insert_facts(), *fixed, *zip(*rows, strict=True))


async def write_changes(connection: asyncpg.Connection, tenant: str, lot: LotId, changes: Iterable[Change]) -> None:
    """The effects of some facts on the lot's tables. Raises one of POISON when they can't be."""
    for batch in batches(fold(changes)):
        columns = [[change.values[name] for change in batch.rows] for name in batch.columns]
        first = [[change.at_first[name] for change in batch.rows] for name in batch.at_first]
        ids = [change.id for change in batch.rows]
        owner = (lot,) if batch.kind == "update" else (lot, tenant)
        status = await connection.execute(_statement(*_shape(batch)), *owner, ids, *columns, *first)
        written = int(status.rpartition(" ")[2])
        if written != len(ids):
            raise Poisoned(f"{len(ids) - written} of {len(ids)} rows of {batch.table} to {batch.kind} aren't there")


async def write_lanes(connection: asyncpg.Connection, tenant: str, lot: LotId, lanes: Lanes) -> None:
    """The last vehicle of each lane. Raises one of POISON when a lane's name can't be stored."""
    if lanes.declared is not None:
        names = [lane.name for lane in lanes.declared]
        await connection.execute(
            "UPDATE lanes SET removed = true WHERE lot_id = $1 AND name <> ALL($2::text[]) AND NOT removed", lot, names
        )
        await connection.executemany(
            "INSERT INTO lanes (tenant_id, lot_id, name, direction) VALUES ($1, $2, $3, $4)"
            " ON CONFLICT (lot_id, name) DO UPDATE SET direction = excluded.direction, removed = false",
            [(tenant, lot, lane.name, lane.direction.value) for lane in lanes.declared],
        )
    if lanes.last:
        await connection.executemany(
            "INSERT INTO lanes"
            " (tenant_id, lot_id, name, direction, last_event, last_at, last_ticket_id, last_refusal_id)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (lot_id, name) DO UPDATE"
            " SET last_event = excluded.last_event, last_at = excluded.last_at,"
            " last_ticket_id = excluded.last_ticket_id, last_refusal_id = excluded.last_refusal_id",
            [
                (tenant, lot, last.lane, last.direction.value, last.event.value, last.at, last.ticket, last.refusal)
                for last in lanes.last
            ],
        )


async def write_cursor(
    connection: asyncpg.Connection, lot: LotId, stream_id: StreamId, seq: int, hash: str, at: Instant
) -> None:
    await connection.execute(
        "UPDATE streams SET seq = $3, hash = $4, applied_at = $5 WHERE lot_id = $1 AND stream_id = $2",
        *(lot, stream_id, seq, hash, at),
    )


def _shape(batch: Batch) -> tuple[str, str, tuple[str, ...], tuple[str, ...]]:
    return batch.kind, batch.table, batch.columns, batch.at_first


@cache
def _statement(kind: str, table: str, columns: tuple[str, ...], at_first: tuple[str, ...]) -> str:
    """The SQL of a batch: parameters are the lot, the tenant (unless updating), the ids, then a list a column.

    Names come from `models.effects`, never from the wire.
    """
    given = ("id", *columns, *at_first)
    offset = 2 if kind == "update" else 3
    rows = f"unnest({', '.join(f'${n}::{_type(table, name)}[]' for n, name in enumerate(given, offset))})"
    rows += f" AS new ({', '.join(given)})"
    sets = ", ".join(f"{name} = new.{name}" for name in columns)
    # A lot's own row is keyed by its id alone; everything else by the lot and the id.
    whole_lot = table == "parking_lots"
    if kind == "update" or whole_lot:
        mine = "old.id = $1::uuid AND new.id = old.id" if whole_lot else "old.lot_id = $1::uuid AND old.id = new.id"
        tenant = "" if kind == "update" else " AND old.tenant_id = $2::uuid"
        return f"UPDATE {table} AS old SET {sets} FROM {rows} WHERE {mine}{tenant}"
    insert = (
        f"INSERT INTO {table} (lot_id, tenant_id, {', '.join(given)})"
        f" SELECT $1::uuid, $2::uuid, {', '.join(f'new.{name}' for name in given)} FROM {rows}"
    )
    if kind == "insert":
        return insert
    replaced = ", ".join(f"{name} = excluded.{name}" for name in columns)
    return f"{insert} ON CONFLICT (lot_id, id) DO UPDATE SET {replaced}"


@cache
def _insert_facts() -> str:
    names = ", ".join(_FACT_COLUMNS)
    arrays = ", ".join(f"${n}::{_type('facts', name)}[]" for n, name in enumerate(_FACT_COLUMNS, 6))
    return (
        f"INSERT INTO {facts_table.name} (tenant_id, lot_id, stream, stream_id, received_at, {names})"
        f" SELECT $1::uuid, $2::uuid, $3::text, $4::uuid, $5::bigint, {names} FROM unnest({arrays}) AS new ({names})"
    )


def _type(table: str, column: str) -> str:
    return metadata.tables[table].c[column].type.compile(_DIALECT)
