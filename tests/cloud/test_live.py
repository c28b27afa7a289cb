"""Who watches is told, once a change, also after the database was away."""

from __future__ import annotations

import asyncio

import asyncpg

from cloud.clock import SystemClock
from cloud.ingest.apply import apply_window
from cloud.ingest.digests import Compared
from cloud.ingest.lasting import Database
from cloud.ingest.news import News
from cloud.ingest.sharing import ALL
from cloud.ingest.window_desk import WindowDesk
from cloud.live import Live
from cloud.metrics import Metrics
from cloud.settings import CloudSettings
from models.ids import LotId
from models.wire.seals import Signer
from tests.cloud.lots import NOON, Lot


async def nothing(lot: LotId, digest: Compared) -> None:
    """No digest is sent here."""


async def test_a_watcher_hears_at_once_and_then_of_many_changes_together(
    settings: CloudSettings, lot: Lot, pool: asyncpg.Pool
) -> None:
    live, clock = Live(settings, SystemClock()), SystemClock()
    news = News(Database(pool, clock), clock)
    telling = asyncio.create_task(news.run())
    task = asyncio.create_task(live.run())
    with live.watch() as changes:
        told = aiter(changes)
        async with asyncio.timeout(10):
            assert await anext(told) is None
            for _ in range(100):
                news.tell([lot.id])
            assert await anext(told) == lot.id
            news.tell([lot.id])
            assert await anext(told) == lot.id
    live.stop()
    task.cancel()
    telling.cancel()


async def test_whoever_takes_lots_over_tells_of_what_was_committed_and_never_told(
    settings: CloudSettings, database: asyncpg.Connection, lot: Lot, pool: asyncpg.Pool
) -> None:
    await apply_window(database, lot.window(), NOON)  # and its process is killed
    told: list[LotId] = []
    clock, signer = SystemClock(), Signer.generated()
    desk = WindowDesk(
        Database(pool, clock), signer, clock, Metrics(), lambda *_: True, nothing, lambda lots, _: told.extend(lots)
    )
    await desk.ask(ALL)
    assert told == [lot.id]


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
