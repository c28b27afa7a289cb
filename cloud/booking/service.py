"""Bookings as a running part of a cloud process: sells, and goes round telling the lots what was sold."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import asyncpg
import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from cloud.booking import telling
from cloud.booking.desk import Desk
from cloud.booking.selling import Request, Sold, Wanted
from cloud.booking.shortage import look_for_shortages
from cloud.db.connect import UNREACHABLE, plainly, pool
from cloud.enrolment import new_id
from cloud.settings import CloudSettings
from cloud.signing import SigningKey
from models.ids import LotId, ReservationId
from models.instants import SECOND, Clock, Instant
from models.reservations.codes import ReservationCode, written_code
from models.reservations.peak import Span
from models.reservations.selling import HOLD_MARGIN
from models.spots import SpotType
from models.wire.seals import Signer

log = structlog.get_logger(__name__)

CONNECTIONS = 8
EVERY_SECONDS = 1
TOGETHER_SECONDS = 0.05
"""What is sold within it is told of in one transaction."""
_NOT_RUNNING = "the bookings aren't running"
SELDOM = 10 * SECOND
AWAY = (*UNREACHABLE, DBAPIError, asyncpg.TransactionRollbackError)


class Bookings:
    """Several processes may each have one. What is sold is decided in PostgreSQL, and told of by whoever is there."""

    def __init__(self, settings: CloudSettings, key: SigningKey, engine: AsyncEngine, clock: Clock) -> None:
        self._settings, self._key, self._engine, self._clock = settings, key, engine, clock
        self._sold = asyncio.Event()
        self._pool: asyncpg.Pool | None = None
        self._desk: Desk | None = None

    @property
    def ready(self) -> bool:
        return self._pool is not None

    async def sell(self, tenant: str, wanted: Wanted, now: Instant) -> tuple[Sold, str]:
        """Committed when it returns; with the code of what was sold anew. Raises NotSold, or one of UNREACHABLE: then
        it may have been sold, and asking again under the same key says so."""
        id = ReservationId(new_id(now))
        code = self.code(wanted.lot, id, wanted.spot_type, wanted.span)
        if self._desk is None:
            raise asyncpg.InterfaceError(_NOT_RUNNING)
        sold = await self._desk.sell(Request(tenant, wanted, id, hashed(code), now))
        self.something_to_tell()
        return sold, code

    def code(self, lot: LotId, id: ReservationId, spot_type: SpotType, span: Span) -> str:
        """What the driver shows. It is written anew whenever it is asked for, and kept nowhere."""
        return code_of(self._key.signer, lot, id, spot_type, span)

    def something_to_tell(self) -> None:
        self._sold.set()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[asyncpg.Connection]:
        """For one question. Raises one of UNREACHABLE."""
        if self._pool is None:
            raise asyncpg.InterfaceError(_NOT_RUNNING)
        async with self._pool.acquire() as connection:
            # A pooled connection is a connection, though asyncpg's types don't say so.
            yield cast(asyncpg.Connection, connection)

    async def run(self) -> None:
        """Until cancelled. A database that is away is tried again for ever."""
        async with pool(self._settings, "booking", CONNECTIONS) as self._pool:
            self._desk = Desk(self._pool)
            try:
                async with asyncio.TaskGroup() as parts:
                    parts.create_task(self._desk.run())
                    parts.create_task(self._rounds())
            finally:
                self._pool = self._desk = None

    async def _rounds(self) -> None:
        seldom = self._clock.monotonic()
        while True:
            due = seldom <= self._clock.monotonic()
            await self._round(due)
            if due:
                seldom = self._clock.monotonic() + SELDOM
            await self._until_something()
            await self._clock.sleep(TOGETHER_SECONDS)

    async def _round(self, seldom: bool) -> None:
        try:
            with plainly():
                await self.tell_lots()
                if seldom:
                    await self.tidy()
        except AWAY as away:
            log.warning("booking.database_away", error=type(away).__name__)

    async def tell_lots(self) -> None:
        """Everything that is to be told now, and the places that are free again."""
        async with self._engine.connect() as connection:
            lots = await telling.lots_to_tell(connection)
        for tenant, lot in lots:
            while await self._told(tenant, lot) == telling.AT_ONCE:
                pass
        async with self._engine.begin() as connection:
            await telling.free(connection)

    async def _told(self, tenant: str, lot: LotId) -> int:
        async with self._engine.begin() as connection:
            return await telling.tell(connection, tenant, lot, self._clock.read().wall)

    async def tidy(self) -> None:
        """What can wait for some seconds."""
        now = self._clock.read().wall
        async with self._engine.begin() as connection:
            await telling.end_holds(connection, Instant(now - HOLD_MARGIN))
        async with self._engine.begin() as connection:
            await telling.tell_what_is_over(connection, now)
        async with self.connection() as connection, connection.transaction():
            await look_for_shortages(connection, now)

    async def _until_something(self) -> None:
        """At once after a sale of this process; those of others wait for a second at most."""
        sold = asyncio.ensure_future(self._sold.wait())
        rest = asyncio.ensure_future(self._clock.sleep(EVERY_SECONDS))
        try:
            await asyncio.wait((sold, rest), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in (sold, rest):
                one.cancel()
        self._sold.clear()


def code_of(signer: Signer, lot: LotId, id: ReservationId, spot_type: SpotType, span: Span) -> str:
    return written_code(ReservationCode(lot, id, spot_type, span.start, span.end), signer)


def hashed(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()
