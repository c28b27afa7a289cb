"""Tells whoever watches which lots have changed, after the commits that changed them and for many of them at once.

Told inside its transaction, a change holds a lock of the whole cluster until that has reached the disk: all processes
commit one after the other then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import asyncpg

from cloud.db.schema import LOTS_CHANGED
from cloud.ingest.lasting import Database
from models.ids import LotId
from models.instants import Clock

GAP_SECONDS = 0.05
"""The least time between two tellings; the first of a quiet time is told at once."""


class News:
    """What isn't told yet is lost with the process. Whoever takes its lots over tells of all of them, so that a page is
    late then, and never wrong for good."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._changed: dict[LotId, None] = {}
        self._something = asyncio.Event()

    def tell(self, lots: Iterable[LotId]) -> None:
        self._changed |= dict.fromkeys(lots)
        if self._changed:
            self._something.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._something.wait()
            self._something.clear()
            changed, self._changed = self._changed, {}
            await self._database.does(lambda connection, lots=tuple(changed): notify(connection, lots))
            await self._clock.sleep(GAP_SECONDS)


async def notify(connection: asyncpg.Connection, lots: Iterable[LotId]) -> None:
    await connection.execute("SELECT pg_notify($1, lot) FROM unnest($2::text[]) AS lot", LOTS_CHANGED, list(lots))
