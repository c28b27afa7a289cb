"""Has a growing database looked at, so that PostgreSQL plans for the tables that are, not for empty ones.

PostgreSQL's own autovacuum looks once a minute. In that minute a new database is planned for as it was when it was
empty: each payment's ticket was once searched among all tickets of its lot, and a backlog came in at a quarter of
its pace.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import cast

import asyncpg
import structlog

from cloud.db.connect import UNREACHABLE
from cloud.ingest.fold import TABLES
from models.instants import Clock

log = structlog.get_logger(__name__)

ENOUGH = 500
"""Facts that make it worth asking whether a table has grown."""
EVERY_SECONDS = 0.5
AFTER_A_FAILURE_SECONDS = 60
WITHIN_SECONDS = 10
"""A table that takes longer is left to autovacuum."""
ANALYZE = "ANALYZE (SKIP_LOCKED)"
"""Whoever has a table locked looks at it now, or needs it more."""
_SAMPLE = 10
"""A tenth of the usual sample: enough to tell large from small, and autovacuum looks closer a minute later."""


class Statistics:
    """A task of its own: no acknowledgement waits for it, and what fails here fails nobody."""

    def __init__(self, pool: asyncpg.Pool, clock: Clock) -> None:
        self._pool, self._clock = pool, clock
        self._applied, self._due = 0, asyncio.Event()

    def grown(self, facts: int) -> None:
        """So many more facts have been applied."""
        self._applied += facts
        if self._applied >= ENOUGH:
            self._due.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._due.wait()
            self._due.clear()
            self._applied = 0
            await self._clock.sleep(EVERY_SECONDS if await self._look() else AFTER_A_FAILURE_SECONDS)

    async def _look(self) -> bool:
        try:
            async with self._pool.acquire() as connection:
                # A pooled connection is a connection, though asyncpg's types don't say so.
                await look(cast(asyncpg.Connection, connection))
        except (*UNREACHABLE, asyncpg.PostgresError) as wrong:
            log.warning("ingest.not_looked_at", error=type(wrong).__name__)
            return False
        return True


async def look(connection: asyncpg.Connection) -> None:
    """Samples each table that facts have effects on and that has doubled since it was last looked at, by whomever.
    The facts themselves are only ever found by their key."""
    for table in await _doubled(connection):
        async with connection.transaction():
            await connection.execute(f"SET LOCAL default_statistics_target = {_SAMPLE}")
            await connection.execute(f"{ANALYZE} {table}", timeout=WITHIN_SECONDS)


async def _doubled(connection: asyncpg.Connection) -> Sequence[str]:
    rows = await connection.fetch(
        "SELECT relname FROM pg_class WHERE oid = ANY($1::text[]::regclass[])"
        " AND pg_relation_size(oid) > 2 * relpages * current_setting('block_size')::bigint",
        list(TABLES),
    )
    grown = {str(row["relname"]) for row in rows}
    return [table for table in TABLES if table in grown]
