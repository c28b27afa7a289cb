"""Makes sure that nobody else works the hardware: two masters on one relay board are an accident."""

from __future__ import annotations

import fcntl
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from edge.store.lock import AlreadyRunning, StoreLock


class NotAlone(Exception):
    """A daemon runs on the store, or nobody can tell. The text says which."""


def somebody_is_on(store: Path) -> bool | None:
    """Whether a daemon, or another doctor, has this store; None when this user can't tell."""
    lock = store.with_name(store.name + ".lock")
    try:
        with lock.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    except OSError:
        return None
    return False


@contextmanager
def alone_on(store: Path) -> Generator[None]:
    """Until it is left, no daemon can start on this store. Raises NotAlone."""
    lock = store.with_name(store.name + ".lock")
    was_there = lock.exists()
    try:
        held = StoreLock(store)
    except AlreadyRunning as error:
        raise NotAlone(str(error)) from error
    except FileNotFoundError:
        yield  # there is no folder for a store yet, so no daemon can have one
        return
    except OSError as error:
        raise NotAlone(
            f"it can't be told whether a daemon runs: {lock}: {error.strerror}; look again as root"
        ) from error
    try:
        yield
    finally:
        if not was_there:
            # One that root made would keep the daemon's own user out.
            lock.unlink(missing_ok=True)
        held.release()
