"""Who watches is told, once a change, also after the database was away."""

from __future__ import annotations

import asyncio

import asyncpg

from cloud.clock import SystemClock
from cloud.ingest.apply import apply_window
from cloud.live import Live
from cloud.settings import CloudSettings
from tests.cloud.lots import NOON, Lot


async def test_a_watcher_hears_of_a_committed_window_and_not_before(
    settings: CloudSettings, database: asyncpg.Connection, lot: Lot
) -> None:
    live = Live(settings, SystemClock())
    task = asyncio.create_task(live.run())
    with live.watch() as changes:
        told = aiter(changes)
        async with asyncio.timeout(10):
            assert await anext(told) is None
            await apply_window(database, lot.window(), NOON)
            assert await anext(told) == lot.id
    live.stop()
    task.cancel()


async def test_a_slow_watcher_hears_of_each_lot_once(settings: CloudSettings, lot: Lot) -> None:
    live = Live(settings, SystemClock())
    with live.watch() as changes:
        for _ in range(1000):
            live.tell(lot.id)
        live.tell(None)
        told = aiter(changes)
        assert [await anext(told), await anext(told)] == [lot.id, None]
        live.stop()
        assert [lot async for lot in told] == []


async def test_after_a_lost_connection_everything_is_to_be_read_again(
    settings: CloudSettings, database: asyncpg.Connection
) -> None:
    live = Live(settings, SystemClock())
    task = asyncio.create_task(live.run())
    with live.watch() as changes:
        told = aiter(changes)
        async with asyncio.timeout(20):
            assert await anext(told) is None
            await database.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = 'parkgate-live' AND datname = current_database()"
            )
            assert await anext(told) is None
    live.stop()
    task.cancel()
