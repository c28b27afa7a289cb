"""The journal: every fact of the lot, numbered and chained, kept until the cloud has applied it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from edge.store.checkpoints import checkpoint_of, note_acknowledged
from models.facts import Fact
from models.facts.base import Stream
from models.ids import ENTROPY_BYTES, LotId, StreamId, uuid7
from models.instants import Reading
from models.wire.chain import GENESIS, link
from models.wire.envelopes import SentFact, body_text

_SALT_BYTES = 16
STREAMS: tuple[Stream, ...] = ("ledger", "telemetry")

Entropy = Callable[[int], bytes]
"""So many random bytes."""


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


class Pen:
    """Writes facts at the end of the streams, for one transaction: numbered and chained as they come, put into
    the tables all at once by `seal`."""

    def __init__(
        self, connection: sqlite3.Connection, lot: LotId, at: Reading, entropy: Entropy, known: Mapping[Stream, Head]
    ) -> None:
        """`known` are heads as the last transaction left them; others are looked up."""
        self._connection, self._lot, self._at, self._entropy = connection, lot, at, entropy
        self._known: Mapping[Stream, Head] = known
        self.heads: dict[Stream, Head] = {}
        """Where the streams stand that were written to"""
        self._rows: list[tuple[object, ...]] = []

    def write(self, fact: Fact) -> None:
        head = self.heads.get(fact.stream) or self._known.get(fact.stream) or self._find(fact.stream)
        at, seq = self._at, head.seq + 1
        body, personal = fact.parts()
        salt = self._entropy(_SALT_BYTES).hex() if personal else None
        text = body_text(body, salt, personal)
        hash = link(head.hash, self._lot, fact.stream, head.stream_id, seq, fact.type, fact.version, at, text)
        self._rows.append(
            (
                *(head.stream_id, seq, fact.type, fact.version),
                *(at.boot_id, at.monotonic, at.wall, at.synced),
                *(text, salt, json.dumps(personal) if personal else None, hash),
            )
        )
        self.heads[fact.stream] = Head(head.stream, head.stream_id, seq, hash, head.acked)

    def forget(self) -> None:
        """The streams were changed by hand: where they stand is looked up anew."""
        self._known = {}

    def seal(self) -> None:
        """Put everything written into the tables, inside the caller's transaction."""
        self._connection.executemany("INSERT INTO journal VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", self._rows)
        self._connection.executemany(
            "UPDATE streams SET seq = ?, hash = ? WHERE stream = ?",
            [(head.seq, head.hash, head.stream) for head in self.heads.values()],
        )

    def _find(self, stream: Stream) -> Head:
        return head_of(self._connection, stream) or self._begin(stream)

    def _begin(self, stream: Stream) -> Head:
        stream_id = StreamId(uuid7(self._at.wall, self._entropy(ENTROPY_BYTES)))
        self._connection.execute(
            "INSERT INTO streams (stream, stream_id, seq, hash) VALUES (?, ?, 0, ?)", (stream, stream_id, GENESIS)
        )
        return Head(stream, stream_id, 0, GENESIS, 0)


def head_of(connection: sqlite3.Connection, stream: Stream) -> Head | None:
    """None for a stream that hasn't begun."""
    found = "SELECT stream, stream_id, seq, hash, acked FROM streams WHERE stream = ?"
    row = connection.execute(found, (stream,)).fetchone()
    return Head(*row) if row else None


def run(connection: sqlite3.Connection, stream_id: StreamId, after: int, limit: int) -> list[SentFact]:
    """Up to `limit` facts that follow number `after`, in order."""
    rows = connection.execute(
        f"SELECT {COLUMNS} FROM journal WHERE stream_id = ? AND seq > ? ORDER BY seq LIMIT ?",
        (stream_id, after, limit),
    )
    return [sent_fact(row) for row in rows]


def hash_at(connection: sqlite3.Connection, stream_id: StreamId, seq: int) -> str | None:
    """The hash of one fact, GENESIS for number 0, None when this lot has no such fact.

    Of what was dropped, the lot still knows the last fact's, and that of the last one that the cloud had.
    """
    if seq == 0:
        return GENESIS
    row = connection.execute("SELECT hash FROM journal WHERE stream_id = ? AND seq = ?", (stream_id, seq)).fetchone()
    if row is not None:
        return row["hash"]
    dropped = checkpoint_of(connection, stream_id)
    return dropped.hash_at(seq) if dropped else None


def mark_acked(connection: sqlite3.Connection, stream: Stream, stream_id: StreamId, seq: int, at: Reading) -> None:
    """The cloud has applied everything up to `seq`; never moves back, and says nothing of a stream begun since. Since
    when it has is noted only by a clock that a time server has set, or else later, when there was one."""
    mark = "UPDATE streams SET acked = max(acked, ?) WHERE stream = ? AND stream_id = ?"
    if connection.execute(mark, (seq, stream, stream_id)).rowcount and at.synced:
        note_acknowledged(connection, stream, seq, at.wall)


COLUMNS = "seq, type, version, boot_id, monotonic, wall, synced, body, salt, personal, hash"


def sent_fact(row: Iterable[Any]) -> SentFact:
    """A row of `COLUMNS`: their names would take a fifth of the time in which a backlog is read. Raises ValueError for
    one that isn't written as facts are."""
    seq, type, version, boot_id, monotonic, wall, synced, body, salt, personal, hash = row
    return SentFact(
        seq=seq,
        type=type,
        version=version,
        boot_id=boot_id,
        monotonic=monotonic,
        wall=wall,
        synced=bool(synced),
        body=body,
        salt=salt,
        personal=json.loads(personal) if personal else None,
        hash=hash,
    )
