"""Sets a damaged store aside, never deletes it, and puts a new one in its place, whenever the power goes meanwhile."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import structlog
from sqlite_utils import Database

from edge.store.connecting import connect, sync_folder
from edge.store.damage.headmark import HeadMark
from edge.store.damage.rebuilding import Found, rebuild
from edge.store.damage.salvage import readable_copy
from edge.store.migrations import migrations
from edge.store.reserve import Reserve
from edge.store.trouble import DATABASE_ERRORS
from models.ids import LotId, StreamId
from models.instants import SECOND, Instant, Reading, to_datetime

_LOG = structlog.get_logger("edge.store")
_LATELY = 3600 * SECOND
MOST_LATELY = 3


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


def begin_anew(store: Path, lot: LotId, at: Reading, why: str, mark: HeadMark) -> None:
    """The store is damaged: a new one with what can be read of it stands in its place afterwards. Raises OSError and
    sqlite3.Error when the disk can't take it."""
    found = Found(lot, _dated(store, at).name, why, at, dict(mark.marks))
    _LOG.error("store.damaged", why=why, set_aside=found.file)
    reserve = Reserve(store)
    reserve.lend()
    reserve.release()
    building = store.with_name(store.name + ".building")
    try:
        ledger = mark.marks.get("ledger")
        with readable_copy(store, ledger.seq if ledger else 0) as damaged:
            _build(building, damaged, found)
    except (*DATABASE_ERRORS, OSError) as wrong:
        # Cars have to get out, whatever else is the matter.
        _LOG.error("store.nothing_salvaged", why=str(wrong))
        _build(building, None, found)
    building.replace(_new(store))
    sync_folder(store.parent)
    put_in_place(store, mark)


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


def renewed_lately(store: Path, now: Instant) -> int:
    """How many stores were set aside within the last hour."""
    since = to_datetime(Instant(now - _LATELY)).strftime(_DATE)
    return sum(path.name > f"{store.name}.damaged-{since}" for path in set_aside(store))


def set_aside(store: Path) -> list[Path]:
    """The damaged files that lie beside a store."""
    found = store.parent.glob(f"{store.name}.damaged-*")
    return sorted(path for path in found if not path.name.endswith(("-wal", "-shm")))


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
