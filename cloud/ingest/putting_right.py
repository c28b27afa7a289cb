"""Puts the cloud's rows right by what a lot says of them: within the transaction in which its snapshot is applied."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import asyncpg
from sqlalchemy import Boolean

from cloud.db.schema import metadata
from cloud.ingest.asked import hold_against
from cloud.ingest.cases import Case, open_case
from cloud.ingest.differences import Difference, Later, Row, corrections, keeping, not_at_lot
from cloud.ingest.digests import rows_named, rows_of
from cloud.ingest.fold import Owner
from cloud.ingest.write import write_changes
from models.digests import PERSONAL, TICKET_IN
from models.effects import Change, Table, Value
from models.facts.digests import Part
from models.ids import LotId, TicketId
from models.instants import Instant
from models.wire.envelopes import Malformed
from models.wire.state_snapshots import Rows

_MOST_ON_RECORD = 10_000
_MONEY = ("payments", "ledger_entries", "closings", "receipts")


@dataclass
class Work:
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


async def put_right(work: Work, told: Rows) -> None:
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


def _judged(work: Work, told: Rows, ours: Mapping[str, Row]) -> frozenset[str]:
    """Ids of the rows that are tickets which a person has judged, or hang on one."""
    column = TICKET_IN.get(told.table)
    if column is None or not work.judged:
        return frozenset()
    return frozenset(id for rows in (told.by_id, ours) for id, row in rows.items() if row[column] in work.judged)


async def _ours(work: Work, told: Rows) -> Mapping[str, Row]:
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


async def remove(work: Work, table: Table, id: str, row: Row) -> None:
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


async def _removed(work: Work, table: Table, id: str) -> bool:
    try:
        async with work.connection.transaction():
            await work.connection.execute(f"DELETE FROM {table} WHERE lot_id = $1 AND id = $2", work.lot, id)
    except asyncpg.ForeignKeyViolationError:
        return False
    return True


async def record(work: Work) -> None:
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
