"""The long-running process: waits for its database, migrates it, serves, and stops in order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import FrameType

import structlog
import uvicorn
from fastapi import FastAPI

from cloud.collecting import collect_seldom
from cloud.db import migrate
from cloud.db.connect import UNREACHABLE, plainly
from cloud.service import Cloud
from models.instants import SECOND

log = structlog.get_logger(__name__)

TRY_EVERY_SECONDS = 1
LINGER_SECONDS = 5


class Server(uvicorn.Server):
    """uvicorn that ends the event streams first: they would hold it up until its patience ends."""

    def __init__(self, config: uvicorn.Config, stopping: Callable[[], None]) -> None:
        super().__init__(config)
        self._stopping = stopping
        self._loop = asyncio.get_running_loop()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """The first signal asks for an orderly end, which is a success; the second insists."""
        self.force_exit = self.should_exit
        self.should_exit = True
        self._loop.call_soon_threadsafe(self._stopping)


async def serve(app: FastAPI, wait: float) -> None:
    """Runs until a signal. Waits at most `wait` seconds for the database, then raises one of UNREACHABLE."""
    cloud: Cloud = app.state.cloud
    before, after = await _migrated(cloud, wait)
    log.info("database.ready", before=before, after=after)
    settings = cloud.settings
    config = uvicorn.Config(
        app,
        host=settings.http_host,
        port=settings.http_port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=LINGER_SECONDS,
    )
    collect_seldom()
    log.info("http.starting", host=settings.http_host, port=settings.http_port, ingest=settings.ingest)
    await Server(config, cloud.live.stop).serve()
    log.info("stopped")


async def _migrated(cloud: Cloud, wait: float) -> tuple[str | None, str]:
    """A server that boots beside its database may be the first of the two."""
    give_up = cloud.clock.monotonic() + wait * SECOND
    while True:
        try:
            with plainly():
                return await migrate.upgrade(cloud.engine)
        except UNREACHABLE as away:
            if cloud.clock.monotonic() >= give_up:
                raise
            log.warning("database.waiting", error=type(away).__name__)
        await cloud.clock.sleep(TRY_EVERY_SECONDS)
