"""The disk beneath a store, in this process: what SQLite and the store write passes through here, and may be refused,
watched or forgotten.

SQLite's unix layer lets its system calls be exchanged (`xSetSystemCall`, made for this kind of test), and its methods
lie in a table. Both are reached through ctypes in the very library that Python's `sqlite3` uses: the code under test
is the code that ships, nothing has to be compiled, and any machine that can run the tests can run this. The store's
own few calls (its mark, its reserve, its folder) go through `os` and are watched there.

Only for a process that ends with `os._exit`: SQLite calls back into Python as long as it lives.
"""

from __future__ import annotations

import _sqlite3
import ctypes
import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from edge.store import reserve

_PWRITE = ctypes.CFUNCTYPE(
    ctypes.c_ssize_t, ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int64, use_errno=True
)
_FTRUNCATE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_int64, use_errno=True)
_OPEN = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_int, use_errno=True)
_UNLINK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_char_p, use_errno=True)
_OPEN_FOLDER = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_char_p, ctypes.POINTER(ctypes.c_int), use_errno=True)
_SYNC = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int)
_VFS_OPEN = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.POINTER(ctypes.c_int)
)
_SET_CALL = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)

_SQLITE_IOERR_FSYNC = 1034
_SQLITE_OK = 0
_XSYNC = 5
"""The place of `xSync` in sqlite3_io_methods, counted in pointers."""
_IO_METHODS = 19


class _Vfs(ctypes.Structure):
    _fields_ = [
        ("iVersion", ctypes.c_int),
        ("szOsFile", ctypes.c_int),
        ("mxPathname", ctypes.c_int),
        ("pNext", ctypes.c_void_p),
        ("zName", ctypes.c_char_p),
        ("pAppData", ctypes.c_void_p),
        ("xOpen", ctypes.c_void_p),
        *(
            (name, ctypes.c_void_p)
            for name in [
                "Delete",
                "Access",
                "FullPathname",
                *(f"Dl{what}" for what in ("Open", "Error", "Sym", "Close")),
            ]
        ),
        *((name, ctypes.c_void_p) for name in ["Randomness", "Sleep", "CurrentTime", "LastError", "CurrentTime64"]),
        ("xSetSystemCall", _SET_CALL),
    ]


class Watcher(Protocol):
    """Told of each call before it is made; raises OSError to refuse it."""

    def write(self, path: str, offset: int, content: bytes) -> None: ...
    def truncate(self, path: str, size: int) -> None: ...
    def create(self, path: str) -> None: ...
    def sync(self, path: str) -> None: ...
    def sync_folder(self, path: str) -> None: ...
    def unlink(self, path: str) -> None: ...
    def rename(self, old: str, new: str) -> None: ...
    def allocate(self, path: str, begins: int, length: int) -> None: ...


def watch(watcher: Watcher, folder: Path) -> None:
    """From now on, in this process, for the files of that folder."""
    _Sqlite(watcher, f"{folder.resolve()}/")
    _ours(watcher, f"{folder.resolve()}/")


class _Sqlite:
    """SQLite's calls. What is installed is kept alive for good."""

    kept: list[object] = []  # noqa: RUF012

    def __init__(self, watcher: Watcher, within: str) -> None:
        self._watcher, self._within = watcher, within
        library = ctypes.CDLL(_sqlite3.__file__)
        library.sqlite3_vfs_find.restype = ctypes.POINTER(_Vfs)
        self._vfs = library.sqlite3_vfs_find(None)
        self._patched: dict[int, object] = {}
        self._paths: dict[int, str] = {}
        self.kept.append(self)
        for name, call in {
            b"pwrite64": _PWRITE(self._pwrite),
            b"pwrite": _PWRITE(self._pwrite),
            b"ftruncate": _FTRUNCATE(self._ftruncate),
            b"open": _OPEN(self._open),
            b"unlink": _UNLINK(self._unlink),
            b"openDirectory": _OPEN_FOLDER(self._open_folder),
        }.items():
            self.kept.append(call)
            self._vfs.contents.xSetSystemCall(self._vfs, name, ctypes.cast(call, ctypes.c_void_p))
        self._open_file = _VFS_OPEN(self._vfs.contents.xOpen)
        opened = _VFS_OPEN(self._opened)
        self.kept.append(opened)
        self._vfs.contents.xOpen = ctypes.cast(opened, ctypes.c_void_p)

    def _pwrite(self, file: int, content: int, size: int, offset: int) -> int:
        data, path = ctypes.string_at(content, size), _path_of(file)
        if self._ours(path) and _tried(lambda: self._watcher.write(path, offset, data)):
            return -1
        return _real_pwrite(file, data, offset)

    def _ftruncate(self, file: int, size: int) -> int:
        path = _path_of(file)
        if self._ours(path) and _tried(lambda: self._watcher.truncate(path, size)):
            return -1
        return _tried(lambda: _real_ftruncate(file, size))

    def _open(self, name: bytes, flags: int, mode: int) -> int:
        path = os.fsdecode(name)
        new = flags & os.O_CREAT and not os.path.exists(path)
        if new and self._ours(path) and _tried(lambda: self._watcher.create(path)):
            return -1
        try:
            return _real_open(path, flags, mode or 0o644)
        except OSError as wrong:
            ctypes.set_errno(wrong.errno or errno.EIO)
            return -1

    def _unlink(self, name: bytes) -> int:
        path = os.fsdecode(name)
        if os.path.exists(path) and self._ours(path):
            self._watcher.unlink(path)
        return _tried(lambda: _real_unlink(path))

    def _open_folder(self, name: bytes, file: Any) -> int:
        """SQLite opens a folder for one purpose: to sync what was made or deleted in it."""
        path = os.path.dirname(os.fsdecode(name))
        try:
            file[0] = _real_open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return 14  # SQLITE_CANTOPEN
        if self._ours(f"{path}/"):
            self._watcher.sync_folder(path)
        return _SQLITE_OK

    def _opened(self, vfs: int, name: int | None, file: int, flags: int, got: Any) -> int:
        # The name stays an address: SQLite keeps it, and reads on behind it.
        done = self._open_file(vfs, name, file, flags, got)
        if done == _SQLITE_OK and name and self._ours(path := os.fsdecode(ctypes.string_at(name))):
            self._paths[file] = path
            methods = ctypes.cast(file, ctypes.POINTER(ctypes.c_void_p))
            methods[0] = self._watched(methods[0] or 0)
        return done

    def _watched(self, methods: int) -> int:
        """The address of a copy of that table of methods in which syncing is ours."""
        if methods not in self._patched:
            table = (ctypes.c_void_p * _IO_METHODS).from_buffer_copy(
                (ctypes.c_void_p * _IO_METHODS).from_address(methods)
            )
            really = _SYNC(table[_XSYNC] or 0)
            watched = _SYNC(lambda file, flags: self._sync(really, file, flags))
            table[_XSYNC] = ctypes.cast(watched, ctypes.c_void_p).value
            self.kept += [table, really, watched]
            self._patched[methods] = table
            self._patched[ctypes.addressof(table)] = table
        return ctypes.addressof(self._patched[methods])  # type: ignore[arg-type]

    def _sync(self, really: Callable[[int, int], int], file: int, flags: int) -> int:
        if _tried(lambda: self._watcher.sync(self._paths[file])):
            return _SQLITE_IOERR_FSYNC
        return really(file, flags)

    def _ours(self, path: str) -> bool:
        return path.startswith(self._within) and not path.endswith(".salvage")


def _ours(watcher: Watcher, within: str) -> None:
    """The store's own calls, in Python."""
    os_pwrite, os_ftruncate, os_fsync, os_replace = os.pwrite, os.ftruncate, os.fsync, os.replace
    os_unlink, os_open, allocate = os.unlink, os.open, reserve._allocate

    def of_a_file(file: int) -> str | None:
        path = _path_of(file)
        return path if path.startswith(within) and not path.endswith((".lock", ".salvage")) else None

    def pwrite(file: int, content: bytes, offset: int) -> int:
        if path := of_a_file(file):
            watcher.write(path, offset, bytes(content))
        return os_pwrite(file, content, offset)

    def ftruncate(file: int, size: int) -> None:
        if (path := of_a_file(file)) and os.fstat(file).st_size != size:
            watcher.truncate(path, size)
        os_ftruncate(file, size)

    def fsync(file: int) -> None:
        path = _path_of(file)
        if f"{path}/" == within:
            watcher.sync_folder(path)
        elif of_a_file(file):
            # What Python's files write isn't seen piece by piece: it counts from here on.
            watcher.write(path, 0, Path(path).read_bytes())
            watcher.sync(path)
        os_fsync(file)

    def replace(old: Any, new: Any) -> None:
        if str(old).startswith(within):
            watcher.rename(str(old), str(new))
        os_replace(old, new)

    def unlink(path: Any, **how: Any) -> None:
        if str(path).startswith(within) and os.path.exists(path) and ".salvage" not in str(path):
            watcher.unlink(str(path))
        os_unlink(path, **how)

    def open_(path: Any, flags: int, mode: int = 0o777, **how: Any) -> int:
        ours = str(path).startswith(within) and not str(path).endswith((".lock", ".salvage"))
        if ours and flags & os.O_CREAT and not os.path.exists(path):
            watcher.create(str(path))
        return os_open(path, flags, mode, **how)

    def allocated(file: int, begins: int, length: int) -> int:
        try:
            watcher.allocate(_path_of(file), begins, length)
        except OSError as wrong:
            return wrong.errno or errno.EIO
        return allocate(file, begins, length)

    os.pwrite, os.ftruncate, os.fsync, os.replace = pwrite, ftruncate, fsync, replace  # type: ignore[assignment]
    os.unlink, os.open, reserve._allocate = unlink, open_, allocated  # type: ignore[assignment]


_real_open, _real_unlink, _real_pwrite, _real_ftruncate = os.open, os.unlink, os.pwrite, os.ftruncate


def _path_of(file: int) -> str:
    return os.readlink(f"/proc/self/fd/{file}")


def _tried(call: Callable[[], None]) -> int:
    """0, or -1 with errno set."""
    try:
        call()
    except OSError as wrong:
        ctypes.set_errno(wrong.errno or errno.EIO)
        return -1
    return 0
