"""Work at the database that outlasts the database: done again and again while it is away."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar, cast

import asyncpg
import structlog
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, wait_random_exponential

from cloud.db.connect import UNREACHABLE
from models.instants import Clock

log = structlog.get_logger(__name__)
T = TypeVar("T")

TRY_AGAIN = (*UNREACHABLE, asyncpg.TransactionRollbackError)
"""What passes by itself: a database that is away, and a transaction that lost against another."""


TIMES_TOO_SLOW = 3


class TooSlow(Exception):
    """It isn't that the database was away: it had the work, and never finished it in time."""


class Database:
    """Pooled connections, for work that may be repeated."""

    def __init__(self, pool: asyncpg.Pool, clock: Clock) -> None:
        self._pool, self._clock = pool, clock

    async def does(self, work: Callable[[asyncpg.Connection], Awaitable[T]]) -> T:
        """What `work` returns on a pooled connection, once the database is there for it."""
        return await self._repeated(work)

    async def does_soon(self, work: Callable[[asyncpg.Connection], Awaitable[T]]) -> T:
        """The same, but for work that may be too much: raises TooSlow when the database was there for it, and it took
        too long so many times."""
        slow = 0

        async def timed(connection: asyncpg.Connection) -> T:
            nonlocal slow
            try:
                return await work(connection)
            except TimeoutError as late:
                slow += 1
                if slow < TIMES_TOO_SLOW:
                    raise
                raise TooSlow from late

        return await self._repeated(timed)

    async def _repeated(self, work: Callable[[asyncpg.Connection], Awaitable[T]]) -> T:
        async for attempt in AsyncRetrying(
            retry=retry_if_exception(_passes_by_itself),
            wait=wait_random_exponential(multiplier=0.2, max=5),
            sleep=self._clock.sleep,
            before_sleep=_log_retry,
            reraise=True,
        ):
            with attempt:
                async with self._pool.acquire() as connection:
                    # A pooled connection is a connection, though asyncpg's types don't say so.
                    return await work(cast(asyncpg.Connection, connection))
        raise AssertionError("retrying never ends by itself")


def _passes_by_itself(wrong: BaseException) -> bool:
    """A value that asyncpg can't send is an InterfaceError too: wrong however often it is tried."""
    return isinstance(wrong, TRY_AGAIN) and not isinstance(wrong, ValueError)


def _log_retry(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    log.warning("ingest.database_away", attempt=state.attempt_number, error=type(error).__name__)
