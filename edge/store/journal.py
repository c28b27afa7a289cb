"""The journal: every fact of the lot, numbered and chained, kept until the cloud has applied it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

from models.facts import Fact
from models.facts.base import Stream
from models.ids import ENTROPY_BYTES, LotId, StreamId, uuid7
from models.instants import Reading
from models.wire.chain import GENESIS, link
from models.wire.envelopes import SentFact, body_text

_SALT_BYTES = 16


@dataclass(frozen=True, slots=True)
class Head:
    """Where a stream stands: its last fact, and how far the cloud has applied it."""

    stream: Stream
    stream_id: StreamId
    seq: int
    hash: str
    acked: int

    @property
    def backlog(self) -> int:
        return self.seq - self.acked


def append(
    connection: sqlite3.Connection, lot: LotId, fact: Fact, at: Reading, entropy: Callable[[int], bytes]
) -> None:
    """Add one fact to its stream, inside the caller's transaction."""
    head = head_of(connection, fact.stream) or _open_stream(connection, fact.stream, at, entropy)
    personal = fact.personal_part() or None
    salt = entropy(_SALT_BYTES).hex() if personal else None
    body = body_text(fact.body(), salt, personal)
    seq = head.seq + 1
    hash = link(head.hash, lot, fact.stream, head.stream_id, seq, fact.type, fact.version, at, body)
    connection.execute(
        "INSERT INTO journal VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(head.stream_id, seq, fact.type, fact.version),
            *(at.boot_id, at.monotonic, at.wall, at.synced),
            *(body, salt, json.dumps(personal) if personal else None, hash),
        ),
    )
    connection.execute("UPDATE streams SET seq = ?, hash = ? WHERE stream = ?", (seq, hash, fact.stream))


def head_of(connection: sqlite3.Connection, stream: Stream) -> Head | None:
    """None for a stream that hasn't begun."""
    row = connection.execute("SELECT * FROM streams WHERE stream = ?", (stream,)).fetchone()
    return Head(**row) if row else None


def run(connection: sqlite3.Connection, stream_id: StreamId, after: int, limit: int) -> list[SentFact]:
    """Up to `limit` facts that follow number `after`, in order."""
    rows = connection.execute(
        "SELECT * FROM journal WHERE stream_id = ? AND seq > ? ORDER BY seq LIMIT ?", (stream_id, after, limit)
    )
    return [_sent(row) for row in rows]


def hash_at(connection: sqlite3.Connection, stream_id: StreamId, seq: int) -> str | None:
    """The hash of one fact, GENESIS for number 0, None when this lot has no such fact."""
    if seq == 0:
        return GENESIS
    row = connection.execute("SELECT hash FROM journal WHERE stream_id = ? AND seq = ?", (stream_id, seq)).fetchone()
    return row["hash"] if row else None


def mark_acked(connection: sqlite3.Connection, stream: Stream, seq: int) -> None:
    """The cloud has applied everything up to `seq`; never moves back."""
    connection.execute("UPDATE streams SET acked = max(acked, ?) WHERE stream = ?", (seq, stream))


def latest_wall(connection: sqlite3.Connection) -> int:
    """The latest wall time that a fact of this lot bears, 0 when there is none. Microseconds, UTC."""
    row = connection.execute("SELECT max(wall) AS wall FROM journal JOIN streams USING (stream_id, seq)").fetchone()
    return row["wall"] or 0


def _open_stream(connection: sqlite3.Connection, stream: Stream, at: Reading, entropy: Callable[[int], bytes]) -> Head:
    stream_id = StreamId(uuid7(at.wall, entropy(ENTROPY_BYTES)))
    connection.execute(
        "INSERT INTO streams (stream, stream_id, seq, hash) VALUES (?, ?, 0, ?)", (stream, stream_id, GENESIS)
    )
    return Head(stream, stream_id, 0, GENESIS, 0)


def _sent(row: sqlite3.Row) -> SentFact:
    return SentFact(
        seq=row["seq"],
        type=row["type"],
        version=row["version"],
        boot_id=row["boot_id"],
        monotonic=row["monotonic"],
        wall=row["wall"],
        synced=bool(row["synced"]),
        body=row["body"],
        salt=row["salt"],
        personal=json.loads(row["personal"]) if row["personal"] else None,
        hash=row["hash"],
    )
