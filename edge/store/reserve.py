"""Room on the disk that is the store's before it is needed, so that on a full disk tickets can still be closed."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import struct
from pathlib import Path

import structlog

_LOG = structlog.get_logger("edge.store")
_MIB = 1024 * 1024
_KEEP_SIZE = 1
"""`FALLOC_FL_KEEP_SIZE`: blocks beyond the end of a file, which SQLite doesn't see until it writes there."""
_STEP = 256 * 1024
"""So much at a time: of a request that is too large, a file system may give nothing."""
_LOG_IS_OURS = 8 * _MIB
"""The log (WAL) is never asked to shrink below this, and is used from the front again after each checkpoint."""
_LOG_AHEAD = 4 * _MIB
_INDEX_AHEAD = 64 * 1024
_BLOCK = 4096
_FLOCK = "hhqqi4x"
_READERS_BEGIN, _READERS = 123, 5
"""The locks of readers in the log's index (SQLite's WAL format, section 2.2)."""

RESERVE = 8 * _MIB
"""Beyond the end of the database: some thousands of vehicles that leave."""
LOG_LIMIT = _LOG_IS_OURS
ROOM_FOR_ENTRIES = 512 * 1024
"""Less than that beside the reserve, and only vehicles that leave are put on record."""
ROOM_AGAIN = 4 * _MIB


class Reserve:
    """What a store holds beyond the ends of its files.

    A spare file, deleted when the disk is full, would be taken by whatever had filled the disk. These blocks belong to
    the store's own files: nobody else can have them, and a write that finds the disk full goes into them.

    POSIX drops all of a process's locks on a file when it closes any descriptor of it, SQLite's too: the descriptors
    stay open until `release`, after SQLite has closed its own.
    """

    def __init__(self, store: Path, size: int = RESERVE) -> None:
        """`size` 0 holds nothing."""
        self._store, self._size = store, size
        self._open: dict[str, int] = {}
        self._possible = size > 0
        self._whole, self._room_inside = True, 0

    @property
    def wanted(self) -> bool:
        return self._size > 0

    def keep(self) -> bool:
        """After each commit, quickly: a checkpoint cuts the database to its size, and what lay beyond must be had again
        before anybody else has it. Whether the reserve is whole."""
        file = self._open.get("")
        if file is None or not self._possible:
            return True
        found = os.fstat(file)
        if found.st_blocks * 512 - found.st_size < self._size - self._room_inside - _STEP:
            return self.hold(self._room_inside)
        return self._whole

    def hold(self, room_inside: int = 0) -> bool:
        """Top it up. Whether it is whole: False when the disk has no more. `room_inside` are bytes that are free within
        the database."""
        self._room_inside = room_inside
        self._whole = not self._possible or self._topped_up(room_inside)
        return self._whole

    def _topped_up(self, room_inside: int) -> bool:
        lacking = {"-shm": _INDEX_AHEAD, "-wal": self._log_ahead(), "": self._size - room_inside}
        whole = True
        # Step by step in turn: a log without a database that can grow is worth nothing, nor the other way round.
        while lacking := {end: ahead for end, ahead in lacking.items() if self._lacks(end, ahead)}:
            for end, ahead in tuple(lacking.items()):
                if not self._hold_a_step(end, ahead):
                    whole = False
                    del lacking[end]
        return whole

    def lend(self, keep: int = 0) -> None:
        """Give back what the database holds, but for `keep` bytes."""
        file = self._file("")
        if file is not None:
            os.ftruncate(file, os.fstat(file).st_size)
            self._hold_ahead(keep)

    def hold_for_next_start(self) -> None:
        """SQLite deletes the log when it is closed in order, and whoever starts next has to begin one. Called then."""
        for end in ("-wal", "-shm"):
            if end in self._open:
                os.close(self._open.pop(end))  # only now are its blocks free
        self._hold_ahead(self._size + _LOG_IS_OURS + _INDEX_AHEAD)

    def held(self) -> int:
        """Bytes beyond the ends of all files."""
        return sum(_ahead(file) for file in self._open.values())

    def foreign_reader(self) -> int | None:
        """A process other than this one that reads the store at this moment; None when there is none.

        SQLite's readers lock bytes of the log's index. Only descriptors that stay open may ask.
        """
        index = self._file("-shm")
        if index is None:
            return None
        asked = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, _READERS_BEGIN, _READERS, 0)
        kind, _, _, _, process = struct.unpack(_FLOCK, fcntl.fcntl(index, fcntl.F_GETLK, asked))
        return None if kind == fcntl.F_UNLCK else process

    def release(self) -> None:
        for file in self._open.values():
            os.close(file)
        self._open.clear()

    def _log_ahead(self) -> int:
        log = self._file("-wal")
        return 0 if log is None else max(_LOG_AHEAD, _LOG_IS_OURS - os.fstat(log).st_size)

    def _hold_ahead(self, ahead: int) -> None:
        while self._lacks("", ahead) and self._hold_a_step("", ahead):
            pass

    def _lacks(self, end: str, ahead: int) -> bool:
        file = self._file(end) if self._possible else None
        return file is not None and _ahead(file) < ahead

    def _hold_a_step(self, end: str, ahead: int) -> bool:
        """False when the disk is full."""
        file = self._file(end)
        if file is None:
            return True
        held = _ahead(file)
        begins = -(-os.fstat(file).st_size // _BLOCK) * _BLOCK + held
        wrong = _allocate(file, begins, min(_STEP, -(-(ahead - held) // _BLOCK) * _BLOCK))
        if wrong != errno.ENOSPC and (wrong or _ahead(file) <= held):
            self._possible = False
            why = os.strerror(wrong) if wrong else "the file system gives no blocks beyond a file's end"
            _LOG.warning("store.no_reserve", file=str(self._store), why=why)
        return wrong != errno.ENOSPC

    def _file(self, end: str) -> int | None:
        if end not in self._open:
            try:
                self._open[end] = os.open(f"{self._store}{end}", os.O_RDWR | os.O_CLOEXEC)
            except FileNotFoundError:
                return None
        return self._open[end]


def lend_for_a_start(store: Path, size: int) -> None:
    """After an orderly stop SQLite has to begin its log anew: `hold_for_next_start` has kept the room for that. To be
    called before anything in this process has the store open."""
    if size and store.exists() and not store.with_name(store.name + "-wal").exists():
        reserve = Reserve(store, size)
        reserve.lend(keep=size)
        reserve.release()


def _ahead(file: int) -> int:
    """The bytes that a file has beyond its end. SQLite's files have no holes."""
    found = os.fstat(file)
    return max(0, found.st_blocks * 512 - -(-found.st_size // _BLOCK) * _BLOCK)


def _allocate(file: int, begins: int, length: int) -> int:
    """0, or what went wrong."""
    done = _LIBC.fallocate(file, _KEEP_SIZE, ctypes.c_int64(begins), ctypes.c_int64(length))
    return 0 if done == 0 else ctypes.get_errno()


_LIBC = ctypes.CDLL(None, use_errno=True)
