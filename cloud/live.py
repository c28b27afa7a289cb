"""Tells whoever watches which lot has just changed: PostgreSQL's notifications, fanned out in this process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress

import structlog

from cloud.db.connect import UNREACHABLE, connection
from cloud.db.schema import LOTS_CHANGED
from cloud.settings import CloudSettings
from models.ids import LotId
from models.instants import Clock

log = structlog.get_logger(__name__)

ALIVE_SECONDS = 10
RETRY_SECONDS = 1


class Watcher:
    """What one watcher hasn't been told yet: a set, so a slow one hears of each lot once, however often it changed."""

    def __init__(self) -> None:
        self._changed: dict[LotId | None, None] = {}
        self._something = asyncio.Event()
        self._closed = False

    def tell(self, lot: LotId | None) -> None:
        self._changed[lot] = None
        self._something.set()

    def close(self) -> None:
        self._closed = True
        self._something.set()

    def __aiter__(self) -> AsyncIterator[LotId | None]:
        return self._changes()

    async def _changes(self) -> AsyncIterator[LotId | None]:
        while True:
            await self._something.wait()
            if self._closed:
                return
            self._something.clear()
            changed, self._changed = self._changed, {}
            for lot in changed:
                yield lot


class Live:
    """One listening connection for all watchers of this process.

    `with live.watch() as changes: async for lot in changes:` yields the id of each lot whose rows have
    changed since it was last yielded; None says that anything may have changed (the connection was
    away), so read everything again. Lots of every tenant are told: a watcher keeps to its own. The loop ends when
    the process stops.
    """

    def __init__(self, settings: CloudSettings, clock: Clock, channel: str = LOTS_CHANGED) -> None:
        self._settings, self._clock, self._channel = settings, clock, channel
        self._watchers: set[Watcher] = set()
        self._stopped = False
        self.listening = False

    @contextmanager
    def watch(self) -> Iterator[Watcher]:
        watcher = Watcher()
        if self._stopped:
            watcher.close()
        self._watchers.add(watcher)
        try:
            yield watcher
        finally:
            self._watchers.discard(watcher)

    def tell(self, lot: LotId | None) -> None:
        for watcher in self._watchers:
            watcher.tell(lot)

    def stop(self) -> None:
        """Ends every watcher's loop, so that open event streams don't hold up the end of the process."""
        self._stopped = True
        for watcher in self._watchers:
            watcher.close()

    async def run(self) -> None:
        """Listens until cancelled; a lost database is tried again for ever."""
        while True:
            try:
                await self._listen()
            except UNREACHABLE as away:
                log.warning("live.database_away", error=type(away).__name__)
            await self._clock.sleep(RETRY_SECONDS)

    async def _listen(self) -> None:
        listener = await connection(self._settings, "parkgate-live")
        try:
            await listener.add_listener(self._channel, self._heard)
            self.listening = True
            self.tell(None)
            gone = asyncio.Event()
            listener.add_termination_listener(lambda _: gone.set())
            while not gone.is_set():
                with suppress(TimeoutError):
                    await asyncio.wait_for(gone.wait(), ALIVE_SECONDS)
                    return
                # A connection whose far end vanished says nothing by itself: ask.
                await listener.fetchval("SELECT 1", timeout=ALIVE_SECONDS)
        finally:
            self.listening = False
            with suppress(*UNREACHABLE):
                await listener.close(timeout=1)

    def _heard(self, connection: object, pid: int, channel: str, payload: object) -> None:
        self.tell(LotId(str(payload)))
