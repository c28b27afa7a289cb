"""One SQLite file, one writer thread, one reader thread; the event loop never waits on a disk."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, TypeVar

import structlog
from sqlite_utils import Database

from edge.store import journal
from edge.store.connecting import connect, looking_into, make_folder
from edge.store.damage.bearings import keep_bearings
from edge.store.damage.headmark import HeadMark
from edge.store.damage.opening import made_sound
from edge.store.journal import Head
from edge.store.lock import StoreLock
from edge.store.migrations import migrations
from edge.store.pictures import Dropped, Pictures
from edge.store.reserve import RESERVE, ROOM_AGAIN, ROOM_FOR_ENTRIES, Reserve, lend_for_a_start
from edge.store.transaction import Transaction
from edge.store.trouble import DATABASE_ERRORS, Reporting, StoreFull, StoreUnavailable
from edge.store.worker import Worker
from models.facts.base import Stream
from models.ids import LotId
from models.instants import Clock

__all__ = ["Store", "StoreUnavailable", "connect", "looking_into"]

_LOG = structlog.get_logger("edge.store")
_T = TypeVar("_T")
_ANY_NUMBER = 1_000_000


class Store:
    """The lot's database. `write` runs a function inside one durable transaction, `read` beside it.

    A transaction is `BEGIN IMMEDIATE` with `synchronous=FULL`: once `write` has returned, its facts
    survive a power cut. A store that was damaged is set aside before it is opened, and another one begun.
    """

    def __init__(
        self,
        path: Path,
        lot: LotId,
        clock: Clock,
        *,
        synchronous: str = "FULL",
        reserve: int = RESERVE,
        suspected: str = "",
        pictures: Pictures | None = None,
    ) -> None:
        """Opens or creates the file and migrates it. `suspected`: what was found damaged in it while it was in use;
        `pictures` go if another one can't be begun without their room. Raises StoreUnavailable, also when another
        process has it."""
        self._path, self._lot, self._clock = path, lot, clock
        self._listeners: list[Callable[[], None]] = []
        self._troubled: list[Callable[[StoreUnavailable], None]] = []
        self._heads: dict[Stream, Head] = {}
        self._only_reserve = False
        self._reporting = Reporting(path, self._trouble)
        self._closed = False
        self._writer = Worker("store-writer", (self.write_now, self._write_together))
        self._reader = Worker("store-reader")
        with Reporting(path), ExitStack() as undo:
            make_folder(path.parent)
            self._lock = StoreLock(path)
            undo.callback(self._lock.release)
            self._mark = HeadMark(path)
            undo.callback(self._mark.close)
            lend_for_a_start(path, reserve)
            room = _Room(pictures)
            self._left_damaged = made_sound(path, lot, clock, self._mark, suspected, room.make)
            self._given_up = room.given_up
            path.touch(mode=0o600)  # plates are in it
            self._reserve = Reserve(path, reserve)
            undo.callback(self._reserve.release)
            self._write_connection = undo.enter_context(closing(connect(path, synchronous=synchronous)))
            migrations.apply(Database(self._write_connection))
            keep_bearings(self._write_connection, path)
            self._read_connection = undo.enter_context(closing(connect(path, synchronous=synchronous)))
            self._read_connection.execute("PRAGMA query_only = ON")
            undo.pop_all()
        self._only_reserve = not self._reserve.hold()

    @property
    def path(self) -> Path:
        return self._path

    @property
    def left_damaged(self) -> str:
        """What was found damaged at the start, and why no other store was begun; empty when nothing was."""
        return self._left_damaged

    @property
    def given_up(self) -> Dropped | None:
        """Pictures that went at the start, for the room of a new store; to be put on record."""
        return self._given_up

    @property
    def only_reserve(self) -> bool:
        """Whether the disk has no room but what this store keeps for vehicles that leave."""
        return self._only_reserve

    async def write(
        self, decide: Callable[[Transaction], _T], *, spare_reserve: bool = False, alone: bool = False
    ) -> _T:
        """What `decide` returns, after its changes and facts are on the disk. Raises StoreUnavailable.

        `decide` runs in the writer thread, alone; an exception of its own undoes everything and passes through.
        Decisions that wait for the disk at the same time are committed together; where one of them fails, all are
        undone and each is made again by itself, so it has no effects but those on the transaction.
        `spare_reserve`: it has to wait while there is only the reserve (StoreFull). `alone`: it takes long, so that no
        lane shares a commit with it.
        """
        write = self._write_alone if alone else self.write_now
        decided = await asyncio.get_running_loop().run_in_executor(self._writer, write, decide, spare_reserve)
        for heard in self._listeners:
            heard()
        return decided

    def on_commit(self, heard: Callable[[], None]) -> None:
        """Call `heard` on the event loop after each `write`."""
        self._listeners.append(heard)

    def on_trouble(self, heard: Callable[[StoreUnavailable], None]) -> None:
        """Call `heard`, in the thread that met it, of whatever the disk or the file refuses."""
        self._troubled.append(heard)

    def write_now(self, decide: Callable[[Transaction], _T], spare_reserve: bool = False) -> _T:
        """As `write`, in the calling thread; for start-up and for the writer thread itself."""
        if spare_reserve and self._only_reserve:
            raise StoreFull(f"{self._path}: only the reserve is left on the disk, for vehicles that leave")
        with self._reporting:
            return self._in_transaction([decide])[0]

    async def read(self, look: Callable[[sqlite3.Connection], _T]) -> _T:
        """What `look` finds in the last committed state. Raises StoreUnavailable."""
        return await asyncio.get_running_loop().run_in_executor(self._reader, self._read_now, look)

    async def top_up(self) -> bool:
        """Make the reserve whole, if the disk has the room. Whether it is."""
        return await self.read(self._top_up)

    def free_on_disk(self) -> int:
        """Bytes that this user may still take, the reserve not among them."""
        found = os.statvfs(self._path.parent)
        return found.f_bavail * found.f_frsize

    def held(self) -> int:
        """Bytes of the reserve."""
        return self._reserve.held()

    def log_size(self) -> int:
        """Bytes of the log (WAL)."""
        log = self._path.with_name(self._path.name + "-wal")
        return log.stat().st_size if log.exists() else 0

    def foreign_reader(self) -> int | None:
        """Another process that reads this store at this moment."""
        return self._reserve.foreign_reader()

    def close(self) -> None:
        """Once is enough; the second time nothing happens."""
        if self._closed:
            return
        self._closed = True
        self._writer.shutdown()
        self._reader.shutdown()
        self._read_connection.close()
        self._write_connection.close()
        # The log has just been deleted: its room is the store's, too, until the next start.
        self._reserve.hold_for_next_start()
        self._reserve.release()
        self._mark.close()
        self._lock.release()

    def _read_now(self, look: Callable[[sqlite3.Connection], _T]) -> _T:
        with self._reporting:
            return look(self._read_connection)

    def _write_alone(self, decide: Callable[[Transaction], _T], spare_reserve: bool) -> _T:
        """The worker puts only jobs of `write_now` together, so this has a name of its own."""
        return self.write_now(decide, spare_reserve)

    def _write_together(self, asked: Sequence[tuple[Any, ...]]) -> Sequence[Any] | None:
        """What each of `write_now`'s arguments comes to, with one commit for all. None, or raising: all was undone."""
        return None if self._only_reserve else self._in_transaction([decide for decide, _ in asked])

    def _in_transaction(self, decisions: Sequence[Callable[[Transaction], _T]]) -> list[_T]:
        connection, heads = self._write_connection, dict(self._heads)
        connection.execute("BEGIN IMMEDIATE")
        made: list[Transaction] = []
        decided: list[_T] = []
        try:
            for decide in decisions:
                changes = connection.total_changes
                transaction = Transaction(connection, self._lot, self._clock.read(), os.urandom, heads)
                decided.append(decide(transaction))
                transaction.seal()
                made.append(transaction)
                if transaction.has_changed_streams:
                    self._mark.forget()  # an old one would speak of a stream that was left
                    heads.clear()
                elif transaction.heads:
                    heads.update(transaction.heads)
                elif connection.total_changes != changes:
                    heads.clear()  # it may have touched them
            connection.execute("COMMIT")
        except BaseException:
            self._heads.clear()
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        self._heads = heads
        try:
            self._after_commit(made)
        except (*DATABASE_ERRORS, OSError) as wrong:
            # What is written is written: who is told that it isn't would write it again.
            _LOG.error("store.after_commit", why=str(self._reporting.told(wrong)))
        except BaseException:  # noqa: BLE001 for the same reason, whatever it is
            _LOG.exception("store.after_commit")
        return decided

    def _after_commit(self, made: Sequence[Transaction]) -> None:
        now = made[-1].at.wall
        if any(transaction.has_changed_streams for transaction in made):
            found = (journal.head_of(self._write_connection, stream) for stream in journal.STREAMS)
            self._mark.write([head for head in found if head is not None], now)
        elif written := {stream: head for transaction in made for stream, head in transaction.heads.items()}:
            self._mark.write(written.values(), now)
        if not self._reserve.keep():
            self._only_reserve = True

    def _top_up(self, connection: sqlite3.Connection) -> bool:
        free = connection.execute("PRAGMA freelist_count").fetchone()[0]
        page = connection.execute("PRAGMA page_size").fetchone()[0]
        whole = self._reserve.hold(free * page)
        # Once full, it takes a little more than just enough to have room again.
        enough = ROOM_AGAIN if self._only_reserve else ROOM_FOR_ENTRIES
        self._only_reserve = not whole or (self._reserve.wanted and self.free_on_disk() < enough)
        return not self._only_reserve

    def _trouble(self, trouble: StoreUnavailable) -> None:
        if isinstance(trouble, StoreFull):
            self._only_reserve = True
        for heard in self._troubled:
            heard(trouble)


class _Room:
    """Pictures are given up before a store is."""

    def __init__(self, pictures: Pictures | None) -> None:
        self._pictures = pictures
        self.given_up: Dropped | None = None

    def make(self, wanted: int) -> int:
        if self._pictures is None:
            return 0
        self.given_up = self._pictures.drop(self._pictures.oldest(wanted, _ANY_NUMBER))
        return self.given_up.size
