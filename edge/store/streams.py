"""What becomes of a stream when the cloud has another history of it: moved back, or left for a new one."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from edge.store import journal
from edge.store.transaction import Transaction
from models.facts import StreamOpened
from models.facts.base import Stream
from models.ids import LotId, StreamId
from models.instants import Monotonic, Reading
from models.wire.chain import GENESIS, canonical, link

_COLUMNS = "stream_id, seq, type, version, boot_id, monotonic, wall, synced, body, salt, personal, hash"


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
    """A stream that was left, up to the last fact of it that belongs to the lot's history."""

    stream_id: StreamId
    to: int


def line_of(connection: sqlite3.Connection, stream: Stream) -> list[Piece]:
    """What the stream goes on from, the oldest first: of each as much as is its past, and only what is still there."""
    now = journal.head_of(connection, stream)
    line: list[Piece] = []
    stream_id = now.stream_id if now is not None else None
    while stream_id is not None:
        found = "SELECT stream_id, after_seq FROM streams_left WHERE next_id = ?"
        row = connection.execute(found, (stream_id,)).fetchone()
        stream_id = row["stream_id"] if row else None
        if row and journal.run(connection, row["stream_id"], 0, 1) and row["after_seq"]:
            line.insert(0, Piece(row["stream_id"], row["after_seq"]))
    return line


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


def reopen(tx: Transaction, stream: Stream, after: int, epoch: int, why: str) -> StreamId:
    """Go on in a new stream: it names what was left and where, and carries all that was written after `after`.

    Nothing else may be recorded in the transaction.
    """
    left = journal.head_of(tx.connection, stream)
    if left is None:
        raise LookupError(f"the {stream} hasn't begun")
    opened = StreamId(tx.mint())
    carried = tx.connection.execute(
        "SELECT * FROM journal WHERE stream_id = ? AND seq > ? ORDER BY seq", (left.stream_id, after)
    ).fetchall()
    first = StreamOpened(
        left=left.stream_id,
        after_seq=after,
        after_hash=journal.hash_at(tx.connection, left.stream_id, after) or GENESIS,
        head_seq=left.seq,
        head_hash=left.hash,
        carried=len(carried),
        epoch=epoch,
        why=why,
        at=tx.at.wall,
    )
    pen = _Copyist(tx, stream, opened)
    pen.write(first.type, first.version, tx.at, canonical(first.body()), None, None)
    for row in carried:
        at = Reading(row["boot_id"], Monotonic(row["monotonic"]), row["wall"], bool(row["synced"]))
        pen.write(row["type"], row["version"], at, row["body"], row["salt"], row["personal"])
    tx.connection.execute(
        "INSERT INTO streams_left VALUES (?, ?, ?, ?, ?, ?, ?)",
        (left.stream_id, stream, after, left.seq, opened, why, tx.at.wall),
    )
    tx.connection.execute(
        "UPDATE streams SET stream_id = ?, seq = ?, hash = ?, acked = 0, replay_to = 0 WHERE stream = ?",
        (opened, pen.seq, pen.hash, stream),
    )
    tx.streams_changed()
    return opened


class _Copyist:
    """Writes facts into a new stream as they were, under new numbers and hashes."""

    def __init__(self, tx: Transaction, stream: Stream, stream_id: StreamId) -> None:
        self._connection: sqlite3.Connection = tx.connection
        self._lot: LotId = tx.lot
        self._stream: Stream = stream
        self._stream_id = stream_id
        self.seq, self.hash = 0, GENESIS

    def write(self, type: str, version: int, at: Reading, body: str, salt: str | None, personal: str | None) -> None:
        self.seq += 1
        self.hash = link(self.hash, self._lot, self._stream, self._stream_id, self.seq, type, version, at, body)
        row = (self._stream_id, self.seq, type, version, at.boot_id, at.monotonic, at.wall, at.synced)
        self._connection.execute(
            f"INSERT INTO journal ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (*row, body, salt, personal, self.hash),
        )
