"""Where requests meet that come at the same time: what waits is sold together, in one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NamedTuple, cast

import asyncpg

from cloud.booking.selling import Request, Sold, sell_together
from cloud.db.connect import UNREACHABLE

AT_ONCE = 64
WORKERS = 4
"""Each for lots of its own: two transactions with places of the same lot would wait for each other's commit."""
_STOPPED = "the bookings have stopped"
_APART = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError, asyncpg.TransactionRollbackError)
"""What one request may bring about for all: they are looked at one by one then."""


class _Waiting(NamedTuple):
    request: Request
    answer: asyncio.Future[Sold]


class _Queue:
    """Those who wait for one worker."""

    def __init__(self) -> None:
        self._waiting: list[_Waiting] = []
        self._came = asyncio.Event()

    def join(self, waiting: _Waiting) -> None:
        self._waiting.append(waiting)
        self._came.set()

    async def next(self) -> list[_Waiting]:
        """At least one."""
        await self._came.wait()
        some, self._waiting = self._waiting[:AT_ONCE], self._waiting[AT_ONCE:]
        if not self._waiting:
            self._came.clear()
        return some

    def end(self) -> None:
        """Whoever waits still is told that nobody serves any more."""
        _all_told(self._waiting, asyncpg.InterfaceError(_STOPPED))


class Desk:
    """Nothing is kept waiting for company: whoever comes alone is served alone."""

    def __init__(self, connections: asyncpg.Pool) -> None:
        self._pool = connections
        self._queues = [_Queue() for _ in range(WORKERS)]

    async def sell(self, request: Request) -> Sold:
        """Committed when it returns. Raises NotSold, or one of UNREACHABLE: then nobody knows whether it was sold."""
        waiting = _Waiting(request, asyncio.get_running_loop().create_future())
        self._queues[hash(request.wanted.lot) % WORKERS].join(waiting)
        return await waiting.answer

    async def run(self) -> None:
        """Until cancelled; whoever waits then is told that nobody serves any more."""
        try:
            async with asyncio.TaskGroup() as workers:
                for queue in self._queues:
                    workers.create_task(self._work(queue))
        finally:
            for queue in self._queues:
                queue.end()

    async def _work(self, queue: _Queue) -> None:
        while True:
            some = await queue.next()
            try:
                await self._serve(some)
            finally:
                _all_told(some, asyncpg.InterfaceError(_STOPPED))

    async def _serve(self, some: Sequence[_Waiting]) -> None:
        try:
            async with self._pool.acquire() as connection:
                # A pooled connection is a connection, though asyncpg's types don't say so.
                own = cast(asyncpg.Connection, connection)
                answers = await sell_together(own, [one.request for one in some])
        except UNREACHABLE as away:
            _all_told(some, away)
        except _APART as wrong:
            if len(some) == 1:
                _all_told(some, wrong)
            for one in some if len(some) > 1 else ():
                await self._serve([one])
        else:
            for one, answer in zip(some, answers, strict=True):
                _told(one, answer)


def _told(one: _Waiting, answer: Sold | Exception) -> None:
    """A client that went away isn't told."""
    if one.answer.done():
        return
    if isinstance(answer, Exception):
        one.answer.set_exception(answer)
    else:
        one.answer.set_result(answer)


def _all_told(some: Sequence[_Waiting], why: Exception) -> None:
    for one in some:
        _told(one, why)
