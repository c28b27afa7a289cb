"""Makes a new store out of what could be read of a damaged one: rows, facts, and the ends set right by the facts."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

from edge.store import journal
from edge.store.checkpoints import Checkpoint, checkpoint_of, keep_checkpoint
from edge.store.damage.headmark import Mark
from edge.store.damage.kept_facts import BEGINNING, COLUMNS, FACTS, Claim, Kept, Point, kept
from edge.store.damage.salvage import Reader, Row, columns_of, key_of, reader
from edge.store.damage.settling import mend_references, say_again
from edge.store.streams import DAMAGED
from edge.store.trouble import DATABASE_ERRORS
from models.facts import StoreQuarantined
from models.facts.base import Stream
from models.ids import LotId, StreamId
from models.instants import Reading
from models.wire.chain import link
from models.wire.envelopes import SentFact

_OWN_WAY = ("journal", "streams", "former_streams")
_STREAMS: tuple[Stream, ...] = ("ledger", "telemetry")


@dataclass(frozen=True, slots=True)
class Found:
    """Where and when a store was found damaged, and by what it was seen."""

    lot: LotId
    file: str
    why: str
    at: Reading
    marks: Mapping[Stream, Mark]


def rebuild(
    new: sqlite3.Connection, damaged: sqlite3.Connection | None, found: Found, entropy: journal.Entropy
) -> None:
    """Within a transaction of `new`, which has its tables and nothing in them. `damaged` None: nothing can be read."""
    lost = [] if damaged is None else [table for table in _tables(new) if not _copy(damaged, new, table)]
    streams = [] if damaged is None else _streams(damaged, found)
    for former in [] if damaged is None else _former(damaged, found):
        _put(new, former, found.at)
    for stream in streams:
        _put(new, stream, found.at)
        say_again(new, found.lot, stream.last_run)
    lost += mend_references(new) + (["journal"] if any(stream.gone for stream in streams) else [])
    pen = journal.Pen(new, found.lot, found.at, entropy, {})
    ledger = next((stream for stream in streams if stream.claim.stream == "ledger"), None)
    broken = ledger if ledger is not None and not ledger.whole else None
    told = StoreQuarantined(
        file=found.file,
        why=found.why[:300],
        former_stream=broken.claim.stream_id if broken else _marked(found, ledger),
        former_seq=broken.sound_to if broken else 0,
        facts_lost=broken.lost if broken else _marked_facts(found, ledger),
        rows_lost=tuple(sorted(set(lost))),
        at=found.at.wall,
    )
    pen.write(told)
    pen.seal()
    for stream in streams:
        _carry_over(new, found.lot, stream)
    if broken is not None and broken.first:
        _leave(new, broken, found.at)
    _note(new, told)


def _marked(found: Found, ledger: Kept | None) -> StreamId | None:
    mark = found.marks.get("ledger")
    return mark.stream_id if ledger is None and mark is not None else None


def _marked_facts(found: Found, ledger: Kept | None) -> int:
    mark = found.marks.get("ledger")
    return mark.seq if ledger is None and mark is not None else 0


def _tables(new: sqlite3.Connection) -> list[str]:
    rows = new.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY rowid"
    )
    return [name for (name,) in map(tuple, rows) if name not in _OWN_WAY and not name.startswith("_sqlite")]


def _copy(damaged: sqlite3.Connection, new: sqlite3.Connection, table: str) -> bool:
    """Whether everything of it could be read and stands in the new one."""
    there = set(columns_of(damaged, table))
    columns = [column for column in columns_of(new, table) if column in there]
    if not columns:
        return not there and _never_had(damaged, table)
    source = reader(damaged)
    rows, target = _rows_of(source, new, table, columns)
    refused = sum(not _insert(new, target, row) for row in _instead_of_born_ones(new, table, rows))
    return not source.lost and not refused


def _instead_of_born_ones(new: sqlite3.Connection, table: str, rows: Iterable[Row]) -> Iterator[Row]:
    """Some tables are born with a row, which would stand in the way of the one that was read."""
    for number, row in enumerate(rows):
        if number == 0:
            new.execute(f"DELETE FROM {table}")
        yield row


def _never_had(damaged: sqlite3.Connection, table: str) -> bool:
    """A store of an earlier release lacks tables, and nothing is lost by that."""
    try:
        return damaged.execute("SELECT 1 FROM sqlite_schema WHERE name = ?", (table,)).fetchone() is None
    except DATABASE_ERRORS:
        return False


def _rows_of(source: Reader, new: sqlite3.Connection, table: str, columns: Sequence[str]) -> tuple[Iterable[Row], str]:
    """The rows of one table, and the statement that takes them."""
    names = ", ".join(columns)
    if _has_rowids(new, table):
        rows = source.by_number(
            f"SELECT rowid, {names} FROM {table} NOT INDEXED WHERE rowid > ? ORDER BY rowid",
            source.last(f"SELECT max(rowid) FROM {table}"),
        )
        return rows, f"INSERT INTO {table} (rowid, {names}) VALUES (?{', ?' * len(columns)})"
    rows = source.both_ways(f"SELECT {names} FROM {table}", key_of(new, table))
    return rows, f"INSERT OR REPLACE INTO {table} ({names}) VALUES (?{', ?' * (len(columns) - 1)})"


def _has_rowids(new: sqlite3.Connection, table: str) -> bool:
    sql: str = new.execute("SELECT sql FROM sqlite_schema WHERE name = ?", (table,)).fetchone()[0]
    return "WITHOUT ROWID" not in sql


def _insert(new: sqlite3.Connection, statement: str, row: Row) -> bool:
    """False for a row that breaks a rule, or holds what no text is."""
    try:
        new.execute(statement, row)
    except (sqlite3.IntegrityError, UnicodeEncodeError):
        return False
    return True


# --- streams ---


def _streams(damaged: sqlite3.Connection, found: Found) -> list[Kept]:
    claims = {claim.stream: claim for claim in _claims(damaged)}
    for stream, mark in found.marks.items():
        # Without its own account, nothing is known of what the cloud has: it says so when it gets a fact twice.
        # What retention took away, it has.
        had = min(mark.seq, _dropped(damaged, mark.stream_id).seq)
        claims.setdefault(stream, Claim(stream, mark.stream_id, mark.seq, mark.hash, had))
    return [_kept(damaged, claims[stream], found) for stream in _STREAMS if stream in claims]


def _former(damaged: sqlite3.Connection, found: Found) -> list[Kept]:
    """Those that were left, or that an earlier damage ended, as far as they are still there. They go on for nobody."""
    claims = {claim.stream_id: claim for claim in (*_left(damaged), *_claims(damaged, "former_streams"))}
    streams = [_kept(damaged, claim, found) for claim in claims.values()]
    return [replace(stream, whole=False) for stream in streams if stream.first]


def _left(damaged: sqlite3.Connection) -> list[Claim]:
    if not columns_of(damaged, "streams_left"):
        return []
    # Which hash it ended with, its facts tell.
    asked = "SELECT stream, stream_id, head_seq, hex(zeroblob(32)), after_seq FROM streams_left"
    rows = reader(damaged).both_ways(asked, ["stream_id"])
    return [Claim(*cast("tuple[Stream, StreamId, int, str, int]", row)) for row in rows if _is_a_claim(row)]


def _kept(damaged: sqlite3.Connection, claim: Claim, found: Found) -> Kept:
    source = reader(damaged)
    last = source.last("SELECT max(seq) FROM journal WHERE stream_id = ?", claim.stream_id)
    rows = source.by_number(FACTS, last, claim.stream_id)
    return kept(claim, found.marks.get(claim.stream), rows, found.lot, _dropped(damaged, claim.stream_id))


def _dropped(damaged: sqlite3.Connection, stream_id: StreamId) -> Point:
    """Up to where retention has taken the facts away."""
    if not columns_of(damaged, "checkpoints"):
        return BEGINNING
    try:
        checkpoint = checkpoint_of(damaged, stream_id)
    except DATABASE_ERRORS:
        return BEGINNING
    return Point(checkpoint.seq, checkpoint.hash) if checkpoint else BEGINNING


def _claims(damaged: sqlite3.Connection, table: str = "streams") -> list[Claim]:
    if not columns_of(damaged, table):
        return []
    rows = reader(damaged).both_ways(f"SELECT stream, stream_id, seq, hash, acked FROM {table}", ["stream_id"])
    return [Claim(*cast("tuple[Stream, StreamId, int, str, int]", row)) for row in rows if _is_a_claim(row)]


def _is_a_claim(row: Row) -> bool:
    stream, stream_id, seq, hash, acked = row
    numbers = isinstance(seq, int) and isinstance(acked, int) and 0 <= acked <= seq
    return stream in _STREAMS and numbers and len(str(stream_id)) == 36 and len(str(hash)) == 64


def _put(new: sqlite3.Connection, stream: Kept, at: Reading) -> None:
    """What goes on as it was, or, of a stream that is broken, what the cloud may lack."""
    claim = stream.claim
    for fact in stream.first:
        _put_fact(new, claim.stream_id, fact)
    last = stream.first[-1] if stream.first else None
    if stream.whole or last is not None:
        _put_beginning(new, stream, at)
    if stream.whole:
        seq, hash = (last.seq, last.hash) if last else (stream.before.seq, stream.before.hash)
        row = (claim.stream, claim.stream_id, seq, hash, claim.acked)
        new.execute("INSERT INTO streams (stream, stream_id, seq, hash, acked) VALUES (?, ?, ?, ?, ?)", row)
    elif last is not None:
        row = (claim.stream_id, claim.stream, last.seq, last.hash, min(claim.acked, last.seq), at.wall)
        new.execute("INSERT INTO former_streams VALUES (?, ?, ?, ?, ?, ?)", row)


def _put_beginning(new: sqlite3.Connection, stream: Kept, at: Reading) -> None:
    """What the cloud has and couldn't be read is gone as if it had been pruned: the chain goes on from there."""
    before, known = stream.before, checkpoint_of(new, stream.claim.stream_id)
    if before == BEGINNING or (known is not None and Point(known.seq, known.hash) == before):
        return
    keep_checkpoint(
        new,
        Checkpoint(
            stream=stream.claim.stream,
            stream_id=stream.claim.stream_id,
            seq=before.seq,
            hash=before.hash,
            count=before.seq,
            at=at.wall,
            why="age",
            told_seq=None,
            told_hash=None,
        ),
    )


def _carry_over(new: sqlite3.Connection, lot: LotId, stream: Kept) -> None:
    """Facts behind a gap follow nothing any more: they go into the new stream, as they happened."""
    if not stream.later:
        return
    head = journal.head_of(new, stream.claim.stream)
    if head is None:
        return  # telemetry, and none since
    seq, hash = head.seq, head.hash
    for fact in stream.later:
        seq += 1
        follows = (lot, head.stream, head.stream_id, seq, fact.type, fact.version, fact.at, fact.body)
        hash = link(hash, *follows)
        _put_fact(new, head.stream_id, fact.model_copy(update={"seq": seq, "hash": hash}))
    new.execute("UPDATE streams SET seq = ?, hash = ? WHERE stream = ?", (seq, hash, head.stream))


def _leave(new: sqlite3.Connection, stream: Kept, at: Reading) -> None:
    """The new stream goes on from the broken one: what the cloud lacks of that is sent first."""
    head, claim, last = journal.head_of(new, stream.claim.stream), stream.claim, stream.first[-1].seq
    if head is not None:
        row = (claim.stream_id, claim.stream, last, max(claim.seq, last), head.stream_id, DAMAGED, at.wall)
        new.execute("INSERT INTO streams_left VALUES (?, ?, ?, ?, ?, ?, ?)", row)


def _put_fact(new: sqlite3.Connection, stream_id: StreamId, fact: SentFact) -> None:
    values = fact.model_dump()
    values["personal"] = json.dumps(fact.personal) if fact.personal is not None else None
    row = (stream_id, *(values[column] for column in COLUMNS))
    new.execute(f"INSERT INTO journal (stream_id, {', '.join(COLUMNS)}) VALUES (?{', ?' * len(COLUMNS)})", row)


def _note(new: sqlite3.Connection, told: StoreQuarantined) -> None:
    head = journal.head_of(new, "ledger")
    stream = (head.stream_id, head.seq) if head else (None, 0)
    row = (told.at, told.file, told.why, told.former_stream, *stream, told.facts_lost, json.dumps(told.rows_lost))
    new.execute(
        """INSERT INTO renewals (at, file, why, former_stream_id, stream_id, told_to, facts_lost, rows_lost)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?)""",
        row,
    )
