"""Sets a damaged store aside, never deletes it, and puts a new one in its place, whenever the power goes meanwhile."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import structlog
from sqlite_utils import Database

from edge.store.connecting import connect, only_reading, sync_folder
from edge.store.damage.headmark import HeadMark
from edge.store.damage.rebuilding import Found, rebuild
from edge.store.damage.salvage import copy_path, readable_copy, readable_in_place
from edge.store.migrations import migrations
from edge.store.reserve import Reserve
from edge.store.trouble import DATABASE_ERRORS, is_no_room
from models.ids import LotId, StreamId
from models.instants import SECOND, Instant, Reading, from_datetime, to_datetime

_LOG = structlog.get_logger("edge.store")
_LATELY = 3600 * SECOND
MOST_LATELY = 3
MOST_LYING = 5
"""Each takes the room of a whole store, and holds plates."""

MakeRoom = Callable[[int], int]
"""Asked to free so many bytes; answers how many it did."""
Readable = Callable[[], AbstractContextManager[sqlite3.Connection]]


def nothing_to_give(wanted: int) -> int:
    return 0


@dataclass(frozen=True, slots=True)
class Renewal:
    """A store that was begun anew after damage. `file` was set aside; `former_stream_id` is None where the stream goes
    on. `told_to` is the last fact of `stream_id` that the new store began with. Until `resynced_at` the cloud may
    believe what the lot has lost."""

    id: int
    at: Instant
    file: str
    why: str
    former_stream_id: StreamId | None
    stream_id: StreamId | None
    told_to: int
    facts_lost: int
    rows_lost: tuple[str, ...]
    resynced_at: Instant | None

    @property
    def told(self) -> str:
        """For a person."""
        tables = ", ".join(self.rows_lost)
        lost = f"{self.facts_lost} facts" if self.facts_lost else "no fact that the cloud lacks"
        return f"{self.file} was set aside ({self.why}); lost: {lost}" + (f", rows of {tables}" if tables else "")


def begun_anew(connection: sqlite3.Connection) -> Renewal | None:
    """The last time that this store was begun anew, if the cloud's view hasn't been made good since: the link's to
    see. None otherwise."""
    last = last_renewal(connection)
    return last if last is not None and last.resynced_at is None else None


def mark_resynced(connection: sqlite3.Connection, renewal: Renewal, at: Instant) -> None:
    """The cloud's view has been made good, in the transaction that knows it."""
    connection.execute("UPDATE renewals SET resynced_at = ? WHERE id <= ? AND resynced_at IS NULL", (at, renewal.id))


def last_renewal(connection: sqlite3.Connection) -> Renewal | None:
    row = connection.execute(
        """SELECT id, at, file, why, former_stream_id, stream_id, told_to, facts_lost, rows_lost, resynced_at
           FROM renewals ORDER BY id DESC LIMIT 1"""
    ).fetchone()
    if row is None:
        return None
    return replace(Renewal(*tuple(row)), rows_lost=tuple(json.loads(row["rows_lost"])))


def begin_anew(store: Path, lot: LotId, at: Reading, why: str, mark: HeadMark, make_room: MakeRoom) -> bool:
    """The store is damaged: a new one with what can be read of it stands in its place afterwards. False: the disk has
    no room for that, and the damaged one can still be worked with. Raises OSError and sqlite3.Error when the disk
    can't even take an empty one, where one is needed."""
    found = Found(lot, _dated(store, at).name, why, at, dict(mark.marks))
    _LOG.error("store.damaged", why=why, set_aside=found.file)
    reserve = Reserve(store)
    reserve.lend()
    reserve.release()
    ledger = mark.marks.get("ledger")
    built = _salvaged(store, found, ledger.seq if ledger else 0, make_room)
    if built is None and can_be_opened(store):
        _LOG.error("store.no_room_to_begin_anew", bytes=_size(store))
        return False
    if not built:
        # Cars have to get out, whatever else is the matter.
        _LOG.error("store.nothing_salvaged")
        _build(_building(store), None, found)
    _building(store).replace(_new(store))
    sync_folder(store.parent)
    put_in_place(store, mark)
    return True


def _salvaged(store: Path, found: Found, committed: int, make_room: MakeRoom) -> bool | None:
    """Whether the new store stands ready, with what could be read. None: for want of room it doesn't."""
    copied: Readable = lambda: readable_copy(store, committed)  # noqa: E731
    built = _built_from(copied, store, found)
    if built is None and make_room(2 * _size(store)):
        built = _built_from(copied, store, found)
    if built is None and (not _log_of(store) or not can_be_opened(store)):
        built = _built_from(lambda: readable_in_place(store), store, found)
    return built


def _built_from(readable: Readable, store: Path, found: Found) -> bool | None:
    try:
        with readable() as damaged:
            _build(_building(store), damaged, found)
    except (*DATABASE_ERRORS, OSError) as wrong:
        sweep(store)
        _LOG.error("store.not_salvaged", why=str(wrong))
        return None if is_no_room(wrong) else False
    return True


def sweep(store: Path) -> None:
    """Take away what was begun beside a store and never finished."""
    for begun in (_building(store), copy_path(store)):
        for end in ("", "-wal", "-shm", "-journal"):
            Path(f"{begun}{end}").unlink(missing_ok=True)


def can_be_opened(store: Path) -> bool:
    try:
        with closing(only_reading(store)) as connection:
            connection.execute("SELECT count(*) FROM streams").fetchone()
    except DATABASE_ERRORS as wrong:
        return is_no_room(wrong)
    return True


def put_in_place(store: Path, mark: HeadMark) -> bool:
    """Go on where the power went: the new store, once it is whole, takes the place of the damaged one. Whether there
    was one."""
    new = _new(store)
    if not new.exists():
        return False
    with closing(connect(new)) as connection:
        renewal = last_renewal(connection)
        connection.execute("PRAGMA journal_mode = DELETE")  # one file, to be renamed
    assert renewal is not None, "a new store says what it came from"
    mark.forget()
    aside = store.with_name(renewal.file)
    for end in ("-wal", ""):
        if (old := Path(f"{store}{end}")).exists():
            old.replace(f"{aside}{end}")
    Path(f"{store}-shm").unlink(missing_ok=True)
    sync_folder(store.parent)
    new.replace(store)
    sync_folder(store.parent)
    return True


def why_not_now(store: Path, now: Instant) -> str:
    """Why a damaged store isn't begun anew; empty when it is."""
    since = to_datetime(Instant(now - _LATELY)).strftime(_DATE)
    lying = set_aside(store)
    lately = sum(path.name > f"{store.name}.damaged-{since}" for path in lying)
    if lately >= MOST_LATELY:
        return f"{lately} were set aside within the hour"
    return f"{len(lying)} that were set aside lie beside it already" if len(lying) >= MOST_LYING else ""


def set_aside(store: Path) -> list[Path]:
    """The damaged files that lie beside a store."""
    found = store.parent.glob(f"{store.name}.damaged-*")
    return sorted(path for path in found if not path.name.endswith(("-wal", "-shm")))


def lies_since(aside: Path) -> Instant:
    """By its name and by the file system, whichever is later: one of the clocks may have been wrong."""
    named = aside.name.rpartition(".damaged-")[2].partition("-")[0]
    changed = Instant(aside.stat().st_ctime_ns // 1000)
    try:
        return max(changed, from_datetime(datetime.strptime(named, _DATE).replace(tzinfo=UTC)))
    except ValueError:
        return changed


def take_away(aside: Path) -> None:
    """For good, with its log."""
    for end in ("-wal", "-shm", ""):
        Path(f"{aside}{end}").unlink(missing_ok=True)


_DATE = "%Y%m%dT%H%M%S"


def _dated(store: Path, at: Reading) -> Path:
    date = to_datetime(at.wall).strftime(_DATE)
    for number in range(1, 10_000):
        path = store.with_name(f"{store.name}.damaged-{date}" + (f"-{number}" if number > 1 else ""))
        if not path.exists():
            return path
    raise FileExistsError(f"{store}.damaged-{date}")


def _new(store: Path) -> Path:
    return store.with_name(store.name + ".new")


def _building(store: Path) -> Path:
    return store.with_name(store.name + ".building")


def _log_of(store: Path) -> int:
    """Bytes."""
    log = store.with_name(store.name + "-wal")
    return log.stat().st_size if log.exists() else 0


def _size(store: Path) -> int:
    return store.stat().st_size + _log_of(store)


def _build(building: Path, damaged: sqlite3.Connection | None, found: Found) -> None:
    for end in ("", "-wal", "-shm", "-journal"):
        Path(f"{building}{end}").unlink(missing_ok=True)
    building.touch(mode=0o600)
    with closing(connect(building)) as connection:
        migrations.apply(Database(connection))
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("BEGIN IMMEDIATE")
        rebuild(connection, damaged, found, os.urandom)
        connection.execute("COMMIT")
        connection.execute("PRAGMA journal_mode = DELETE")
