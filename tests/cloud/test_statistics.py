"""PostgreSQL looks at a growing database before it plans for one that is empty."""

from __future__ import annotations

import asyncpg

from cloud.ingest import statistics
from cloud.ingest.apply import apply_window
from tests.cloud.lots import NOON, Lot


def test_it_is_looked_at_each_time_the_facts_have_doubled() -> None:
    growth = statistics.Growth()
    looked = [facts for facts in range(100, 20_001, 100) if growth.grown(100)]
    assert looked == [500, 1000, 2000, 4000, 8000, 16000]


async def test_afterwards_the_planner_knows_how_large_the_tables_are(database: asyncpg.Connection, lot: Lot) -> None:
    size = "SELECT reltuples FROM pg_class WHERE relname = 'spots'"
    await apply_window(database, lot.window(), NOON)
    assert await database.fetchval(size) == -1
    await statistics.look(database)
    assert await database.fetchval(size) == len(lot.spots)
