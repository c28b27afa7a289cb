"""Each lot's messages one after another, the lots side by side: many at once when many are waiting."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

import structlog

from cloud.ingest.broker import IN_FLIGHT
from cloud.ingest.sharing import share_of
from cloud.ingest.window_desk import Batch, Waiting
from cloud.metrics import Metrics
from models.ids import LotId
from models.wire.envelopes import WINDOW_BYTES

log = structlog.get_logger(__name__)

WAITING = 2 * IN_FLIGHT
"""Messages that may wait for one lot; more can only come unasked, at QoS 0."""
TOGETHER_BYTES = 2 * WINDOW_BYTES
"""So much is taken at once: a transaction for each small window would be the most of the work, and a very long one
would keep everything else waiting."""
LOTS_TOGETHER = 64


class LotQueues:
    """`take` is given what has been waiting; `done` is called with each message afterwards. So many `takers` are at
    it at once, and no lot is served by two of them."""

    def __init__(
        self, take: Callable[[Batch], Awaitable[None]], done: Callable[[Waiting], None], metrics: Metrics, takers: int
    ) -> None:
        self._take, self._done, self._metrics, self._takers = take, done, metrics, takers
        self._waiting: dict[LotId, deque[Waiting]] = {}
        self._ready: deque[LotId] = deque()
        self._serving: dict[LotId, asyncio.Future[None]] = {}
        self._came = asyncio.Event()

    def put(self, lot: LotId, one: Waiting) -> None:
        waiting = self._waiting.setdefault(lot, deque())
        if len(waiting) >= WAITING:
            self.drop(one, "full")
            return
        if not waiting and lot not in self._serving:
            self._ready.append(lot)
        waiting.append(one)
        self._came.set()

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
        begun = [done for lot, done in self._serving.items() if share_of(lot) in shares]
        await asyncio.gather(*map(asyncio.shield, begun))

    async def idle(self) -> None:
        """Returns when nothing waits any more."""
        while self._ready or self._serving:
            await asyncio.gather(*map(asyncio.shield, self._serving.values()))
            await asyncio.get_running_loop().run_in_executor(None, _a_turn)

    async def _serve(self) -> None:
        while True:
            batch = self._next()
            if not batch:
                self._came.clear()
                await self._came.wait()
                continue
            served: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._serving.update((lot, served) for lot, _ in batch)
            try:
                await self._serve_some(batch)
            finally:
                self._served(batch)
                served.set_result(None)

    async def _serve_some(self, batch: Batch) -> None:
        try:
            await self._take(batch)
        except Exception:
            # A defect that these messages meet costs these messages: their lots send the windows again.
            self._metrics.dropped.labels("failed").inc(sum(len(some) for _, some in batch))
            log.exception("ingest.failed", lots=[lot for lot, _ in batch])
        finally:
            for _, some in batch:
                for one in some:
                    self._done(one)

    def _served(self, batch: Batch) -> None:
        for lot, _ in batch:
            del self._serving[lot]
            if self._waiting[lot]:
                self._ready.append(lot)
            else:
                del self._waiting[lot]
        if self._ready:
            self._came.set()

    def _next(self) -> Batch:
        """Of the lots that have waited longest, what can be taken at once; each lot's messages in their order."""
        batch: list[tuple[LotId, Sequence[Waiting]]] = []
        room = TOGETHER_BYTES
        while self._ready and len(batch) < LOTS_TOGETHER and room > 0:
            lot = self._ready.popleft()
            if not self._waiting[lot]:  # it was dropped meanwhile
                del self._waiting[lot]
                continue
            some = _together(self._waiting[lot], room)
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
