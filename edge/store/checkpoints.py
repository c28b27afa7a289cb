"""Where a stream begins after its oldest facts were dropped: the chain, and acknowledgements, go on from there."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from models.facts.base import Stream
from models.ids import StreamId
from models.instants import HOUR, Instant
from models.retention import Why

_MARK_EVERY = HOUR


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The last fact of a stream that was dropped, and how many were in all; `at` and `why` are of the last time.

    `told_seq` and `told_hash`: the last fact that the cloud had when facts were dropped that it hadn't, else None.
    """

    stream: Stream
    stream_id: StreamId
    seq: int
    hash: str
    count: int
    at: Instant
    why: Why
    told_seq: int | None
    told_hash: str | None

    def hash_at(self, seq: int) -> str | None:
        if seq == self.seq:
            return self.hash
        return self.told_hash if seq == self.told_seq else None


def checkpoint_of(connection: sqlite3.Connection, stream_id: StreamId) -> Checkpoint | None:
    """None for a stream of which everything is still there."""
    found = """SELECT stream, stream_id, seq, hash, count, at, why, told_seq, told_hash
        FROM checkpoints WHERE stream_id = ?"""
    row = connection.execute(found, (stream_id,)).fetchone()
    return Checkpoint(*row) if row else None


def keep_checkpoint(connection: sqlite3.Connection, checkpoint: Checkpoint) -> None:
    at = checkpoint
    row = (at.stream_id, at.stream, at.seq, at.hash, at.count, at.at, at.why, at.told_seq, at.told_hash)
    connection.execute("INSERT OR REPLACE INTO checkpoints VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)


def note_acknowledged(connection: sqlite3.Connection, stream: Stream, seq: int, at: Instant) -> None:
    """Remember since when the cloud has had the facts up to `seq`; once an hour is enough."""
    connection.execute(
        """INSERT OR IGNORE INTO acknowledged SELECT stream_id, :seq, :at FROM streams AS told
           WHERE stream = :stream AND NOT EXISTS (
               SELECT 1 FROM (SELECT at FROM acknowledged WHERE stream_id = told.stream_id ORDER BY seq DESC LIMIT 1)
               WHERE at BETWEEN :at - :every AND :at)""",
        {"stream": stream, "seq": seq, "at": at, "every": _MARK_EVERY},
    )


def acknowledged_by(connection: sqlite3.Connection, stream_id: StreamId, before: Instant) -> int:
    """The last fact that the cloud has had since `before` or longer; 0 when there is none."""
    found = "SELECT max(seq) FROM acknowledged WHERE stream_id = ? AND at <= ?"
    return connection.execute(found, (stream_id, before)).fetchone()[0] or 0


def forget_acknowledged(connection: sqlite3.Connection, stream_id: StreamId, seq: int) -> None:
    """Up to `seq` the facts are gone."""
    connection.execute("DELETE FROM acknowledged WHERE stream_id = ? AND seq <= ?", (stream_id, seq))
