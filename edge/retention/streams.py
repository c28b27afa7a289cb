"""Drops the oldest facts of a stream and leaves a checkpoint, from which the chain goes on. Each one small step."""

from __future__ import annotations

import sqlite3

from edge.retention.log import record_erased
from edge.store import Transaction, journal
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
from models.ids import StreamId
from models.instants import Instant
from models.retention import DiskClass, Why

_OLDEST = """
    SELECT seq, wall, hash, 80 + length(body) + length(hash) + coalesce(length(personal), 0) AS bytes
    FROM journal WHERE stream_id = ? AND seq <= ? ORDER BY seq LIMIT ?"""


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
    return len(_drop(tx, head, reached, limit, "money", "age"))


def drop_telemetry(tx: Transaction, before: Instant, limit: int) -> int:
    """Telemetry from before, whether or not the cloud has it: the windows that follow say what they leave out."""
    head = journal.head_of(tx.connection, "telemetry")
    if head is None:
        return 0
    rows = tx.connection.execute(_OLDEST, (head.stream_id, head.seq, limit)).fetchall()
    old = [row["seq"] for row in rows if row["wall"] <= before]
    return len(_drop(tx, head, old[-1], limit, "telemetry", "age")) if old else 0


def give_up_telemetry(tx: Transaction, wanted: int, limit: int) -> int:
    """The oldest telemetry, as much as holds about `wanted` bytes. Returns how many bytes that is; 0: none is left."""
    head = journal.head_of(tx.connection, "telemetry")
    if head is None:
        return 0
    enough, last = 0, 0
    for row in tx.connection.execute(_OLDEST, (head.stream_id, head.seq - 1, limit)).fetchall():
        enough, last = enough + row["bytes"], row["seq"]
        if enough >= wanted:
            break
    return sum(row["bytes"] for row in _drop(tx, head, last, limit, "telemetry", "space")) if last else 0


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
    up_to = Instant(max(row["wall"] for row in rows))
    record_erased(tx, "telemetry", "facts of a telemetry that forked", len(rows), up_to)
    tx.record(TelemetryBegun(after=stream_id, at=tx.at.wall))
    return True


def _drop(tx: Transaction, head: Head, reached: int, limit: int, disk_class: DiskClass, why: Why) -> list[sqlite3.Row]:
    """The oldest facts up to number `reached`, at most `limit` of them. The last fact of a stream always stays: the
    lot's time and the next hash go on from it."""
    rows = tx.connection.execute(_OLDEST, (head.stream_id, min(reached, head.seq - 1), limit)).fetchall()
    if not rows:
        return []
    checkpoint = _checkpoint(tx, head, rows[-1], len(rows), why)
    tx.connection.execute("DELETE FROM journal WHERE stream_id = ? AND seq <= ?", (head.stream_id, checkpoint.seq))
    forget_acknowledged(tx.connection, head.stream_id, checkpoint.seq)
    keep_checkpoint(tx.connection, checkpoint)
    up_to = Instant(max(row["wall"] for row in rows))
    record_erased(tx, disk_class, f"facts of the {head.stream}", len(rows), up_to, why, checkpoint)
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
