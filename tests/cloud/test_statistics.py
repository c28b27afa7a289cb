"""PostgreSQL looks at a growing database before it plans for one that is empty, and nobody waits for that."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from cloud.clock import SystemClock
from cloud.ingest import statistics
from cloud.ingest.apply import apply_window
from cloud.settings import CloudSettings
from tests.cloud.lots import NOON, Lot

SIZE = "SELECT reltuples FROM pg_class WHERE relname = 'spots'"


async def test_afterwards_the_planner_knows_how_large_the_tables_are(database: asyncpg.Connection, lot: Lot) -> None:
    await apply_window(database, lot.window(), NOON)
    assert await database.fetchval(SIZE) == -1
    await statistics.look(database)
    assert await database.fetchval(SIZE) == len(lot.spots)


async def test_a_table_is_looked_at_again_only_when_it_has_doubled(database: asyncpg.Connection, lot: Lot) -> None:
    await apply_window(database, lot.window(), NOON)
    await statistics.look(database)
    await database.execute("UPDATE pg_class SET reltuples = 77 WHERE relname = 'spots'")
    await statistics.look(database)
    assert await database.fetchval(SIZE) == 77
    await database.execute(
        "INSERT INTO spots (tenant_id, lot_id, id, level_id, spot_number, spot_type, status) SELECT tenant_id, lot_id,"
        " gen_random_uuid(), level_id, 'more ' || n, spot_type, status"
        " FROM (SELECT * FROM spots LIMIT 1) AS one, generate_series(1, 400) AS n"
    )
    await statistics.look(database)
    assert await database.fetchval(SIZE) == len(lot.spots) + 400


async def test_a_look_that_hangs_or_fails_keeps_nobody_and_ends_by_itself(
    settings: CloudSettings,
    database: asyncpg.Connection,
    lot: Lot,
    pool: asyncpg.Pool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(statistics, "WITHIN_SECONDS", 0.2)
    monkeypatch.setattr(statistics, "ANALYZE", "SELECT pg_sleep(60) --")
    await apply_window(database, lot.window(), NOON)
    beside = statistics.Statistics(pool, SystemClock())
    running = asyncio.create_task(beside.run())
    beside.grown(statistics.ENOUGH)
    async with asyncio.timeout(10):
        while not await database.fetchval("SELECT 1 FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'"):
            await asyncio.sleep(0.02)
        while await database.fetchval(
            "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND state = 'active'"
        ):
            await asyncio.sleep(0.02)
    assert not running.done()
    running.cancel()
