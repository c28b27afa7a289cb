"""The cloud's parts put together, and what keeps them running."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine

from cloud.booking.service import Bookings
from cloud.broker.login import try_login
from cloud.clock import SystemClock
from cloud.commands.service import Commands
from cloud.db import connect
from cloud.defects import kept_apart
from cloud.ingest.service import Ingest
from cloud.intents.publisher import Publisher
from cloud.live import Live
from cloud.metrics import Metrics
from cloud.retention.service import Retention
from cloud.settings import CloudSettings
from cloud.signing import SigningKey
from models.instants import Clock

RESTART_SECONDS = 5


@dataclass(frozen=True)
class Cloud:
    """One process of the cloud. Nothing in it connects to anything before `running`, but `engine` when first used."""

    settings: CloudSettings
    clock: Clock
    engine: AsyncEngine
    live: Live
    metrics: Metrics
    ingest: Ingest | None
    commands: Commands | None
    """None in a process without a signing key"""
    publisher: Publisher | None
    bookings: Bookings | None
    """None in a process without a signing key, with which the drivers' codes are signed"""

    @classmethod
    def of(cls, settings: CloudSettings, clock: Clock | None = None) -> Cloud:
        """Raises cloud.signing.NoSigningKey, cloud.broker.login.NoLogin."""
        if settings.ingest or settings.signing_key_file:
            try_login(settings)
        clock = clock or SystemClock()
        metrics, engine = Metrics(), connect.engine(settings)
        key = SigningKey(settings.signing_key_file) if settings.ingest or settings.signing_key_file else None
        return cls(
            settings=settings,
            clock=clock,
            engine=engine,
            live=Live(settings, clock),
            metrics=metrics,
            ingest=Ingest(settings, key, clock, metrics) if settings.ingest and key else None,
            commands=Commands.of(settings, key, engine, clock, metrics) if key else None,
            publisher=Publisher(settings, key, clock, metrics) if settings.ingest and key else None,
            bookings=Bookings(settings, key, engine, clock) if key else None,
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Listens for changes and takes facts in until left; then finishes in order."""
        parts: list[tuple[str, Callable[[], Awaitable[None]]]] = [("live", self.live.run)]
        if self.ingest is not None:
            parts.append(("ingest", self.ingest.run))
        if self.commands is not None:
            parts.append(("commands", self.commands.run))
        if self.settings.retention:
            parts.append(("retention", Retention(self.settings, self.clock).run))
        if self.publisher is not None:
            parts.append(("intents", self.publisher.run))
        if self.bookings is not None:
            parts.append(("booking", self.bookings.run))
        tasks = [asyncio.create_task(self._kept_up(name, run), name=name) for name, run in parts]
        try:
            yield
        finally:
            self.live.stop()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self.engine.dispose()

    async def _kept_up(self, name: str, run: Callable[[], Awaitable[None]]) -> None:
        while True:
            with kept_apart("part.failed", self.metrics.part_failures.labels(name).inc, part=name):
                await run()
            await self.clock.sleep(RESTART_SECONDS)
