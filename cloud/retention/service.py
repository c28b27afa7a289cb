"""Retention as a running part: one process of the cloud does it, lot by lot, in batches that don't hold ingest up."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import asyncpg
import structlog

from cloud.db import connect
from cloud.retention.lot import KeptLot, before, kept_lots
from cloud.retention.plates import (
    EVENTS,
    Limits,
    mask_events,
    mask_parked,
    mask_stays,
    mask_vehicles_without_a_stay,
)
from cloud.retention.records import OTHERS, forget_others, forget_telemetry
from cloud.retention.reserved import mask_reservations
from cloud.settings import CloudSettings
from models.instants import Clock, Instant

log = structlog.get_logger(__name__)

LOCK = 0x7061726B666F7267
"""The advisory lock of the one process that forgets: "parkforg" as a number."""
EVERY_SECONDS = 3600
ASK_AGAIN_SECONDS = 300
"""Another process does it; should that one end, this one takes over."""
BATCH = 500

Batch = Callable[[asyncpg.Connection, int], Awaitable[int]]
"""Handles up to so many rows in the transaction that it finds, and returns how many; fewer: nothing more is due."""


class Retention:
    """Goes round once an hour in whichever process holds the lock."""

    def __init__(self, settings: CloudSettings, clock: Clock) -> None:
        self._settings, self._clock = settings, clock

    async def run(self) -> None:
        """Until cancelled. Raises what asyncpg raises when the database goes away, and with it the lock."""
        while True:
            async with self._locked() as connection:
                while connection is not None:
                    await self.round(connection)
                    await self._clock.sleep(EVERY_SECONDS)
            await self._clock.sleep(ASK_AGAIN_SECONDS)

    async def round(self, connection: asyncpg.Connection) -> None:
        """Everything that is due now, at all lots."""
        for lot in await kept_lots(connection, self._settings):
            await self._go_through(connection, lot)

    @asynccontextmanager
    async def _locked(self) -> AsyncIterator[asyncpg.Connection | None]:
        """A connection that holds the lock for as long as it lives; None while another process has it."""
        connection = await connect.connection(self._settings, "parkgate-retention")
        try:
            mine = await connection.fetchval("SELECT pg_try_advisory_lock($1)", LOCK)
            yield connection if mine else None
        finally:
            await connection.close()

    async def _go_through(self, connection: asyncpg.Connection, lot: KeptLot) -> None:
        now = self._clock.read().wall
        limits = Limits(before(now, lot.plate_days), before(now, lot.debt_plate_days))
        for batch in self._batches(lot, limits, now):
            while await self._do(connection, lot, batch) >= BATCH:
                pass

    def _batches(self, lot: KeptLot, limits: Limits, now: Instant) -> list[Batch]:
        old, stale = before(now, self._settings.record_days), before(now, self._settings.telemetry_days)
        return [
            lambda connection, most: mask_stays(connection, lot, limits, now, most),
            *(
                lambda connection, most, table=table: mask_events(connection, lot, table, limits, now, most)
                for table in EVENTS
            ),
            lambda connection, most: mask_vehicles_without_a_stay(connection, lot, limits, now, most),
            lambda connection, most: mask_reservations(connection, lot, limits.closed, now, most),
            lambda connection, most: mask_parked(connection, lot, limits, now, most),
            *(
                lambda connection, most, table=table: forget_others(connection, lot, table, old, now, most)
                for table in OTHERS
            ),
            lambda connection, most: forget_telemetry(connection, lot, stale, now, most),
        ]

    async def _do(self, connection: asyncpg.Connection, lot: KeptLot, batch: Batch) -> int:
        """Under the lock of the lot's cursors, as ingest works: neither can meet the other half way."""
        async with connection.transaction():
            await connection.execute("SELECT 1 FROM streams WHERE lot_id = $1 ORDER BY stream_id FOR UPDATE", lot.id)
            return await batch(connection, BATCH)
