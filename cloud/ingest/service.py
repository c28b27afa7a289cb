"""Ingest as a running part: its shares of the lots, their messages in, transactions, acknowledgements out."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

import structlog

from cloud.db.connect import pool
from cloud.defects import kept_apart
from cloud.ingest.ask_desk import AskDesk, is_ask
from cloud.ingest.beacon_desk import BeaconDesk
from cloud.ingest.broker import Arrived, BrokerLink
from cloud.ingest.lasting import Database
from cloud.ingest.news import News
from cloud.ingest.queues import LotQueues
from cloud.ingest.shares import Shares
from cloud.ingest.sharing import share_of, topics
from cloud.ingest.state_desk import StateDesk
from cloud.ingest.statistics import Statistics
from cloud.ingest.window_desk import Batch, Run, Waiting, WindowDesk
from cloud.metrics import Metrics
from cloud.settings import CloudSettings
from models.ids import LotId
from models.instants import Clock
from models.wire.seals import Seals
from models.wire.topics import lot_of

log = structlog.get_logger(__name__)


class _Came(NamedTuple):
    """What a batch holds: windows as they were read, the rest as it came."""

    rest: Batch
    runs: Sequence[Run]


BESIDE = 2
"""Connections for what isn't facts: what is told of them, and PostgreSQL's look at its tables."""


class Ingest:
    """Takes what the broker has for the lots of this process's shares.

    Nothing is acknowledged before its transaction has committed; when it never commits, the lot sends again.
    """

    def __init__(self, settings: CloudSettings, signer: Seals, clock: Clock, metrics: Metrics) -> None:
        self._settings, self._signer, self._clock, self._metrics = settings, signer, clock, metrics
        self._link: BrokerLink | None = None
        self._held: frozenset[int] = frozenset()

    @property
    def broker_connected(self) -> bool:
        return self._link is not None and self._link.connected

    @property
    def listening(self) -> bool:
        """Whether what the lots of its shares publish from now on reaches this process."""
        return self._link is not None and self._link.listening

    async def run(self) -> None:
        """Runs until cancelled. A broker or database that is away is tried again for ever."""
        async with pool(self._settings, most=self._settings.ingest_pool + BESIDE) as connections:
            database = Database(connections, self._clock)
            self._news, self._statistics = News(database, self._clock), Statistics(connections, self._clock)
            self._link = link = BrokerLink(self._settings, self._heard, self._connected)
            desk = (database, self._signer, self._clock, self._metrics, link.publish)
            self._state = StateDesk(*desk, ours=lambda lot: share_of(lot) in self._held)
            self._windows = WindowDesk(*desk, self._state.compared, self._committed)
            self._beacons = BeaconDesk(database, self._clock, self._metrics, self._news.tell)
            self._asks = AskDesk(database, self._signer, self._clock, self._metrics, link.publish)
            await self._asks.catch_up()
            # No more at once than there are connections: what waits for one could still grow together.
            takers = self._settings.ingest_pool
            self._queues = LotQueues(self._read, self._take, self._done, self._metrics, takers)
            self._asked = asyncio.Queue[frozenset[int]]()
            shares = Shares(
                self._settings,
                self._clock,
                self._metrics,
                self._divided,
                self._queues.part_with,
                hears=lambda: link.hears,
            )
            link.start()
            try:
                async with asyncio.TaskGroup() as parts:
                    for part in (self._queues.run(), shares.run(), self._beacons.run(), self._state.run(), self._ask()):
                        parts.create_task(part)
                    for beside in (self._news.run(), self._statistics.run()):
                        parts.create_task(beside)
            finally:
                await link.stop()

    async def _read(self, batch: Batch) -> _Came:
        """Of each lot, what waited on one topic: windows of facts, a question, or something about its state."""
        windows: list[tuple[LotId, Sequence[Waiting]]] = []
        rest: list[tuple[LotId, Sequence[Waiting]]] = []
        for lot, some in batch:
            first = some[0].message
            other = is_ask(first) or self._state.takes(lot, first.topic)
            (rest if other else windows).append((lot, some))
        return _Came(rest, await self._windows.read(windows))

    async def _take(self, came: _Came) -> None:
        await self._windows.take(came.runs)
        for lot, some in came.rest:
            messages = [one.message for one in some]
            desk = self._asks if is_ask(messages[0]) else self._state
            with kept_apart("ingest.failed", self._metrics.failed, lot=lot):
                await desk.take(lot, messages)

    def _connected(self, up: bool) -> None:
        self._metrics.broker_up.set(up)
        if up:
            self._asked.put_nowait(self._held)

    def _divided(self, held: frozenset[int], lots: frozenset[LotId]) -> None:
        """This process's shares have changed, or the lots in them."""
        assert self._link is not None
        new, self._held = held - self._held, held
        self._link.listen(topics(held, lots))
        if new and self._link.connected:
            self._asked.put_nowait(new)

    def _committed(self, lots: Sequence[LotId], facts: int) -> None:
        self._news.tell(lots)
        self._statistics.grown(facts)

    async def _ask(self) -> None:
        """Whoever begins to listen has missed something, perhaps: the lots are told where they stand."""
        while True:
            await self._windows.ask(await self._asked.get() & self._held)

    def _heard(self, message: Arrived) -> None:
        one = Waiting(message, self._clock.monotonic())
        try:
            lot = lot_of(message.topic)
        except ValueError:
            self._queues.drop(one, "topic")
            return
        if share_of(lot) not in self._held:
            self._queues.drop(one, "not_ours")
        elif message.topic.endswith("/state"):
            self._beacons.take(lot, message)
            self._done(one)
        else:
            self._queues.put(lot, one)

    def _done(self, one: Waiting) -> None:
        assert self._link is not None
        self._link.release(one.message)
