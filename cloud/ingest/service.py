"""Ingest as a running part: messages in, each lot's in order, transactions, acknowledgements out."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import TypeVar, cast

import asyncpg
import structlog
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_random_exponential

from cloud.db.connect import UNREACHABLE, pool
from cloud.ingest.apply import Outcome, UnknownLot, apply_window
from cloud.ingest.beacons import keep_beacon
from cloud.ingest.broker import IN_FLIGHT, Arrived, BrokerLink
from cloud.ingest.cases import Case, open_case_of_lot
from cloud.metrics import Metrics
from cloud.settings import CloudSettings
from models.ids import LotId
from models.instants import SECOND, Clock, Monotonic
from models.wire.envelopes import Ack, Beacon, Malformed, Window, unpack
from models.wire.seals import SealedAs, Signer
from models.wire.topics import lot_of, up_ack

log = structlog.get_logger(__name__)
T = TypeVar("T")

WAITING = 2 * IN_FLIGHT
"""Messages that may wait for one lot; more can only come unasked, at QoS 0."""
TRY_AGAIN = (*UNREACHABLE, asyncpg.TransactionRollbackError)
"""What passes by itself: a database that is away, and a transaction that lost against another."""


class Ingest:
    """Takes what the broker has for us. Lots are served side by side, each lot's messages one after another.

    Nothing is acknowledged before its transaction has committed; when it never commits, the lot sends again.
    """

    def __init__(self, settings: CloudSettings, signer: Signer, clock: Clock, metrics: Metrics) -> None:
        self._settings, self._signer, self._clock, self._metrics = settings, signer, clock, metrics
        self._waiting: dict[LotId, deque[tuple[Arrived, Monotonic]]] = {}
        self._serving: set[asyncio.Task[None]] = set()
        self._link: BrokerLink | None = None
        self._pool: asyncpg.Pool | None = None

    @property
    def broker_connected(self) -> bool:
        return self._link is not None and self._link.connected

    async def run(self) -> None:
        """Runs until cancelled. A broker or database that is away is tried again for ever."""
        async with pool(self._settings) as connections:
            self._pool = connections
            self._link = BrokerLink(self._settings, self._heard, self._metrics.broker_up.set)
            self._link.start()
            try:
                await asyncio.Event().wait()
            finally:
                await self._stop()

    async def _stop(self) -> None:
        if self._link is not None:
            await self._link.stop()
        for task in self._serving:
            task.cancel()
        # A transaction that is cancelled rolls back; its lot sends the window again.
        await asyncio.gather(*self._serving, return_exceptions=True)

    def _heard(self, message: Arrived) -> None:
        try:
            lot = lot_of(message.topic)
        except ValueError:
            self._drop(message, "topic")
            return
        waiting = self._waiting.get(lot)
        if waiting is None:
            waiting = self._waiting[lot] = deque()
            task = asyncio.create_task(self._serve(lot, waiting))
            self._serving.add(task)
            task.add_done_callback(self._serving.discard)
        if len(waiting) >= WAITING:
            self._drop(message, "full")
            return
        waiting.append((message, self._clock.monotonic()))

    def _drop(self, message: Arrived, why: str) -> None:
        self._metrics.dropped.labels(why).inc()
        self._release(message)

    def _release(self, message: Arrived) -> None:
        if self._link is not None:
            self._link.release(message)

    async def _serve(self, lot: LotId, waiting: deque[tuple[Arrived, Monotonic]]) -> None:
        """One lot's messages in the order of their arrival, until none is left."""
        try:
            while waiting:
                message, since = waiting.popleft()
                await self._take(lot, message, since)
        finally:
            del self._waiting[lot]

    async def _take(self, lot: LotId, message: Arrived, since: Monotonic) -> None:
        try:
            await self._judge(lot, message, since)
        except Exception:
            # A defect that one message meets costs that message: its lot sends the window again.
            self._metrics.dropped.labels("failed").inc()
            log.exception("ingest.failed", lot=lot, topic=message.topic)
        finally:
            self._release(message)

    async def _judge(self, lot: LotId, message: Arrived, since: Monotonic) -> None:
        try:
            if message.topic.endswith("/state"):
                await self._take_beacon(lot, message)
            else:
                await self._take_window(lot, message, since)
        except Malformed as wrong:
            # The reader's own words quote what it read, plates too.
            why = type(wrong.__cause__).__name__ if wrong.__cause__ else str(wrong)
            await self._refuse(lot, message, why)
        except UnknownLot:
            self._metrics.windows.labels("unknown_lot").inc()
            log.warning("ingest.unknown_lot", lot=lot)

    async def _take_beacon(self, lot: LotId, message: Arrived) -> None:
        if not message.payload:
            return  # a retained state that was deleted at the broker
        beacon = unpack(Beacon, message.payload)
        if beacon.lot != lot:
            raise Malformed("its lot isn't the topic's")
        at = self._clock.read().wall
        await self._lasting(lambda connection: keep_beacon(connection, beacon, at, retained=message.retained))
        self._metrics.beacons.inc()

    async def _take_window(self, lot: LotId, message: Arrived, since: Monotonic) -> None:
        window = unpack(Window, message.payload)
        if window.lot != lot or message.topic.rpartition("/")[2] != window.stream:
            raise Malformed("its lot and stream aren't the topic's")
        at = self._clock.read().wall
        begun = self._clock.monotonic()
        outcome = await self._lasting(lambda connection: apply_window(connection, window, at))
        self._metrics.apply_seconds.observe((self._clock.monotonic() - begun) / SECOND)
        self._count(window, outcome)
        if outcome.ack is not None:
            self._acknowledge(outcome.ack, since)

    def _acknowledge(self, ack: Ack, since: Monotonic) -> None:
        sealed = self._signer.seal(SealedAs.ACK, ack.lot, ack)
        if self._link is None or not self._link.publish(up_ack(ack.lot, ack.stream), sealed):
            self._metrics.acks_unsent.inc()
            return
        self._metrics.ack_seconds.observe((self._clock.monotonic() - since) / SECOND)

    def _count(self, window: Window, outcome: Outcome) -> None:
        verdict = type(outcome.verdict).__name__.lower()
        self._metrics.windows.labels(verdict).inc()
        self._metrics.facts_applied.inc(outcome.applied)
        self._metrics.facts_parked.inc(outcome.parked)
        why = getattr(outcome.verdict, "why", None)
        if why is not None or outcome.parked:
            log.warning(
                "ingest.needs_a_person", lot=window.lot, stream_id=window.stream_id, verdict=verdict, why=why,
                parked=outcome.parked,
            )  # fmt: skip

    async def _refuse(self, lot: LotId, message: Arrived, why: str) -> None:
        """A message that isn't what its topic promises: counted, and shown to the lot's operator."""
        self._metrics.windows.labels("malformed").inc()
        log.warning("ingest.malformed", lot=lot, topic=message.topic, bytes=len(message.payload))
        at = self._clock.read().wall
        case = Case("window_refused", message.topic.rpartition("/")[2], f"a message that can't be read: {why}")
        await self._lasting(lambda connection: open_case_of_lot(connection, lot, case, at))

    async def _lasting(self, work: Callable[[asyncpg.Connection], Awaitable[T]]) -> T:
        """Does `work` on a pooled connection, again and again while the database is away."""
        assert self._pool is not None
        async for attempt in AsyncRetrying(
            retry=retry_if_exception_type(TRY_AGAIN),
            wait=wait_random_exponential(multiplier=0.2, max=15),
            sleep=self._clock.sleep,
            before_sleep=_log_retry,
            reraise=True,
        ):
            with attempt:
                async with self._pool.acquire() as connection:
                    # A pooled connection is a connection, though asyncpg's types don't say so.
                    return await work(cast(asyncpg.Connection, connection))
        raise AssertionError("retrying never ends by itself")


def _log_retry(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    log.warning("ingest.database_away", attempt=state.attempt_number, error=type(error).__name__)
