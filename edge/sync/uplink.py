"""Pumps one stream of the journal up, and hears how far the cloud has applied it."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from drivers.contract import FaultReporter
from edge.retention.streams import begin_telemetry_anew
from edge.store import Store, StoreUnavailable, journal, streams
from edge.store.checkpoints import checkpoint_of
from edge.sync.connection import Connection
from edge.sync.cursor import Cursor, after_sending, hear_ack, moved_back, resumed, rewound, still_next
from edge.sync.faults import FORKED, LOST_BY_CLOUD, NOT_BELIEVED
from edge.sync.reckoning import Reckoning
from edge.sync.standing import InLine, KeptApart, LookCloser, OpenNew, SendAgain
from edge.sync.windows import Label, fill_window
from models.facts.base import Stream
from models.ids import LotId, StreamId
from models.instants import SECOND, Clock, Monotonic
from models.wire import topics
from models.wire.envelopes import Ack, Malformed, Tombstone, Window
from models.wire.seals import Forged, Keyring, SealedAs
from models.wire.standing import Answer

_LOG = structlog.get_logger("edge.sync")
_FACTS_AT_ONCE = 400
_PATIENCE_SECONDS = 5
_MOST_PATIENCE_SECONDS = 40
_RETRY_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Filled:
    """A window to send. `full`: more is waiting than it holds."""

    window: Window
    packed: bytes
    full: bool


class Uplink:
    """One stream on its way up. A fact counts as sent when the cloud's signed word says that it is applied."""

    def __init__(
        self,
        stream: Stream,
        lot: LotId,
        store: Store,
        connection: Connection,
        keys: Callable[[], Keyring],
        clock: Clock,
        faults: FaultReporter,
        epoch: int = 1,
    ) -> None:
        self._stream: Stream = stream
        self._lot, self._store, self._clock, self._faults = lot, store, clock, faults
        self._connection, self._keys = connection, keys
        self._cursor: Cursor | None = None
        self._work = asyncio.Event()
        self._said: asyncio.Queue[Ack | Answer] = asyncio.Queue()
        self._epoch, self._reckoning = epoch, Reckoning(stream, lot, epoch, store, connection, clock, faults)
        self._past: list[streams.Piece] = []
        self._began_with_the_past: StreamId | None = None
        self._progress, self._patience = clock.monotonic(), _PATIENCE_SECONDS
        self._listening = False
        self.heard_at: Monotonic | None = None
        """When the cloud last said how far it has the stream, and was believed"""

    @property
    def topics(self) -> list[str]:
        return [topics.up_ack(self._lot, self._stream), topics.up_answer(self._lot, self._stream)]

    async def run(self) -> None:
        """Until cancelled."""
        if not self._listening:
            self._store.on_commit(self._work.set)
            self._listening = True
        self._begin()
        async with asyncio.TaskGroup() as parts:
            for part in (self._pump(), self._listen(), self._watch_for_silence()):
                parts.create_task(part)
            if self._stream == "ledger":  # nothing rests on telemetry: when in doubt it begins anew
                parts.create_task(self._reckoning.run())

    def _begin(self) -> None:
        """Where the stream stands is looked up: a run before may have ended half way to a new one."""
        self._cursor, self._past = None, []
        self._reckoning.give_up()
        self._work.set()

    # --- going up ---

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
        if cursor is None or self._reckoning.held or not cursor.may_send or not self._connection.connected:
            return False
        filled = await self._store.read(lambda connection: self._next_window(connection, cursor))
        now = self._cursor
        if filled is None or self._reckoning.held or now is None or not still_next(cursor, now):
            return False
        return (filled.full or now.may_send_rest) and self._publish(now, filled)

    def _next_window(self, connection: sqlite3.Connection, cursor: Cursor) -> Filled | None:
        """In the reader's thread."""
        sent, dropped = self._sent_or_dropped(connection, cursor)
        most = min(_FACTS_AT_ONCE, max(0, self._past[0].to - sent)) if self._past else _FACTS_AT_ONCE
        facts = journal.run(connection, cursor.stream_id, sent, most)
        previous = journal.hash_at(connection, cursor.stream_id, sent)
        if not facts or previous is None:
            return None
        label = Label(self._lot, self._stream, cursor.stream_id, self._epoch, self._reckoning.session)
        window, packed = fill_window(label, previous, facts, dropped)
        return Filled(window, packed, full=len(window.facts) < len(facts) or len(facts) == most)

    def _sent_or_dropped(self, connection: sqlite3.Connection, cursor: Cursor) -> tuple[int, Tombstone | None]:
        """After which fact to go on. What has been dropped can't be sent, be it telemetry, or facts that the cloud had
        and lost: it is told so."""
        checkpoint = checkpoint_of(connection, cursor.stream_id)
        if checkpoint is None or cursor.sent > checkpoint.seq:
            return cursor.sent, None
        return checkpoint.seq, Tombstone(last=checkpoint.seq, why=checkpoint.why)

    def _publish(self, cursor: Cursor, filled: Filled) -> bool:
        if not self._connection.publish(topics.up(self._lot, self._stream), filled.packed, qos=1):
            return False
        if cursor.sent == cursor.acked:
            self._progress = self._clock.monotonic()
        self._cursor = after_sending(cursor, filled.window.facts[-1].seq)
        return True

    def taken(self) -> None:
        """There is room for another window, and the cloud may be waited for."""
        self._progress = self._clock.monotonic()
        self._work.set()

    async def _cursor_now(self) -> Cursor | None:
        if self._cursor is None:
            at, unsent = await self._store.read(self._stands)
            if at is not None and self._cursor is None:
                session = self._reckoning.session
                self._cursor = resumed(at.stream_id, at.acked, at.seq, replay_to=at.replay_to, session=session)
                if at.stream_id != self._began_with_the_past:
                    self._began_with_the_past = at.stream_id
                    self._go_back_to(unsent)
        return self._cursor

    def _stands(self, connection: sqlite3.Connection) -> tuple[streams.Standing | None, list[streams.Piece]]:
        """In the reader's thread. With it, what has to go up before the stream itself."""
        at = streams.standing_of(connection, self._stream)
        return at, streams.unsent_before_damage(connection, self._stream)

    async def _watch_for_silence(self) -> None:
        """An unacknowledged tail is sent again, however it got lost; ever less often while no answer comes."""
        while True:
            await self._clock.sleep(_PATIENCE_SECONDS)
            silent_for = self._clock.monotonic() - self._progress
            waiting = self._cursor is not None and self._cursor.sent > self._cursor.acked
            # What is still on its way to the broker isn't lost yet: a slow line mustn't be filled with repeats.
            idle = self._connection.connected and self._connection.all_taken
            if idle and waiting and silent_for >= self._patience * SECOND:
                self._patience = min(2 * self._patience, _MOST_PATIENCE_SECONDS)
                self._reckoning.want()
                self._rewind()

    def _rewind(self) -> None:
        self._progress = self._clock.monotonic()
        if self._cursor is not None:
            self._cursor = rewound(self._cursor)
        self._work.set()

    # --- coming down ---

    def connected(self) -> None:
        self._patience = _PATIENCE_SECONDS
        self._reckoning.want()
        self._rewind()

    def heard(self, topic: str, payload: bytes) -> None:
        answers = topic == topics.up_answer(self._lot, self._stream)
        what, kind = (SealedAs.ANSWER, Answer) if answers else (SealedAs.ACK, Ack)
        try:
            self._said.put_nowait(self._keys().unseal(what, self._lot, kind, payload))
        except Forged as wrong:
            self._faults.raised(NOT_BELIEVED, f"an {'answer' if answers else 'acknowledgement'} is {wrong}")
            _LOG.warning("link.not_believed", topic=topic, why=str(wrong))
        except Malformed as wrong:
            _LOG.warning("link.malformed", topic=topic, why=str(wrong))

    async def _listen(self) -> None:
        while True:
            said = await self._said.get()
            try:
                await (self._hear_answer(said) if isinstance(said, Answer) else self._hear(said))
            except StoreUnavailable as wrong:
                # Nothing was judged; what the cloud says next says the same and more.
                _LOG.error("link.store_unavailable", why=str(wrong))
                self._reckoning.give_up()

    async def _hear_answer(self, answer: Answer) -> None:
        means = await self._reckoning.hear(answer)
        self._work.set()
        cursor = self._cursor
        if means is None or cursor is None:
            return
        if isinstance(means, InLine):
            self.heard_at = self._clock.monotonic()
        match means:
            case SendAgain(after):
                self._cursor = moved_back(cursor, after, self._reckoning.session)
                await self._begin_with_the_past(answer)
            case OpenNew():
                self._past, self._cursor = [], None
            case InLine() if answer.seq == 0:
                await self._begin_with_the_past(answer)
            case InLine() | KeptApart() if answer.seq > cursor.acked:
                said = answer.model_dump(include={"lot", "stream", "stream_id", "seq", "hash"})
                await self._hear(Ack(**said, session=self._reckoning.session))
            case InLine() | KeptApart() | LookCloser():
                pass

    async def _begin_with_the_past(self, answer: Answer) -> None:
        """If the cloud has nothing of this stream, it may lack the end of those that it goes on from, too."""
        if answer.seq > 0 or self._past:
            return
        self._go_back_to(await self._store.read(lambda connection: streams.line_of(connection, self._stream)))

    def _go_back_to(self, past: list[streams.Piece]) -> None:
        self._past = past
        if past:
            self._cursor = self._at_the_past()

    def _at_the_past(self) -> Cursor:
        """What the cloud has of it already, its first answer says."""
        piece = self._past[0]
        return resumed(piece.stream_id, 0, piece.to, replay_to=piece.to, session=self._reckoning.session)

    def _hear_of_the_past(self, ack: Ack, cursor: Cursor, verdict: str) -> None:
        """Nothing is marked. The cloud has enough of a piece when it has its end, or has gone on from it."""
        piece = self._past[0]
        if ack.stream_id == piece.stream_id and (cursor.acked >= piece.to or verdict in ("forked", "beyond")):
            del self._past[0]
            self._cursor = self._at_the_past() if self._past else None
        self._progress = self._clock.monotonic()

    async def _hear(self, ack: Ack) -> None:
        if self._cursor is None or ack.lot != self._lot:
            return
        own_hash = await self._store.read(lambda connection: journal.hash_at(connection, ack.stream_id, ack.seq))
        heard = hear_ack(self._cursor, ack, own_hash)
        if heard.verdict in ("advanced", "repeated", "replay"):
            self.heard_at = self._clock.monotonic()
        self._cursor = heard.cursor
        self._work.set()
        if self._past:
            self._hear_of_the_past(ack, heard.cursor, heard.verdict)
            return
        match heard.verdict:
            case "advanced":
                await self._advanced(heard.cursor)
            case "foreign" | "forked" | "beyond" if self._stream == "telemetry":
                await self._begin_anew(ack)
            case "foreign" | "forked" | "beyond" | "behind" | "stale":
                _LOG.info("link.strange_acknowledgement", seq=ack.seq, verdict=heard.verdict)
                self._reckoning.want()
            case "replay":
                _LOG.info("link.replay", after=ack.seq)
            case "repeated":
                pass

    async def _begin_anew(self, ack: Ack) -> None:
        """The cloud has another telemetry of this lot than the lot has: a card was restored, or the cloud was. Nothing
        rests on it, so there is a new one."""
        begun = await self._store.write(lambda tx: begin_telemetry_anew(tx, ack.stream_id, ack.seq))
        if begun:
            _LOG.warning("link.telemetry_begins_anew", seq=ack.seq)
            self._cursor = None
            self._work.set()

    async def _advanced(self, cursor: Cursor) -> None:
        self._faults.cleared(FORKED)
        if cursor.acked >= cursor.replay_to:
            self._faults.cleared(LOST_BY_CLOUD)
        self._progress, self._patience = self._clock.monotonic(), _PATIENCE_SECONDS
        await self._mark_acked(cursor.stream_id, cursor.acked)

    async def _mark_acked(self, stream_id: StreamId, seq: int) -> None:
        while True:
            try:
                return await self._store.write(
                    lambda tx: journal.mark_acked(tx.connection, self._stream, stream_id, seq, tx.at)
                )
            except StoreUnavailable as wrong:
                _LOG.error("link.not_marked_yet", seq=seq, why=str(wrong))
                await self._clock.sleep(_RETRY_SECONDS)
