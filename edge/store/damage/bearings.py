"""Where in the file each table begins, kept beside the store: a file whose first page is damaged can be read by it."""

from __future__ import annotations

import json
import os
import sqlite3
import struct
from pathlib import Path
from typing import NamedTuple

PAGE = 4096
_HEADER = struct.Struct(">16sHBBBBBBIIIIIIIIIIII20sII")


class Bearing(NamedTuple):
    """One row of SQLite's own table of contents."""

    type: str
    name: str
    tbl_name: str
    rootpage: int
    sql: str | None


def bearings_path(store: Path) -> Path:
    return store.with_name(store.name + ".tables")


def keep_bearings(connection: sqlite3.Connection, store: Path) -> None:
    """Write them down if they aren't there as they are now. Raises OSError."""
    text = json.dumps([tuple(row) for row in connection.execute("SELECT * FROM sqlite_schema ORDER BY rowid")])
    path = bearings_path(store)
    if path.exists() and path.read_text(errors="replace") == text:
        return
    fresh = path.with_name(path.name + ".new")
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def bearings_of(store: Path) -> list[Bearing]:
    """Empty where none were kept."""
    try:
        return [Bearing(*row) for row in json.loads(bearings_path(store).read_text())]
    except (OSError, ValueError, TypeError):
        return []


def take_bearings(copy: Path, bearings: list[Bearing]) -> None:
    """Give a copy of a store a table of contents again. Its own first page is written over; the rest stays."""
    with copy.open("r+b") as file:
        pages = max(1, copy.stat().st_size // PAGE)
        file.write(_empty_first_page(pages))
    connection = sqlite3.connect(copy, isolation_level=None)
    try:
        connection.execute("PRAGMA writable_schema = ON")
        connection.executemany("INSERT INTO sqlite_schema VALUES (?, ?, ?, ?, ?)", bearings)
    finally:
        connection.close()


def _empty_first_page(pages: int) -> bytes:
    """As of a database of so many pages without any table (SQLite's file format, sections 1.3 and 1.6)."""
    fixed = (b"SQLite format 3\0", PAGE, 1, 1, 0, 64, 32, 32)
    counted = (1, pages, 0, 0, 1, 4, 0, 0, 1, 0, 0, 0)
    header = _HEADER.pack(*fixed, *counted, bytes(20), 1, 3_040_001)
    leaf = struct.pack(">BHHHB", 0x0D, 0, 0, PAGE, 0)
    return (header + leaf).ljust(PAGE, b"\0")
