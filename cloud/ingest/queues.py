"""Each lot's messages one after another, the lots side by side: many at once when many are waiting."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from cloud.defects import kept_apart
from cloud.ingest.broker import IN_FLIGHT
from cloud.ingest.sharing import share_of
from cloud.ingest.window_desk import Batch, Waiting
from cloud.metrics import Metrics
from models.ids import LotId
from models.wire.envelopes import WINDOW_BYTES

WAITING = 2 * IN_FLIGHT
"""Messages that may wait for one lot; more can only come unasked, at QoS 0."""
TOGETHER_BYTES = 4 * WINDOW_BYTES
"""So much is taken at once: a transaction for each small window would be the most of the work, and a very long one
would keep everything else waiting."""
LOTS_TOGETHER = 64


AT_A_LOT = 2
"""Of a lot, one batch is applied while the next is being read."""
Read = TypeVar("Read")


class LotQueues(Generic[Read]):
    """`read` is given what has been waiting, and `take` what was read of it, one after the other for each lot; `done`
    is called with each message afterwards. So many `takers` are at it at once."""

    def __init__(
        self,
        read: Callable[[Batch], Awaitable[Read]],
        take: Callable[[Read], Awaitable[None]],
        done: Callable[[Waiting], None],
        metrics: Metrics,
        takers: int,
    ) -> None:
        self._read, self._take, self._done, self._metrics, self._takers = read, take, done, metrics, takers
        self._waiting: dict[LotId, deque[Waiting]] = {}
        self._ready: dict[LotId, None] = {}
        """In the order in which they became so"""
        self._serving: dict[LotId, list[asyncio.Future[None]]] = {}
        """Of each lot, the ends of its batches that are under way"""
        self._came = asyncio.Event()

    def put(self, lot: LotId, one: Waiting) -> None:
        waiting = self._waiting.setdefault(lot, deque())
        if len(waiting) >= WAITING:
            self.drop(one, "full")
            return
        waiting.append(one)
        self._look_at(lot)

    def drop(self, one: Waiting, why: str) -> None:
        """Leaves it for its lot to send again."""
        self._metrics.dropped.labels(why).inc()
        self._done(one)

    async def run(self) -> None:
        """Until cancelled. A transaction that is cancelled rolls back; its lots send the windows again."""
        async with asyncio.TaskGroup() as takers:
            for _ in range(self._takers):
                takers.create_task(self._serve())

    async def part_with(self, shares: frozenset[int]) -> None:
        """What waits for the lots of these shares is dropped; returns when what was begun for them is done."""
        for lot, waiting in self._waiting.items():
            while waiting and share_of(lot) in shares:
                self.drop(waiting.popleft(), "not_ours")
        begun = [end for lot, ends in self._serving.items() if share_of(lot) in shares for end in ends]
        await asyncio.gather(*map(asyncio.shield, begun))

    async def idle(self) -> None:
        """Returns when nothing waits any more."""
        while self._ready or self._serving:
            await asyncio.gather(*(asyncio.shield(end) for ends in self._serving.values() for end in ends))
            await asyncio.get_running_loop().run_in_executor(None, _a_turn)

    async def _serve(self) -> None:
        while True:
            batch = self._next()
            if not batch:
                self._came.clear()
                await self._came.wait()
                continue
            before = [end for lot, _ in batch for end in self._serving.get(lot, ())]
            end: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            for lot, _ in batch:
                self._serving.setdefault(lot, []).append(end)
                self._look_at(lot)
            try:
                await self._serve_some(batch, before)
            finally:
                self._served(batch, end)

    async def _serve_some(self, batch: Batch, before: Sequence[asyncio.Future[None]]) -> None:
        # What one lot's messages meet is kept to that lot where they are read and taken. If all of them fail together,
        # their lots send them again.
        messages = sum(len(some) for _, some in batch)
        try:
            with kept_apart("ingest.failed", lambda: self._metrics.dropped.labels("failed").inc(messages)):
                read = await self._read(batch)
                await asyncio.gather(*map(asyncio.shield, before))
                await self._take(read)
        finally:
            for _, some in batch:
                for one in some:
                    self._done(one)

    def _served(self, batch: Batch, end: asyncio.Future[None]) -> None:
        end.set_result(None)
        for lot, _ in batch:
            self._serving[lot].remove(end)
            if not self._serving[lot]:
                del self._serving[lot]
            self._look_at(lot)

    def _look_at(self, lot: LotId) -> None:
        """Ready is who has something waiting, and not enough of it under way."""
        if not self._waiting.get(lot):
            self._waiting.pop(lot, None)
        elif len(self._serving.get(lot, ())) < AT_A_LOT:
            self._ready.setdefault(lot)
            self._came.set()

    def _next(self) -> Batch:
        """Of the lots that have waited longest, what can be taken at once; each lot's messages in their order."""
        batch: list[tuple[LotId, Sequence[Waiting]]] = []
        room = TOGETHER_BYTES
        while self._ready and len(batch) < LOTS_TOGETHER and room > 0:
            lot = next(iter(self._ready))
            del self._ready[lot]
            if waiting := self._waiting.get(lot):  # else it was dropped meanwhile
                some = _together(waiting, room)
                room -= sum(len(one.message.payload) for one in some)
                batch.append((lot, some))
        return batch


def _together(waiting: deque[Waiting], room: int) -> list[Waiting]:
    """The first of those that wait and what follows it on the same topic, as far as there is room; at least one."""
    some = [waiting.popleft()]
    room -= len(some[0].message.payload)
    while waiting and waiting[0].message.topic == some[0].message.topic:
        room -= len(waiting[0].message.payload)
        if room < 0:
            break
        some.append(waiting.popleft())
    return some


def _a_turn() -> None:
    """Nothing; while it is done elsewhere, everybody here has had a turn."""
