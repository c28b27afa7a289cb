"""Reads a damaged store: whatever SQLite still gives, around the places where it gives up."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from edge.store.damage.bearings import bearings_of, take_bearings
from edge.store.damage.wal import carry_over
from edge.store.trouble import DATABASE_ERRORS, is_damage

Row = tuple[object, ...]
_MOST_ROWS_ON_A_PAGE = 400
_UNKNOWN_LAST = 2**40


class Astray(Exception):
    """The file leads round in circles."""


@contextmanager
def readable_copy(store: Path, committed: int) -> Generator[sqlite3.Connection]:
    """The damaged store as a connection to a copy of it; the file itself stays as it was found. `committed`: the
    number of the last fact that is known to have been. Raises OSError."""
    copy = copy_path(store)
    try:
        _copy(store, copy, last_counts=True)
        if (_latest_fact(copy) or 0) > committed:
            _copy(store, copy, last_counts=False)
        bearings = bearings_of(store)
        if bearings and not _has_its_tables(copy, {bearing.name for bearing in bearings}):
            take_bearings(copy, bearings)
        with closing(_connected(f"file:{quote(str(copy))}")) as connection:
            yield connection
    finally:
        for end in ("", "-wal", "-shm", "-journal"):
            store.with_name(copy.name + end).unlink(missing_ok=True)


@contextmanager
def readable_in_place(store: Path) -> Generator[sqlite3.Connection]:
    """The damaged file itself, where there is no room for a copy. Nothing is written beside it, and its log isn't
    read."""
    with closing(_connected(f"file:{quote(str(store))}?immutable=1")) as connection:
        yield connection


def copy_path(store: Path) -> Path:
    return store.with_name(store.name + ".salvage")


class Reader:
    """Rows of one table, in order; `lost` says whether any couldn't be read."""

    def __init__(self, connection: sqlite3.Connection, most: int) -> None:
        self._connection, self._most = connection, most
        self.lost = False

    def by_number(self, sql: str, last: int | None, *fixed: object) -> Iterator[Row]:
        """`sql` selects rows whose number, their first column, is above its last parameter, in order of that."""
        at, last = -1, _UNKNOWN_LAST if last is None else last
        while at < last:
            try:
                for row in self._rows(sql, *fixed, at):
                    if isinstance(row[0], int) and row[0] > at:
                        at = row[0]
                        yield row
            except (*DATABASE_ERRORS, Astray) as wrong:
                self._note(wrong)
                at = self._beyond(lambda number: next(self._rows(sql, *fixed, number), None), at, last)
            else:
                return

    def both_ways(self, sql: str, order: list[str]) -> Iterator[Row]:
        """From the front, and where that ends at damage, from the back; some may come twice."""
        for direction in ("ASC", "DESC"):
            try:
                yield from self._rows(f"{sql} ORDER BY {', '.join(f'{column} {direction}' for column in order)}")
            except (*DATABASE_ERRORS, Astray) as wrong:
                self._note(wrong)
            else:
                return

    def last(self, sql: str, *fixed: object) -> int | None:
        try:
            row = next(self._rows(sql, *fixed), None)
        except (*DATABASE_ERRORS, Astray) as wrong:
            self._note(wrong)
            return None
        return row[0] if row and isinstance(row[0], int) else -1

    def _rows(self, sql: str, *parameters: object) -> Iterator[Row]:
        for count, row in enumerate(self._connection.execute(sql, parameters)):
            if count > self._most:
                raise Astray
            yield tuple(row)

    def _beyond(self, look: Callable[[int], object], at: int, last: int) -> int:
        """The number from which on rows can be read again: by leaps that double, then narrowed down."""
        failed, leap = at, 1
        while True:
            reached = at + leap
            if reached >= last:
                return last
            if self._can(look, reached):
                break
            failed, leap = reached, leap * 2
        while reached - failed > 1:
            middle = (failed + reached) // 2
            failed, reached = (failed, middle) if self._can(look, middle) else (middle, reached)
        return reached

    def _can(self, look: Callable[[int], object], number: int) -> bool:
        try:
            look(number)
        except (*DATABASE_ERRORS, Astray) as wrong:
            self._note(wrong)
            return False
        return True

    def _note(self, wrong: Exception) -> None:
        if isinstance(wrong, sqlite3.DatabaseError) and not is_damage(wrong) and _means_trouble_of_ours(wrong):
            raise wrong
        self.lost = True


def reader(connection: sqlite3.Connection) -> Reader:
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    return Reader(connection, _MOST_ROWS_ON_A_PAGE * max(pages, 1))


def columns_of(connection: sqlite3.Connection, table: str) -> list[str]:
    """Empty when the table isn't there, or can't be read."""
    try:
        return [row["name"] for row in connection.execute(f"PRAGMA table_info({table})")]
    except DATABASE_ERRORS:
        return []


def key_of(connection: sqlite3.Connection, table: str) -> list[str]:
    """The columns of its primary key."""
    rows = [row for row in connection.execute(f"PRAGMA table_info({table})") if row["pk"]]
    return [row["name"] for row in sorted(rows, key=lambda row: row["pk"])]


def _means_trouble_of_ours(wrong: sqlite3.DatabaseError) -> bool:
    """No table in a damaged file is missing by our making; a full disk is."""
    return getattr(wrong, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_NOMEM)


def _copy(store: Path, copy: Path, *, last_counts: bool) -> None:
    shutil.copyfile(store, copy)
    carry_over(store.with_name(store.name + "-wal"), copy, last_counts=last_counts)


def _latest_fact(copy: Path) -> int | None:
    """As the copy itself says; None when it doesn't."""
    try:
        with closing(sqlite3.connect(copy)) as connection:
            row = connection.execute("SELECT seq FROM streams WHERE stream = 'ledger'").fetchone()
    except DATABASE_ERRORS:
        return None
    return row[0] if row and isinstance(row[0], int) else None


def _has_its_tables(copy: Path, names: set[str]) -> bool:
    try:
        with closing(sqlite3.connect(copy)) as connection:
            there = {row[0] for row in connection.execute("SELECT name FROM sqlite_schema")}
            connection.execute("SELECT 1 FROM streams LIMIT 1").fetchone()
    except DATABASE_ERRORS:
        return False
    return names <= there


def _as_it_is(found: bytes) -> str:
    return found.decode("utf-8", "surrogateescape")


def _connected(address: str) -> sqlite3.Connection:
    connection = sqlite3.connect(address, uri=True, isolation_level=None)
    connection.row_factory = sqlite3.Row
    # A text that was damaged is read so that it can't be written again: its row is lost, not what follows it.
    connection.text_factory = _as_it_is
    connection.execute("PRAGMA query_only = ON")
    return connection
