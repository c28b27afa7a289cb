"""Writes a window's facts and their effects into PostgreSQL: one statement for all rows that take the same one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain

import asyncpg
from sqlalchemy.dialects import postgresql

from cloud.db.schema import facts as facts_table
from cloud.db.schema import metadata
from cloud.ingest.fold import Owner, Poisoned, Rows, Shape, rows, together
from cloud.ingest.lanes import Lanes
from models.effects import Change
from models.facts import DeclaredLane
from models.instants import Instant
from models.wire.chain import canonical
from models.wire.envelopes import Ack, SentFact, Window

POISON = (Poisoned, asyncpg.IntegrityConstraintViolationError, asyncpg.DataError)
"""What a fact that can't be applied raises: wrong however often it is tried."""

_DIALECT = postgresql.dialect()
_FACT_COLUMNS = (
    "tenant_id",
    "lot_id",
    "stream",
    "stream_id",
    "received_at",
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


@dataclass(frozen=True, slots=True)
class Fresh:
    """What is new in a window: the facts, and the hash before the first of them."""

    owner: Owner
    window: Window
    facts: Sequence[SentFact]
    previous: str


async def write_facts(connection: asyncpg.Connection, fresh: Iterable[Fresh], at: Instant) -> None:
    """The facts themselves, as they came, for good."""
    rows = [row for one in fresh for row in _rows(one, at)]
    # COPY takes half the time of an INSERT. A number that is there already breaks it like one.
    await connection.copy_records_to_table(facts_table.name, records=rows, columns=_FACT_COLUMNS)


def _rows(fresh: Fresh, at: Instant) -> Iterator[tuple[object, ...]]:
    (tenant, lot), window, previous = fresh.owner, fresh.window, fresh.previous
    fixed = (tenant, lot, window.stream, window.stream_id, at)
    for fact in fresh.facts:
        personal = canonical(fact.personal) if fact.personal else None
        yield (
            *fixed,
            *(fact.seq, fact.type, fact.version, fact.boot_id, fact.monotonic, fact.wall, fact.synced),
            *(fact.body, fact.salt, personal, previous, fact.hash),
        )
        previous = fact.hash


async def write_changes(connection: asyncpg.Connection, changes: Iterable[tuple[Owner, Iterable[Change]]]) -> None:
    """The effects of some facts on their lots' tables. Raises one of POISON when they can't be."""
    await write_rows(connection, [(owner, some) for owner, of_lot in changes for some in rows(of_lot)])


async def write_rows(connection: asyncpg.Connection, owned: Iterable[tuple[Owner, Rows]]) -> None:
    """The same, of changes that have been made into rows."""
    for shape, some in together(owned):
        lots = [owner.lot for owner, of_lot in some for _ in of_lot.ids]
        tenants = [[owner.tenant for owner, of_lot in some for _ in of_lot.ids]] if shape.kind != "update" else []
        ids = list(chain.from_iterable(of_lot.ids for _, of_lot in some))
        each = (
            list(chain.from_iterable(column)) for column in zip(*(of_lot.values for _, of_lot in some), strict=True)
        )
        status = await connection.execute(_statement(shape), lots, *tenants, ids, *each)
        written = int(status.rpartition(" ")[2])
        if written != len(ids):
            raise Poisoned(f"{len(ids) - written} of {len(ids)} rows of {shape.table} to {shape.kind} aren't there")


async def write_lanes(connection: asyncpg.Connection, lanes: Iterable[tuple[Owner, Lanes]]) -> None:
    """The last vehicle of each lane. Raises one of POISON when a lane's name can't be stored."""
    last: list[tuple[object, ...]] = []
    for owner, of_lot in lanes:
        if of_lot.declared is not None:
            await _declare_lanes(connection, owner, of_lot.declared)
        for one in of_lot.last:
            row = (one.lane, one.direction.value, one.event.value, one.at, one.ticket, one.refusal)
            last.append((owner.tenant, owner.lot, *row))
    if last:
        await connection.execute(
            "INSERT INTO lanes"
            " (tenant_id, lot_id, name, direction, last_event, last_at, last_ticket_id, last_refusal_id)"
            " SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::bigint[],"
            " $7::uuid[], $8::uuid[]) ON CONFLICT (lot_id, name) DO UPDATE"
            " SET last_event = excluded.last_event, last_at = excluded.last_at,"
            " last_ticket_id = excluded.last_ticket_id, last_refusal_id = excluded.last_refusal_id",
            *map(list, zip(*last, strict=True)),
        )


async def _declare_lanes(connection: asyncpg.Connection, owner: Owner, declared: Sequence[DeclaredLane]) -> None:
    names = [lane.name for lane in declared]
    await connection.execute(
        "UPDATE lanes SET removed = true WHERE lot_id = $1 AND name <> ALL($2::text[]) AND NOT removed",
        *(owner.lot, names),
    )
    await connection.executemany(
        "INSERT INTO lanes (tenant_id, lot_id, name, direction) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT (lot_id, name) DO UPDATE SET direction = excluded.direction, removed = false",
        [(*owner, lane.name, lane.direction.value) for lane in declared],
    )


async def write_cursors(connection: asyncpg.Connection, reached: Sequence[Ack], at: Instant) -> None:
    """The last of a transaction: how far each stream has been applied."""
    await connection.execute(
        "UPDATE streams SET seq = new.seq, hash = new.hash, applied_at = $5"
        " FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::text[]) AS new (lot_id, stream_id, seq, hash)"
        " WHERE streams.lot_id = new.lot_id AND streams.stream_id = new.stream_id",
        [ack.lot for ack in reached],
        [ack.stream_id for ack in reached],
        [ack.seq for ack in reached],
        [ack.hash for ack in reached],
        at,
    )


@cache
def _statement(shape: Shape) -> str:
    """The SQL of a batch: parameters are the lots, the tenants (unless updating), the ids, then a list a column.

    Names come from `models.effects`, never from the wire.
    """
    table, kind, columns, at_first = shape
    owner = ("lot_id",) if kind == "update" else ("lot_id", "tenant_id")
    own = ("id", *columns, *at_first)
    types = [*("uuid" for _ in owner), *(_type(table, name) for name in own)]
    rows = f"unnest({', '.join(f'${n}::{type}[]' for n, type in enumerate(types, 1))})"
    rows += f" AS new ({', '.join((*owner, *own))})"
    sets = ", ".join(f"{name} = new.{name}" for name in columns)
    # A lot's own row is keyed by its id alone; everything else by the lot and the id.
    whole_lot = table == "parking_lots"
    if kind == "update" or whole_lot:
        mine = "old.id = new.lot_id" if whole_lot else "old.lot_id = new.lot_id"
        tenant = "" if kind == "update" else " AND old.tenant_id = new.tenant_id"
        return f"UPDATE {table} AS old SET {sets} FROM {rows} WHERE {mine} AND old.id = new.id{tenant}"
    given = ", ".join((*owner, *own))
    insert = f"INSERT INTO {table} ({given}) SELECT {given} FROM {rows}"
    if kind == "insert":
        return insert
    replaced = ", ".join(f"{name} = excluded.{name}" for name in columns)
    return f"{insert} ON CONFLICT (lot_id, id) DO UPDATE SET {replaced}"


def _type(table: str, column: str) -> str:
    return metadata.tables[table].c[column].type.compile(_DIALECT)
