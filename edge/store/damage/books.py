"""Compares the lot's rows with what its facts say of them: a value that was changed on the disk breaks no structure.

Facts are hashed and rows aren't, so the facts are right. A stream whose beginning was pruned still says how each row
was left by the last of its facts, and that is what a row has to say.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from edge.store import chain, journal
from edge.store.damage.quarantine import last_renewal
from models.effects import Value, effects
from models.facts import UnknownFact, decode
from models.facts.base import ERASED
from models.ids import LotId, SpotId
from models.wire.envelopes import SentFact, read_body

_ROWS_AT_ONCE = 20_000
"""Facts are gone through once for so many of them: a long history is compared part by part, in as many rounds."""
_NOT_COMPARED = {"vehicle_id", "license_plate", "neutral_since"}
"""Masking and pruning change these beside the facts."""
_OF_THE_CLOUD = {"reservations"}
"""Intents change these beside the facts."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One value of one row that isn't what the facts say."""

    table: str
    id: str
    column: str
    stored: Value
    said: Value

    def __str__(self) -> str:
        return f"{self.table} {self.id}: {self.column} isn't what its facts say"


class Comparison:
    """One part of the rows, gone through step by step; each step is a short read of its own."""

    def __init__(self, connection: sqlite3.Connection, lot: LotId, part: int = 0) -> None:
        """`part` may count up for ever: it is taken modulo the number of parts."""
        self._connection, self._lot = connection, lot
        self._stream = next((each for each in chain.streams(connection) if _is_ledger(each)), None)
        self._after = 0 if self._stream is None else _complete_from(connection, self._stream)
        count = 0 if self._stream is None else self._stream.seq - self._after
        self._parts = 1 + count // _ROWS_AT_ONCE
        self._part = part % self._parts
        self._said: dict[tuple[str, str], dict[str, Value]] = {}

    def steps(self) -> Iterator[Difference | None]:
        """None for a step that found nothing; differences at the end."""
        if self._stream is None:
            return
        reached = self._after
        while (now := self._read_on(reached)) > reached:
            reached = now
            yield None
        # Facts and rows of one moment: what was written since is read within the same snapshot.
        self._connection.execute("BEGIN")
        try:
            while (now := self._read_on(reached)) > reached:
                reached = now
            different = list(self._compare())
        finally:
            self._connection.execute("COMMIT")
        yield from different

    def _read_on(self, after: int) -> int:
        assert self._stream is not None
        facts = journal.run(self._connection, self._stream.stream_id, after, chain.AT_ONCE)
        for fact in facts:
            self._hear(fact)
        return facts[-1].seq if facts else after

    def _hear(self, sent: SentFact) -> None:
        try:
            fact = decode(sent.type, sent.version, read_body(sent.body), sent.personal)
        except (UnknownFact, ValueError):
            return
        for change in effects(fact, self._lot, self._spot_of):
            if change.table in _OF_THE_CLOUD:
                continue
            if zlib.crc32(change.id.encode()) % self._parts == self._part:
                said = self._said.setdefault((change.table, change.id), {})
                said.update(change.values)
                if "lot_id" in change.at_first:
                    said["lot_id"] = change.at_first["lot_id"]

    def _spot_of(self, ticket: str) -> SpotId | None:
        row = self._connection.execute("SELECT spot_id FROM tickets WHERE id = ?", (ticket,)).fetchone()
        return row["spot_id"] if row else None

    def _compare(self) -> Iterator[Difference]:
        for (table, id), said in self._said.items():
            row = self._connection.execute(f"SELECT * FROM {table} WHERE id = ?", (id,)).fetchone()
            if row is None:
                continue  # pruned; one that got lost leaves its indices behind, which is seen elsewhere
            stored: dict[str, Value] = dict(row)
            for column, value in said.items():
                if column not in _NOT_COMPARED and value != ERASED and stored[column] != value:
                    yield Difference(table, id, column, stored[column], value)


def set_right(connection: sqlite3.Connection, difference: Difference) -> bool:
    """Within a transaction. False when the row has changed meanwhile: then its newest fact has written it."""
    table, column = difference.table, difference.column
    return (
        connection.execute(
            f"UPDATE {table} SET {column} = ? WHERE id = ? AND {column} IS ?",
            (difference.said, difference.id, difference.stored),
        ).rowcount
        == 1
    )


def _complete_from(connection: sqlite3.Connection, stream: chain.Chained) -> int:
    """After which fact none is missing. What a damaged store left may be older than the rows that it left."""
    renewal = last_renewal(connection)
    broken = renewal is not None and renewal.facts_lost and renewal.stream_id == stream.stream_id
    return max(chain.begins(connection, stream).seq, renewal.told_to if renewal and broken else 0)


def _is_ledger(stream: chain.Chained) -> bool:
    return stream.stream == "ledger" and not stream.former
