"""Connections to a lot's file, with its durability, and for whoever only looks."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from edge.store.reserve import LOG_LIMIT
from edge.store.trouble import Reporting, StoreUnavailable


def connect(path: Path, *, synchronous: str = "FULL") -> sqlite3.Connection:
    """A connection with the lot's durability; its transactions are begun by hand."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5.0)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA synchronous = {synchronous}")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA secure_delete = ON")  # a plate that was erased is nowhere in the file
    # A log that a long reader made large shrinks again; up to here it keeps its room on the disk.
    connection.execute(f"PRAGMA journal_size_limit = {LOG_LIMIT}")
    return connection


@contextmanager
def looking_into(path: Path) -> Generator[sqlite3.Connection]:
    """A read-only connection to a lot's file, beside a daemon or without one. Raises StoreUnavailable, also for what
    goes wrong while looking."""
    with Reporting(path):
        if not path.exists():
            raise StoreUnavailable(f"{path} doesn't exist: has the daemon run with this configuration?")
        if path.is_dir():
            raise StoreUnavailable(f"{path} is a folder: a store is one file, such as {path / 'lot.sqlite'}")
        with closing(only_reading(path)) as connection:
            yield connection


def only_reading(path: Path) -> sqlite3.Connection:
    """Changes nothing, not even by being the last to close."""
    # A copy in a folder where no index of the log can be made, and without a log, can't change while it is read.
    lonely = not os.access(path.parent, os.W_OK) and not path.with_name(path.name + "-wal").exists()
    how = "immutable=1" if lonely else "mode=ro"
    connection = sqlite3.connect(f"file:{quote(str(path))}?{how}", uri=True, timeout=5.0, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    return connection


def make_folder(folder: Path) -> None:
    """With those above it; each stands on the disk when it is made."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for made in missing:
        sync_folder(made.parent)


def sync_folder(folder: Path) -> None:
    """What was made, renamed and deleted in it is on the disk afterwards."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
