"""Tells the open pages of one lane that its screen has changed."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from contextlib import contextmanager

from models.instants import Clock


class Watcher:
    """One open page. Many changes while it is busy are one change: it shows the newest."""

    def __init__(self) -> None:
        self._changed = asyncio.Event()
        self.closed = False

    def tell(self) -> None:
        self._changed.set()

    def close(self) -> None:
        self.closed = True
        self._changed.set()

    async def changed_within(self, seconds: float, clock: Clock) -> bool:
        """Whether there is something new; False after so long without."""
        news = asyncio.ensure_future(self._changed.wait())
        quiet = asyncio.ensure_future(clock.sleep(seconds))
        try:
            await asyncio.wait({news, quiet}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            news.cancel()
            quiet.cancel()
        if not self._changed.is_set():
            return False
        self._changed.clear()
        return True


class Watchers:
    """All open pages of one lane."""

    def __init__(self) -> None:
        self._open: set[Watcher] = set()

    @contextmanager
    def watch(self) -> Generator[Watcher]:
        watcher = Watcher()
        self._open.add(watcher)
        try:
            yield watcher
        finally:
            self._open.discard(watcher)

    def tell(self) -> None:
        for watcher in self._open:
            watcher.tell()

    def close(self) -> None:
        for watcher in self._open:
            watcher.close()
