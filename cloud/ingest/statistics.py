"""Has a growing database looked at, so that PostgreSQL plans for the tables that are, not for empty ones.

PostgreSQL's own autovacuum looks once a minute. In that minute a new database is planned for as it was when it was
empty: each payment's ticket was once searched among all tickets of its lot, and a backlog came in at a quarter of
its pace.
"""

from __future__ import annotations

import asyncpg

from cloud.ingest.fold import TABLES

FIRST_AFTER = 500
"""Facts after which it is first looked at; then each time they have doubled."""


class Growth:
    """Counts what this process has applied."""

    def __init__(self) -> None:
        self._applied, self._look_at = 0, FIRST_AFTER

    def grown(self, facts: int) -> bool:
        """Whether it is time to look, with so many more facts applied."""
        self._applied += facts
        if self._applied < self._look_at:
            return False
        self._look_at = 2 * self._applied
        return True


async def look(connection: asyncpg.Connection) -> None:
    """Samples each table that facts have effects on, and the facts."""
    await connection.execute(f"ANALYZE {', '.join(('facts', *TABLES))}")
