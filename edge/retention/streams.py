"""Drops the oldest facts of a stream and leaves a checkpoint, from which the chain goes on. Each one small step."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from edge.retention.log import record_erased
from edge.store import Transaction, chain, journal
from edge.store.checkpoints import (
    Checkpoint,
    acknowledged_by,
    checkpoint_of,
    forget_acknowledged,
    keep_checkpoint,
    note_acknowledged,
)
from edge.store.journal import Head
from models.facts import TelemetryBegun
from models.facts.base import Stream
from models.ids import StreamId
from models.instants import Instant
from models.retention import DiskClass, Why

_OLDEST = """
    SELECT seq, wall, hash, 80 + length(body) + length(hash) + coalesce(length(personal), 0) AS bytes
    FROM journal WHERE stream_id = ? AND seq <= ? ORDER BY seq LIMIT ?"""


@dataclass(frozen=True, slots=True)
class _Going:
    """A stream that facts go from. `left`: another was begun after it, and nothing goes on from its last fact."""

    head: Head
    left: bool = False

    @property
    def last(self) -> int:
        """The last fact that may go. That of a stream at work always stays: the lot's time and the next hash go on from
        it."""
        return self.head.seq if self.left else self.head.seq - 1

    @property
    def what(self) -> str:
        return f"facts of a {self.head.stream} that was left" if self.left else f"facts of the {self.head.stream}"


def prune_ledger(tx: Transaction, before: Instant, limit: int) -> int:
    """Facts that the cloud has had since `before`, from the oldest on; never one that it hasn't acknowledged. What an
    open stay needs stands in its ticket, not in them. Of what was acknowledged while no time server was heard, it is
    known from now on that the cloud has it."""
    head = journal.head_of(tx.connection, "ledger")
    if head is None:
        return 0
    if tx.at.synced:
        note_acknowledged(tx.connection, "ledger", head.acked, tx.at.wall)
    reached = min(acknowledged_by(tx.connection, head.stream_id, before), head.acked)
    return len(_drop(tx, _Going(head), reached, limit, "money", "age"))


def prune_left(tx: Transaction, before: Instant, limit: int) -> int:
    """The same for ledgers that were left for another one, or ended by damage: all of it, once the cloud has had since
    `before` what goes on from there. Until then a cloud that was put back may have to be told how it ended."""
    dropped = 0
    for left in _left(tx.connection, "ledger"):
        if dropped < limit and _is_followed(tx.connection, left.head.stream_id, before):
            dropped += len(_drop(tx, left, left.head.seq, limit - dropped, "money", "age"))
    return dropped


def drop_telemetry(tx: Transaction, before: Instant, limit: int) -> int:
    """Telemetry from before, whether or not the cloud has it: the windows that follow say what they leave out."""
    dropped = 0
    for going in _telemetries(tx.connection):
        rows = tx.connection.execute(_OLDEST, (going.head.stream_id, going.head.seq, limit - dropped)).fetchall()
        old = [row["seq"] for row in rows if row["wall"] <= before]
        dropped += len(_drop(tx, going, old[-1], limit - dropped, "telemetry", "age")) if old else 0
    return dropped


def give_up_telemetry(tx: Transaction, wanted: int, limit: int) -> int:
    """The oldest telemetry, as much as holds about `wanted` bytes. Returns how many bytes that is; 0: none is left."""
    for going in _telemetries(tx.connection):
        enough, last = 0, 0
        for row in tx.connection.execute(_OLDEST, (going.head.stream_id, going.last, limit)).fetchall():
            enough, last = enough + row["bytes"], row["seq"]
            if enough >= wanted:
                break
        if last:
            return sum(row["bytes"] for row in _drop(tx, going, last, limit, "telemetry", "space"))
    return 0


def begin_telemetry_anew(tx: Transaction, stream_id: StreamId, seq: int) -> bool:
    """The telemetry so far goes, and another begins: the cloud has an acknowledgement to give that isn't about this
    one. False: it is about one that was left before, or about facts that were dropped here."""
    head = journal.head_of(tx.connection, "telemetry")
    if head is None or head.stream_id != stream_id:
        return False
    dropped = checkpoint_of(tx.connection, stream_id)
    if dropped is not None and seq < dropped.seq:
        return False
    rows = tx.connection.execute("SELECT wall FROM journal WHERE stream_id = ?", (stream_id,)).fetchall()
    for table in ("journal", "checkpoints", "acknowledged", "streams"):
        tx.connection.execute(f"DELETE FROM {table} WHERE stream_id = ?", (stream_id,))
    tx.streams_changed()
    up_to = Instant(max((row["wall"] for row in rows), default=0))  # of a damaged store none may be left
    record_erased(tx, "telemetry", "facts of a telemetry that forked", len(rows), up_to)
    tx.record(TelemetryBegun(after=stream_id, at=tx.at.wall))
    return True


def _left(connection: sqlite3.Connection, stream: Stream) -> list[_Going]:
    """Those that were left, the oldest first. What isn't with the cloud by the next stream will never be asked for."""
    former = (each for each in chain.streams(connection) if each.former and each.stream == stream)
    return [_Going(Head(each.stream, each.stream_id, each.seq, each.hash, each.seq), left=True) for each in former]


def _telemetries(connection: sqlite3.Connection) -> list[_Going]:
    head = journal.head_of(connection, "telemetry")
    return [*_left(connection, "telemetry"), *([] if head is None else [_Going(head)])]


def _is_followed(connection: sqlite3.Connection, stream_id: StreamId, before: Instant) -> bool:
    """Whether the cloud has had since `before` a stream that goes on from that one."""
    found = "SELECT next_id FROM streams_left WHERE stream_id = ?"
    row = connection.execute(found, (stream_id,)).fetchone()
    if row is None:
        head = journal.head_of(connection, "ledger")
        return head is not None and head.stream_id != stream_id and _had(connection, head.stream_id, before)
    return _had(connection, row["next_id"], before) or _is_followed(connection, row["next_id"], before)


def _had(connection: sqlite3.Connection, stream_id: StreamId, before: Instant) -> bool:
    """Whether the cloud has had its beginning since then. Of what was pruned it has."""
    return checkpoint_of(connection, stream_id) is not None or acknowledged_by(connection, stream_id, before) > 0


def _drop(
    tx: Transaction, going: _Going, reached: int, limit: int, disk_class: DiskClass, why: Why
) -> list[sqlite3.Row]:
    """The oldest facts up to number `reached`, at most `limit` of them."""
    head = going.head
    rows = tx.connection.execute(_OLDEST, (head.stream_id, min(reached, going.last), limit)).fetchall()
    if not rows:
        return []
    checkpoint = _checkpoint(tx, head, rows[-1], len(rows), why)
    tx.connection.execute("DELETE FROM journal WHERE stream_id = ? AND seq <= ?", (head.stream_id, checkpoint.seq))
    forget_acknowledged(tx.connection, head.stream_id, checkpoint.seq)
    keep_checkpoint(tx.connection, checkpoint)
    up_to = Instant(max(row["wall"] for row in rows))
    record_erased(tx, disk_class, going.what, len(rows), up_to, why, checkpoint)
    return rows


def _checkpoint(tx: Transaction, head: Head, last: sqlite3.Row, count: int, why: Why) -> Checkpoint:
    before = checkpoint_of(tx.connection, head.stream_id)
    untold = last["seq"] > head.acked
    return Checkpoint(
        stream=head.stream,
        stream_id=head.stream_id,
        seq=last["seq"],
        hash=last["hash"],
        count=count + (before.count if before else 0),
        at=tx.at.wall,
        why=why,
        told_seq=head.acked if untold else None,
        told_hash=journal.hash_at(tx.connection, head.stream_id, head.acked) if untold else None,
    )
