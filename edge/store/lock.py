"""One process writes a lot's store: whoever holds the lock file beside it."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

_WIDTH = 20


class AlreadyRunning(OSError):
    """Another process has this store open for writing."""


class StoreLock:
    """Held until released or until this process ends, however it ends."""

    def __init__(self, store: Path) -> None:
        """Raises AlreadyRunning, or OSError when the file can't be made."""
        path = store.with_name(store.name + ".lock")
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(self._file, _WIDTH).decode(errors="replace").strip()
            os.close(self._file)
            raise AlreadyRunning(f"another daemon (process {holder}) runs on this store; stop it first") from None
        # Not cut short first: on a full disk, somebody else would have the block.
        os.pwrite(self._file, str(os.getpid()).ljust(_WIDTH).encode(), 0)

    def release(self) -> None:
        os.close(self._file)
