"""What a sick disk or a damaged file raises, in the lot's own words.

StoreUnavailable
├── StoreTaken      another process has it open for writing
├── StoreFull       the disk has no room, or only the reserve is left and this isn't what it is for
└── StoreDamaged    what was read can't be what was written
"""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Callable
from pathlib import Path

from edge.store.lock import AlreadyRunning

_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_UNREADABLE = {sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_IOERR_SHORT_READ, sqlite3.SQLITE_IOERR_CORRUPTFS}
_NO_ROOM = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE}
_OF_OUR_MAKING = (sqlite3.IntegrityError, sqlite3.ProgrammingError)


DATABASE_ERRORS = (sqlite3.DatabaseError, UnicodeDecodeError)
"""What reading may raise. SQLite quotes what it can't understand, and that may be no text at all."""


class StoreUnavailable(Exception):
    """The store couldn't do it (disk full, damaged, locked by a stranger). Nothing was changed."""


class StoreTaken(StoreUnavailable):
    """Another process has it open for writing: nothing is wrong with it."""


class StoreFull(StoreUnavailable):
    """The disk is full."""


class StoreDamaged(StoreUnavailable):
    """The file isn't what was written to it."""


def is_damage(wrong: BaseException) -> bool:
    """Whether SQLite says that it has read what it never wrote, or can't read it at all."""
    if isinstance(wrong, UnicodeDecodeError):
        return True
    if not isinstance(wrong, sqlite3.DatabaseError):
        return False
    code = _code(wrong)
    # A text whose bytes were changed is noticed by Python, not by SQLite.
    return code & 0xFF in _DAMAGE or code in _UNREADABLE or "decode to UTF-8" in str(wrong)


def in_words(wrong: BaseException) -> str:
    """What it says, without the text that it may quote: that may be a plate."""
    return str(wrong).partition(" with text")[0]


def is_no_room(wrong: BaseException) -> bool:
    if isinstance(wrong, OSError):
        return wrong.errno in (errno.ENOSPC, errno.EDQUOT)
    return isinstance(wrong, sqlite3.DatabaseError) and _code(wrong) in _NO_ROOM


def _code(wrong: sqlite3.DatabaseError) -> int:
    return getattr(wrong, "sqlite_errorcode", 0)


class Reporting:
    """What SQLite and the disk raise within becomes StoreUnavailable; `told` hears of each.

    A broken rule of ours (a second open ticket for one vehicle) is a defect, not a sick disk, and passes through.
    """

    __slots__ = ("_path", "_told")

    def __init__(self, path: Path, told: Callable[[StoreUnavailable], None] = lambda trouble: None) -> None:
        self._path, self._told = path, told

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, wrong: BaseException | None, trace: object) -> None:
        if wrong is None:
            return
        if isinstance(wrong, (*DATABASE_ERRORS, OSError)) and not isinstance(wrong, _OF_OUR_MAKING):
            raise self.told(wrong) from wrong

    def told(self, wrong: Exception) -> StoreUnavailable:
        """The same in the lot's own words, after somebody was told."""
        trouble = self._named(wrong)
        self._told(trouble)
        return trouble

    def _named(self, wrong: Exception) -> StoreUnavailable:
        text = f"{self._path}: {in_words(wrong)}"
        if isinstance(wrong, AlreadyRunning):
            return StoreTaken(text)
        if is_damage(wrong):
            return StoreDamaged(text)
        return StoreFull(text) if is_no_room(wrong) else StoreUnavailable(text)
