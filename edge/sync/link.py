"""Keeps the cloud up to date: pumps the journal up, hears acknowledgements, shows the present."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable

import structlog

from drivers.broker import BrokerSettings
from drivers.contract import FaultReporter
from edge.parking.spots import availability
from edge.store import Store, StoreUnavailable, journal
from edge.sync import beacon as beacons
from edge.sync.connection import Connection
from edge.sync.cursor import Cursor, after_sending, hear_ack, resumed, rewound
from edge.sync.faults import FORKED
from edge.sync.windows import fill_window
from models.facts.base import Stream
from models.ids import LotId
from models.instants import SECOND, Clock
from models.wire import topics
from models.wire.envelopes import Ack, Beacon, LaneNow, Malformed, Window, pack, unpack

_LOG = structlog.get_logger("edge.sync")
_STREAM: Stream = "ledger"
_FACTS_AT_ONCE = 400
_PATIENCE_SECONDS = 5
_MOST_PATIENCE_SECONDS = 40
_RETRY_SECONDS = 2.0
_LOGIN_AGAIN_SECONDS = 30.0
_BEACON_SECONDS = 1.0
_BEACON_AT_LEAST_EVERY = 15 * SECOND


class CloudLink:
    """One lot's side of the streams. Without a broker it waits; the lot doesn't notice."""

    def __init__(
        self,
        broker: BrokerSettings,
        lot: LotId,
        release: str,
        store: Store,
        lanes: Callable[[], tuple[LaneNow, ...]],
        clock: Clock,
        faults: FaultReporter,
    ) -> None:
        self._lot, self._release, self._store, self._lanes, self._clock = lot, release, store, lanes, clock
        self._faults = faults
        self._cursor: Cursor | None = None
        self._work = asyncio.Event()
        self._acks: asyncio.Queue[Ack] = asyncio.Queue()
        self._shown_at = -_BEACON_AT_LEAST_EVERY
        self._progress, self._patience = clock.monotonic(), _PATIENCE_SECONDS
        self._connection = Connection(
            broker,
            f"parkgate-{lot}",
            (topics.state(lot), pack(beacons.will(lot))),
            [topics.up_ack(lot, _STREAM)],
            self._connected,
            self._message,
            self._taken,
            faults,
        )

    @property
    def connected(self) -> bool:
        return self._connection.connected

    async def run(self) -> None:
        """Until cancelled."""
        await self._start()
        self._store.on_commit(self._work.set)
        try:
            async with asyncio.TaskGroup() as parts:
                for part in (self._pump(), self._hear_acks(), self._watch_for_silence(), self._show_the_present()):
                    parts.create_task(part)
        finally:
            await self._say_goodbye()

    async def _start(self) -> None:
        while True:
            try:
                return self._connection.start()
            except OSError as wrong:
                _LOG.error("link.no_login", why=str(wrong))
                await self._clock.sleep(_LOGIN_AGAIN_SECONDS)

    # --- the ledger ---

    async def _pump(self) -> None:
        while True:
            await self._work.wait()
            self._work.clear()
            try:
                while await self._send_one_window():
                    pass
            except StoreUnavailable as wrong:
                _LOG.error("link.store_unavailable", why=str(wrong))
                await self._clock.sleep(_RETRY_SECONDS)
                self._work.set()

    async def _send_one_window(self) -> bool:
        cursor = await self._cursor_now()
        if cursor is None or not cursor.may_send or not self.connected:
            return False
        filled = await self._store.read(lambda connection: self._next_window(connection, cursor))
        if filled is None or self._cursor is not cursor:
            return False
        return self._publish(cursor, *filled)

    def _next_window(self, connection: sqlite3.Connection, cursor: Cursor) -> tuple[Window, bytes] | None:
        """In the reader's thread."""
        facts = journal.run(connection, cursor.stream_id, cursor.sent, _FACTS_AT_ONCE)
        previous = journal.hash_at(connection, cursor.stream_id, cursor.sent)
        if not facts or previous is None:
            return None
        return fill_window(self._lot, _STREAM, cursor.stream_id, previous, facts)

    def _publish(self, cursor: Cursor, window: Window, packed: bytes) -> bool:
        if not self._connection.publish(topics.up(self._lot, _STREAM), packed, qos=1):
            return False
        if cursor.sent == cursor.acked:
            self._progress = self._clock.monotonic()
        self._cursor = after_sending(cursor, window.facts[-1].seq)
        return True

    def _taken(self) -> None:
        """The broker has a window: there is room for another, and the cloud may be waited for."""
        self._progress = self._clock.monotonic()
        self._work.set()

    async def _cursor_now(self) -> Cursor | None:
        if self._cursor is None:
            head = await self._store.read(lambda connection: journal.head_of(connection, _STREAM))
            if head is not None and self._cursor is None:
                self._cursor = resumed(head.stream_id, head.acked, head.seq)
        return self._cursor

    async def _watch_for_silence(self) -> None:
        """An unacknowledged tail is sent again, however it got lost; ever less often while no answer comes."""
        while True:
            await self._clock.sleep(_PATIENCE_SECONDS)
            silent_for = self._clock.monotonic() - self._progress
            waiting = self._cursor is not None and self._cursor.sent > self._cursor.acked
            # What is still on its way to the broker isn't lost yet: a slow line mustn't be filled with repeats.
            if self.connected and waiting and self._connection.all_taken and silent_for >= self._patience * SECOND:
                self._patience = min(2 * self._patience, _MOST_PATIENCE_SECONDS)
                self._rewind()

    def _rewind(self) -> None:
        self._progress = self._clock.monotonic()
        if self._cursor is not None:
            self._cursor = rewound(self._cursor)
        self._work.set()

    # --- what comes down ---

    def _connected(self) -> None:
        self._patience = _PATIENCE_SECONDS
        self._rewind()
        self._shown_at = -_BEACON_AT_LEAST_EVERY

    def _message(self, topic: str, payload: bytes) -> None:
        try:
            ack = unpack(Ack, payload)
        except Malformed as wrong:
            _LOG.warning("link.malformed", topic=topic, why=str(wrong))
            return
        self._acks.put_nowait(ack)

    async def _hear_acks(self) -> None:
        while True:
            ack = await self._acks.get()
            try:
                await self._hear(ack)
            except StoreUnavailable as wrong:
                # Nothing was judged; the next acknowledgement says the same and more.
                _LOG.error("link.store_unavailable", why=str(wrong))

    async def _hear(self, ack: Ack) -> None:
        if self._cursor is None or ack.lot != self._lot:
            return
        own_hash = await self._store.read(lambda connection: journal.hash_at(connection, ack.stream_id, ack.seq))
        heard = hear_ack(self._cursor, ack, own_hash)
        self._cursor = heard.cursor
        self._work.set()
        match heard.verdict:
            case "advanced":
                self._faults.cleared(FORKED)
                self._progress, self._patience = self._clock.monotonic(), _PATIENCE_SECONDS
                await self._mark_acked(ack.seq)
            case "foreign" | "forked" | "beyond":
                self._faults.raised(
                    FORKED, f"an acknowledgement of fact {ack.seq} isn't about our facts ({heard.verdict})"
                )
            case "replay":
                _LOG.info("link.replay", after=ack.seq)
            case "repeated":
                pass

    async def _mark_acked(self, seq: int) -> None:
        while True:
            try:
                return await self._store.write(lambda tx: journal.mark_acked(tx.connection, _STREAM, seq))
            except StoreUnavailable as wrong:
                _LOG.error("link.not_marked_yet", seq=seq, why=str(wrong))
                await self._clock.sleep(_RETRY_SECONDS)

    # --- the present ---

    async def _show_the_present(self) -> None:
        """The beacon: at most once a second, when something changed or it has been quiet for long."""
        shown: Beacon | None = None
        while True:
            await self._clock.sleep(_BEACON_SECONDS)
            if not self.connected:
                continue
            try:
                now = await self._beacon()
            except StoreUnavailable:
                continue
            old = self._clock.monotonic() - self._shown_at >= _BEACON_AT_LEAST_EVERY
            if (old or shown is None or now.model_copy(update={"at": shown.at}) != shown) and self._publish_beacon(now):
                shown, self._shown_at = now, self._clock.monotonic()

    async def _beacon(self) -> Beacon:
        free, head = await self._store.read(
            lambda connection: (availability(connection), journal.head_of(connection, _STREAM))
        )
        return beacons.beacon(self._lot, self._release, self._clock.read(), free, self._lanes(), head)

    def _publish_beacon(self, beacon: Beacon) -> bool:
        return self._connection.publish(topics.state(self._lot), pack(beacon), qos=0, retain=True)

    async def _say_goodbye(self) -> None:
        """An orderly stop shows at once, not after the broker's patience."""
        self._publish_beacon(beacons.will(self._lot))
        await self._connection.stop()
