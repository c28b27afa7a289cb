"""One SQLite file, one writer thread, one reader thread; the event loop never waits on a disk."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from sqlite_utils import Database

from edge.store.lock import StoreLock
from edge.store.migrations import migrations
from edge.store.transaction import Transaction
from edge.store.worker import Worker
from models.ids import LotId
from models.instants import Clock

_T = TypeVar("_T")


class StoreUnavailable(Exception):
    """The store couldn't do it (disk full, damaged, locked by a stranger). Nothing was changed."""


class Store:
    """The lot's database. `write` runs a function inside one durable transaction, `read` beside it.

    A transaction is `BEGIN IMMEDIATE` with `synchronous=FULL`: once `write` has returned, its facts
    survive a power cut.
    """

    def __init__(self, path: Path, lot: LotId, clock: Clock, *, synchronous: str = "FULL") -> None:
        """Opens or creates the file and migrates it. Raises StoreUnavailable, also when another process has it."""
        self._path, self._lot, self._clock = path, lot, clock
        self._listeners: list[Callable[[], None]] = []
        self._writer, self._reader = Worker("store-writer"), Worker("store-reader")
        with _Reporting(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._lock = StoreLock(path)
            path.touch(mode=0o600)  # plates are in it
            self._write_connection = connect(path, synchronous=synchronous)
            migrations.apply(Database(self._write_connection))
            self._read_connection = connect(path, synchronous=synchronous)
            self._read_connection.execute("PRAGMA query_only = ON")

    async def write(self, decide: Callable[[Transaction], _T]) -> _T:
        """What `decide` returns, after its changes and facts are on the disk. Raises StoreUnavailable.

        `decide` runs in the writer thread, alone; an exception of its own undoes everything and passes through.
        """
        decided = await asyncio.get_running_loop().run_in_executor(self._writer, self.write_now, decide)
        for heard in self._listeners:
            heard()
        return decided

    def on_commit(self, heard: Callable[[], None]) -> None:
        """Call `heard` on the event loop after each `write`."""
        self._listeners.append(heard)

    def write_now(self, decide: Callable[[Transaction], _T]) -> _T:
        """As `write`, in the calling thread; for start-up and for the writer thread itself."""
        with _Reporting(self._path):
            return self._in_transaction(decide)

    async def read(self, look: Callable[[sqlite3.Connection], _T]) -> _T:
        """What `look` finds in the last committed state. Raises StoreUnavailable."""
        return await asyncio.get_running_loop().run_in_executor(self._reader, self._read_now, look)

    def close(self) -> None:
        self._writer.shutdown()
        self._reader.shutdown()
        self._read_connection.close()
        self._write_connection.close()
        self._lock.release()

    def _read_now(self, look: Callable[[sqlite3.Connection], _T]) -> _T:
        with _Reporting(self._path):
            return look(self._read_connection)

    def _in_transaction(self, decide: Callable[[Transaction], _T]) -> _T:
        connection = self._write_connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            transaction = Transaction(connection, self._lot, self._clock.read(), os.urandom)
            decided = decide(transaction)
            transaction.seal()
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        return decided


def connect(path: Path, *, synchronous: str = "FULL") -> sqlite3.Connection:
    """A connection with the lot's durability; its transactions are begun by hand."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5.0)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA synchronous = {synchronous}")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA secure_delete = ON")  # a plate that was erased is nowhere in the file
    return connection


@contextmanager
def looking_into(path: Path) -> Generator[sqlite3.Connection]:
    """A read-only connection to a lot's file, beside a daemon or without one. Raises StoreUnavailable, also for what
    goes wrong while looking."""
    with _Reporting(path):
        if not path.exists():
            raise StoreUnavailable(f"{path} doesn't exist: has the daemon run with this configuration?")
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=5.0)) as connection:
            connection.row_factory = sqlite3.Row
            yield connection


class _Reporting:
    """What a sick disk or a damaged file raises becomes StoreUnavailable."""

    __slots__ = ("_path",)

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, wrong: BaseException | None, trace: object) -> None:
        # A broken rule of ours (a second open ticket for one vehicle) is a defect, not a sick disk.
        if isinstance(wrong, sqlite3.DatabaseError | OSError) and not isinstance(wrong, sqlite3.IntegrityError):
            raise StoreUnavailable(f"{self._path}: {wrong}") from wrong
