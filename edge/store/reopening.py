"""Leaves a stream for a new one, which carries on what was unsent: bit by bit, so that no lane waits for a backlog."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

from edge.store import journal
from edge.store.checkpoints import checkpoint_of
from edge.store.database import Store
from edge.store.transaction import Transaction
from models.facts import StreamOpened
from models.facts.base import Stream
from models.ids import LotId, StreamId
from models.instants import Clock, Monotonic, Reading
from models.wire.chain import GENESIS, canonical, link

AT_ONCE = 200
"""Facts in one transaction."""
_BREATH_SECONDS = 0.02
"""Between two transactions the store belongs to the lanes."""
_COLUMNS = "stream_id, seq, type, version, boot_id, monotonic, wall, synced, body, salt, personal, hash"


class Gone(Exception):
    """The stream isn't what it was when the copy was begun: it was pruned on the way, or left."""


@dataclass(frozen=True, slots=True)
class Copy:
    """A new stream that isn't in force yet. `reached`: the last fact of `left` that it has; `seq` and `hash`: its own
    last one."""

    stream_id: StreamId
    stream: Stream
    left: StreamId
    after: int
    reached: int
    seq: int
    hash: str
    why: str


def nothing_else(tx: Transaction) -> None:
    """For a new stream that changes nothing but the stream."""


async def reopen(
    store: Store,
    stream: Stream,
    after: int,
    epoch: int,
    why: str,
    clock: Clock,
    with_it: Callable[[Transaction], None] = nothing_else,
) -> StreamId:
    """Go on in a new stream: it names what was left and where, and carries all that was written after `after`.

    The lot writes into the old one until the new one has all of it; then that is put in force together with what
    `with_it` does, which may record nothing. Raises StoreUnavailable, and Gone: ask again.
    """
    await drop_half_made(store, clock)
    copy = await store.write(lambda tx: begin(tx, stream, after, epoch, why))
    while not await store.write(lambda tx: go_on(tx, copy.stream_id, with_it), alone=True):
        await clock.sleep(_BREATH_SECONDS)
    return copy.stream_id


async def drop_half_made(store: Store, clock: Clock) -> None:
    """What a run that ended on the way has left. Raises StoreUnavailable."""
    while await store.read(_half_made) is not None:
        await store.write(_drop_some)
        await clock.sleep(_BREATH_SECONDS)


def begin(tx: Transaction, stream: Stream, after: int, epoch: int, why: str) -> Copy:
    """The first fact of the new stream, which says what is left."""
    left = journal.head_of(tx.connection, stream)
    if left is None:
        raise LookupError(f"the {stream} hasn't begun")
    # To count them would be to read them all; their numbers have no gaps.
    found = "SELECT min(seq) FROM journal WHERE stream_id = ? AND seq > ?"
    oldest = tx.connection.execute(found, (left.stream_id, after)).fetchone()[0]
    reached = left.seq if oldest is None else oldest - 1
    first = StreamOpened(
        left=left.stream_id,
        after_seq=after,
        after_hash=journal.hash_at(tx.connection, left.stream_id, after) or GENESIS,
        head_seq=left.seq,
        head_hash=left.hash,
        carried=left.seq - reached,
        epoch=epoch,
        why=why,
        at=tx.at.wall,
    )
    opened = StreamId(tx.mint())
    pen = _Copyist(tx.connection, tx.lot, stream, opened, 0, GENESIS)
    pen.write(first.type, first.version, tx.at, canonical(first.body()), None, None)
    row = (opened, stream, left.stream_id, after, reached, pen.seq, pen.hash, why)
    tx.connection.execute("INSERT INTO streams_half_made VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
    return Copy(*row)


def go_on(tx: Transaction, opened: StreamId, with_it: Callable[[Transaction], None] = nothing_else) -> bool:
    """Carry some facts over; with the last of them the new stream is in force. Whether it is. Raises Gone."""
    copy, head = _half_made(tx.connection), None
    if copy is not None:
        head = journal.head_of(tx.connection, copy.stream)
    if copy is None or head is None or copy.stream_id != opened or head.stream_id != copy.left:
        raise Gone(f"{opened} has nothing to go on from")
    pen = _Copyist(tx.connection, tx.lot, copy.stream, copy.stream_id, copy.seq, copy.hash)
    reached = _carry(tx.connection, pen, copy)
    if reached < head.seq:
        tx.connection.execute(
            "UPDATE streams_half_made SET reached = ?, seq = ?, hash = ?", (reached, pen.seq, pen.hash)
        )
        return False
    _put_in_force(tx, copy, head.seq, pen)
    with_it(tx)
    return True


def _carry(connection: sqlite3.Connection, pen: _Copyist, copy: Copy) -> int:
    rows = connection.execute(
        "SELECT * FROM journal WHERE stream_id = ? AND seq > ? ORDER BY seq LIMIT ?", (copy.left, copy.reached, AT_ONCE)
    ).fetchall()
    reached = copy.reached
    pruned = checkpoint_of(connection, copy.left)
    if pruned is not None and pruned.seq > reached:
        raise Gone(f"facts of {copy.left} up to {pruned.seq} were pruned before they were carried over")
    for row in rows:
        at = Reading(row["boot_id"], Monotonic(row["monotonic"]), row["wall"], bool(row["synced"]))
        pen.write(row["type"], row["version"], at, row["body"], row["salt"], row["personal"])
        reached = row["seq"]
    return reached


def _put_in_force(tx: Transaction, copy: Copy, head: int, pen: _Copyist) -> None:
    left = (copy.left, copy.stream, copy.after, head, copy.stream_id, copy.why, tx.at.wall)
    tx.connection.execute("INSERT INTO streams_left VALUES (?, ?, ?, ?, ?, ?, ?)", left)
    tx.connection.execute(
        "UPDATE streams SET stream_id = ?, seq = ?, hash = ?, acked = 0, replay_to = 0 WHERE stream = ?",
        (copy.stream_id, pen.seq, pen.hash, copy.stream),
    )
    tx.connection.execute("DELETE FROM streams_half_made")
    tx.streams_changed()


def _half_made(connection: sqlite3.Connection) -> Copy | None:
    row = connection.execute(
        "SELECT stream_id, stream, left_id, after_seq, reached, seq, hash, why FROM streams_half_made"
    ).fetchone()
    return Copy(*row) if row else None


def _drop_some(tx: Transaction) -> None:
    copy = _half_made(tx.connection)
    if copy is None:
        return
    keep = copy.seq - AT_ONCE
    tx.connection.execute("DELETE FROM journal WHERE stream_id = ? AND seq > ?", (copy.stream_id, keep))
    if keep > 0:
        tx.connection.execute("UPDATE streams_half_made SET seq = ?", (keep,))
    else:
        tx.connection.execute("DELETE FROM streams_half_made")


class _Copyist:
    """Writes facts into a new stream as they were, under new numbers and hashes."""

    def __init__(
        self, connection: sqlite3.Connection, lot: LotId, stream: Stream, stream_id: StreamId, seq: int, hash: str
    ) -> None:
        self._connection, self._lot, self._stream_id = connection, lot, stream_id
        self._stream: Stream = stream
        self.seq, self.hash = seq, hash

    def write(self, type: str, version: int, at: Reading, body: str, salt: str | None, personal: str | None) -> None:
        self.seq += 1
        self.hash = link(self.hash, self._lot, self._stream, self._stream_id, self.seq, type, version, at, body)
        row = (self._stream_id, self.seq, type, version, at.boot_id, at.monotonic, at.wall, at.synced)
        self._connection.execute(
            f"INSERT INTO journal ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (*row, body, salt, personal, self.hash),
        )
