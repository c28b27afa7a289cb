"""Where a stream stands as it is sent, what it goes on from, and how it is moved back."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from edge.store import journal
from models.facts.base import Stream
from models.ids import StreamId

DAMAGED = "store_damaged"
"""Why a stream was left that a damaged store had."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A stream as it is being sent. `replay_to`: what the cloud said of facts up to here, it may have said before it
    lost them. `oldest`: the number before the first fact that is still there."""

    stream_id: StreamId
    seq: int
    acked: int
    replay_to: int
    oldest: int


def standing_of(connection: sqlite3.Connection, stream: Stream) -> Standing | None:
    """None for a stream that hasn't begun."""
    row = connection.execute(
        "SELECT stream_id, seq, acked, replay_to FROM streams WHERE stream = ?", (stream,)
    ).fetchone()
    return Standing(*row, oldest=_oldest(connection, row["stream_id"])) if row else None


def _oldest(connection: sqlite3.Connection, stream_id: StreamId) -> int:
    """The number before the first fact that is there, if its hash is still known; else that fact's own."""
    first = connection.execute("SELECT min(seq) FROM journal WHERE stream_id = ?", (stream_id,)).fetchone()[0] or 1
    return first - 1 if journal.hash_at(connection, stream_id, first - 1) is not None else first


@dataclass(frozen=True, slots=True)
class Piece:
    """A stream that was left, up to the last fact of it that belongs to the lot's history. `damaged`: it ended with a
    damaged store, whoever had heard of it by then."""

    stream_id: StreamId
    to: int
    damaged: bool = False


def line_of(connection: sqlite3.Connection, stream: Stream) -> list[Piece]:
    """What the stream goes on from, the oldest first: of each as much as is its past, and only what is still there."""
    now = journal.head_of(connection, stream)
    line: list[Piece] = []
    stream_id = now.stream_id if now is not None else None
    while stream_id is not None:
        found = "SELECT stream_id, after_seq, why FROM streams_left WHERE next_id = ?"
        row = connection.execute(found, (stream_id,)).fetchone()
        stream_id = row["stream_id"] if row else None
        if row and _has_some_of(connection, row["stream_id"], row["after_seq"]):
            line.insert(0, Piece(row["stream_id"], row["after_seq"], row["why"] == DAMAGED))
    return line


def unsent_before_damage(connection: sqlite3.Connection, stream: Stream) -> list[Piece]:
    """What the stream goes on from, if the cloud has nothing of it yet and may lack the end of one that was damaged."""
    head, line = journal.head_of(connection, stream), line_of(connection, stream)
    unheard = head is not None and head.acked == 0
    return line if unheard and any(piece.damaged for piece in line) else []


def _has_some_of(connection: sqlite3.Connection, stream_id: StreamId, to: int) -> bool:
    """Of a stream that was left, what lies before may have been dropped, and only what lies behind still be there."""
    found = "SELECT 1 FROM journal WHERE stream_id = ? AND seq <= ? LIMIT 1"
    return connection.execute(found, (stream_id, to)).fetchone() is not None


def written_before(connection: sqlite3.Connection, stream: Stream) -> int:
    """How many facts of the lot's history stand in the streams that this one goes on from."""
    if connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'streams_left'").fetchone() is None:
        return 0  # a store of an earlier release
    row = connection.execute(_WRITTEN_BEFORE, (stream,)).fetchone()
    return row[0] or 0


_WRITTEN_BEFORE = """
    WITH line (stream_id, after_seq) AS (
        SELECT streams_left.stream_id, after_seq FROM streams JOIN streams_left ON next_id = streams.stream_id
        WHERE streams.stream = ?
        UNION
        SELECT streams_left.stream_id, streams_left.after_seq FROM line JOIN streams_left ON next_id = line.stream_id
    ) SELECT sum(after_seq) FROM line"""


def move_back(connection: sqlite3.Connection, stream: Stream, seq: int) -> None:
    """The cloud has lost all after `seq`: it counts as unsent again, and only what is said from now on counts."""
    connection.execute(
        "UPDATE streams SET replay_to = max(replay_to, seq), acked = ? WHERE stream = ? AND acked > ?",
        (seq, stream, seq),
    )
    # Since when it has the later ones, it will say anew: of what it lost, they would say that it may go here, too.
    connection.execute(
        "DELETE FROM acknowledged WHERE seq > ? AND stream_id = (SELECT stream_id FROM streams WHERE stream = ?)",
        (seq, stream),
    )
