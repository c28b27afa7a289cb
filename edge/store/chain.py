"""Walks the chain of hashes through the journal, and says where it breaks."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from edge.store import journal
from edge.store.trouble import DATABASE_ERRORS, in_words, is_damage
from models.facts.base import Stream
from models.ids import LotId, StreamId
from models.instants import Instant
from models.wire.chain import GENESIS
from models.wire.envelopes import SentFact

AT_ONCE = 500
_Row = tuple[Instant, Stream, StreamId, int, str, int]
_AT_WORK = "SELECT 0, stream, stream_id, seq, hash, acked FROM streams"
# One that damage ended stands in both, and only here as far as it could be read.
_ENDED = "SELECT ended_at, stream, stream_id, seq, hash, acked FROM former_streams"
_LEFT = """
    SELECT at, stream, stream_id, head_seq, coalesce(
        (SELECT hash FROM journal WHERE journal.stream_id = streams_left.stream_id AND seq = head_seq), ''), after_seq
    FROM streams_left"""


@dataclass(frozen=True, slots=True)
class Chained:
    """A stream of this lot and where it stands by its own account. `former`: another one was begun after it; then facts
    beyond `acked` aren't of the lot's history, or stand in that one. An empty hash: nobody has noted it."""

    stream: Stream
    stream_id: StreamId
    seq: int
    hash: str
    acked: int
    former: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """How far a walk has come: the last fact that was right. An empty hash: whatever comes next is believed."""

    seq: int
    hash: str
    checked: int = 0


@dataclass(frozen=True, slots=True)
class Break:
    """Where a chain doesn't hold. `seq` is the first fact that isn't right, `reached` the last place that was."""

    stream: str
    stream_id: str
    seq: int
    why: str
    reached: Place

    def __str__(self) -> str:
        return f"{self.stream} {self.stream_id} breaks at {self.seq}: {self.why}"


def streams(connection: sqlite3.Connection) -> list[Chained]:
    """All streams of the lot, former ones first, in the order in which they ended."""
    ended = [*_rows_of(connection, _ENDED, "former_streams"), *_rows_of(connection, _LEFT, "streams_left")]
    once = {row[2]: row for row in reversed(ended)}
    found = [Chained(*row[1:], former=True) for row in sorted(once.values(), key=lambda row: row[0])]
    return found + [Chained(*row[1:]) for row in _rows_of(connection, _AT_WORK, "streams")]


def begins(connection: sqlite3.Connection, stream: Chained) -> Place:
    """Before the first fact that is kept: the beginning, or where the journal was pruned."""
    first = connection.execute("SELECT min(seq) FROM journal WHERE stream_id = ?", (stream.stream_id,)).fetchone()[0]
    if first is None or first == 1:
        return Place(0, GENESIS) if first or not stream.seq else Place(stream.seq, "")
    return Place(first - 1, _checkpoint(connection, stream, first - 1))


def step(connection: sqlite3.Connection, lot: LotId, stream: Chained, place: Place) -> Place | Break:
    """On by some facts. Short, so that a walk keeps nobody from emptying the log. At the end it stays where it is."""
    facts = _read(connection, stream, place, AT_ONCE)
    if isinstance(facts, Break):
        return _one_by_one(connection, lot, stream, place)
    return _on(lot, stream, place, facts)


def _read(connection: sqlite3.Connection, stream: Chained, place: Place, most: int) -> list[SentFact] | Break:
    """What comes after `place`; a break when that can't be read."""
    try:
        return journal.run(connection, stream.stream_id, place.seq, most)
    except DATABASE_ERRORS as wrong:
        if not is_damage(wrong):
            raise
        return _break(stream, place.seq + 1, f"it can't be read ({in_words(wrong)})", place)
    except ValueError:
        return _break(stream, place.seq + 1, "it isn't written as facts are", place)


def _on(lot: LotId, stream: Chained, place: Place, facts: list[SentFact]) -> Place | Break:
    for fact in facts:
        if fact.seq != place.seq + 1:
            return _break(stream, place.seq + 1, f"facts are missing up to {fact.seq - 1}", place)
        if place.hash and not fact.follows(place.hash, lot, stream.stream, stream.stream_id):
            return _break(stream, fact.seq, "its hash doesn't follow from what stands there", place)
        place = Place(fact.seq, fact.hash, place.checked + 1)
    return place


def _one_by_one(connection: sqlite3.Connection, lot: LotId, stream: Chained, place: Place) -> Place | Break:
    """Up to the fact that kept the others beside it from being read."""
    for _ in range(AT_ONCE):
        facts = _read(connection, stream, place, 1)
        reached = facts if isinstance(facts, Break) else _on(lot, stream, place, facts)
        if isinstance(reached, Break) or reached.seq == place.seq:
            return reached
        place = reached
    return place


def walk(
    connection: sqlite3.Connection, lot: LotId, stream: Chained, place: Place | None = None
) -> Iterator[Place | Break]:
    """Place by place to the head, or to the first break, which ends it; so does the end of the stream itself: a
    telemetry may be left, with all its facts, while somebody walks through it."""
    place = place or begins(connection, stream)
    while True:
        reached = step(connection, lot, stream, place)
        if not isinstance(reached, Break) and reached.seq != place.seq:
            place = reached
            yield place
            continue
        end = reached if isinstance(reached, Break) else _ends_elsewhere(stream, reached) or reached
        if isinstance(end, Place) or _is_there(connection, stream):
            yield end
        return


def _is_there(connection: sqlite3.Connection, stream: Chained) -> bool:
    return any(each.stream_id == stream.stream_id for each in streams(connection))


def _ends_elsewhere(stream: Chained, reached: Place) -> Break | None:
    """The last fact that is there against the stream's own account of it. More may have been written meanwhile."""
    if reached.seq < stream.seq:
        return _break(stream, reached.seq + 1, f"facts are missing up to {stream.seq}", reached)
    if reached.seq == stream.seq and reached.hash and reached.hash != stream.hash:
        before = Place(reached.seq - 1, "", max(reached.checked - 1, 0))
        return _break(stream, reached.seq, "it isn't the fact that the stream ended with", before)
    return None


def _break(stream: Chained, seq: int, why: str, reached: Place) -> Break:
    return Break(stream.stream, stream.stream_id, seq, why, reached)


def _checkpoint(connection: sqlite3.Connection, stream: Chained, seq: int) -> str:
    """The hash that pruning left of the last fact it took away; empty where none is kept."""
    if not _has(connection, "checkpoints"):
        return ""
    row = connection.execute(
        "SELECT hash FROM checkpoints WHERE stream_id = ? AND seq = ?", (stream.stream_id, seq)
    ).fetchone()
    return row["hash"] if row else ""


def _rows_of(connection: sqlite3.Connection, asked: str, table: str) -> list[_Row]:
    if not _has(connection, table):
        return []
    return [cast(_Row, tuple(row)) for row in connection.execute(asked).fetchall()]


def _has(connection: sqlite3.Connection, table: str) -> bool:
    return connection.execute("SELECT 1 FROM sqlite_schema WHERE name = ?", (table,)).fetchone() is not None
