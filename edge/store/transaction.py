"""One decision of the lot: state and facts change together, or not at all."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType

from edge.store import journal
from models.effects import Change, Table, Value, effects
from models.facts import Fact
from models.facts.base import Stream
from models.ids import ENTROPY_BYTES, LotId, SpotId, uuid7
from models.instants import Reading

_UNKNOWN: Mapping[Stream, journal.Head] = MappingProxyType({})


class Transaction:
    """What a decision may do. Handed out by `Store.write`; `at` is the moment of the decision."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        lot: LotId,
        at: Reading,
        entropy: Callable[[int], bytes],
        heads: Mapping[Stream, journal.Head] = _UNKNOWN,
    ) -> None:
        """`heads`: where the streams stand, as far as it is known."""
        self.connection, self.lot, self.at = connection, lot, at
        self._entropy = entropy
        self.has_changed_streams = False
        self._pen = journal.Pen(connection, lot, at, entropy, heads)

    @property
    def heads(self) -> Mapping[Stream, journal.Head]:
        """Where the streams stand to which this transaction has written."""
        return self._pen.heads

    def streams_changed(self) -> None:
        """For whoever ends a stream or opens one by hand: from now on nothing that was known of them holds."""
        self._pen.forget()
        self.has_changed_streams = True

    def mint(self) -> str:
        """A new id, owned by this lot."""
        return uuid7(self.at.wall, self._entropy(ENTROPY_BYTES))

    def random_bits(self, bits: int) -> int:
        return int.from_bytes(self._entropy(-(-bits // 8)), "big") & (1 << bits) - 1

    def record(self, fact: Fact) -> None:
        """Write the fact into the journal and make the changes that it stands for."""
        for change in effects(fact, self.lot, self._spot_of):
            apply(self.connection, change)
        self._pen.write(fact)

    def seal(self) -> None:
        """The last thing before the commit: the facts go into the journal."""
        self._pen.seal()

    def _spot_of(self, ticket: str) -> SpotId | None:
        row = self.connection.execute("SELECT spot_id FROM tickets WHERE id = ?", (ticket,)).fetchone()
        return row["spot_id"] if row else None


def apply(connection: sqlite3.Connection, change: Change) -> None:
    """Make one change. Raises LookupError when an update finds no row, sqlite3.IntegrityError when a rule is broken."""
    if change.kind == "insert":
        _insert(connection, change, change.values)
    elif not _update(connection, change):
        if change.kind == "update":
            raise LookupError(f"{change.table} has no row {change.id}")
        _insert(connection, change, {**change.at_first, **change.values})


def _insert(connection: sqlite3.Connection, change: Change, values: Mapping[str, Value]) -> None:
    connection.execute(_insertion(change.table, tuple(values)), (change.id, *values.values()))


def _update(connection: sqlite3.Connection, change: Change) -> bool:
    values = change.values
    return connection.execute(_updating(change.table, tuple(values)), (*values.values(), change.id)).rowcount == 1


@cache
def _insertion(table: Table, columns: tuple[str, ...]) -> str:
    return f"INSERT INTO {table} (id, {', '.join(columns)}) VALUES (?{', ?' * len(columns)})"


@cache
def _updating(table: Table, columns: tuple[str, ...]) -> str:
    return f"UPDATE {table} SET {', '.join(f'{column} = ?' for column in columns)} WHERE id = ?"
