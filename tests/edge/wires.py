"""The link's own uplink on a wire without a broker: what the lot publishes is taken, and answered, in this process."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from cloud.ingest.window import Apply, Cursor, Duplicate, Fork, Gap, Verdict, judge, overlap
from edge.faults import FaultBoard
from edge.store import Store, journal
from edge.sync.uplink import Uplink
from models.facts.base import Stream
from models.ids import LotId, StreamId
from models.wire import topics
from models.wire.chain import GENESIS
from models.wire.envelopes import Ack, SentFact, Window, unpack
from models.wire.seals import Keyring, SealedAs
from models.wire.standing import Answer, Ask, Standing
from tests.edge.clouds import HurriedClock
from tests.keys import SIGNER

_LOOK_EVERY_SECONDS = 0.01


@dataclass
class Books:
    """A cloud in memory: its own rule of what follows (`cloud.ingest.window`), for each stream. `order`: the streams as
    their first windows came."""

    has: dict[StreamId, dict[int, SentFact]] = field(default_factory=dict[StreamId, dict[int, SentFact]])
    order: list[StreamId] = field(default_factory=list[StreamId])
    strange: list[str] = field(default_factory=list[str])

    def put(self, stream_id: StreamId, facts: Iterable[SentFact]) -> None:
        """What came before."""
        self.has.setdefault(stream_id, {}).update({fact.seq: fact for fact in facts})

    def end(self, stream_id: StreamId) -> tuple[int, str]:
        of_it = self.has.get(stream_id)
        return (seq := max(of_it), of_it[seq].hash) if of_it else (0, GENESIS)

    def take(self, window: Window) -> Verdict:
        of_it, cursor = self.has.get(window.stream_id, {}), Cursor(window.stream, *self.end(window.stream_id))
        shared = overlap(cursor, window)
        held = of_it.get(shared or 0)
        verdict = judge(cursor, window, held.hash if held else None)
        if window.stream_id not in self.order:
            self.order.append(window.stream_id)
        if isinstance(verdict, Apply):
            self.put(window.stream_id, verdict.facts)
        elif not isinstance(verdict, Duplicate | Gap):
            self.strange.append(str(verdict)[:200])
        return verdict


class Wire:
    """In the place of `edge.sync.connection.Connection`."""

    connected, all_taken = True, True

    def __init__(self, lot: LotId, stream: Stream, books: Books) -> None:
        self._lot: LotId = lot
        self._stream: Stream = stream
        self._books = books
        self.uplink: Uplink | None = None

    def publish(self, topic: str, payload: bytes, *, qos: int, retain: bool = False) -> bool:
        if topic == topics.up_ask(self._lot, self._stream):
            self._say(topics.up_answer(self._lot, self._stream), SealedAs.ANSWER, self._answer(unpack(Ask, payload)))
            return True
        window = unpack(Window, payload)
        if isinstance(self._books.take(window), Apply | Duplicate | Gap | Fork):
            seq, hash = self._books.end(window.stream_id)
            named = {"stream": window.stream, "stream_id": window.stream_id, "session": window.session}
            ack = Ack(lot=self._lot, seq=seq, hash=hash, **named)  # type: ignore[arg-type]
            self._say(topics.up_ack(self._lot, self._stream), SealedAs.ACK, ack)
        return True

    def _say(self, topic: str, what: SealedAs, message: Ack | Answer) -> None:
        sealed = SIGNER.seal(what, self._lot, message)
        asyncio.get_running_loop().call_soon(self._arrive, topic, sealed)

    def _arrive(self, topic: str, sealed: bytes) -> None:
        assert self.uplink is not None
        self.uplink.heard(topic, sealed)
        self.uplink.taken()

    def _answer(self, ask: Ask) -> Answer:
        seq, hash = self._books.end(ask.stream_id)
        of_it = self._books.has.get(ask.stream_id, {})
        agrees = [mark.seq for mark in ask.marks if mark.seq in of_it and of_it[mark.seq].hash == mark.hash]
        named = {"stream": ask.stream, "stream_id": ask.stream_id, "nonce": ask.nonce}
        said = {"standing": Standing.CURRENT, "seq": seq, "hash": hash, "agrees": max(agrees, default=0)}
        return Answer(lot=self._lot, **named, **said)  # type: ignore[arg-type]


async def send_all(store: Store, lot: LotId, books: Books, stream: Stream = "ledger", seconds: float = 3) -> set[str]:
    """Let the link run until the cloud has said that it has everything. The faults that are open then. Raises
    TimeoutError when that doesn't come."""
    board, wire = FaultBoard(lambda decision: None), Wire(lot, stream, books)
    keys, faults = Keyring.of((SIGNER.public_text,)), board.reporter("link")
    wire.uplink = Uplink(stream, lot, store, wire, lambda: keys, HurriedClock(), faults)  # type: ignore[arg-type]
    task = asyncio.create_task(wire.uplink.run())
    wire.uplink.connected()
    try:
        async with asyncio.timeout(seconds):
            while not await store.read(lambda connection: _is_sent(connection, stream)):
                assert not task.done(), task.exception()
                await asyncio.sleep(_LOOK_EVERY_SECONDS)
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    return {fault.code for fault in board.open("link")}


def _is_sent(connection: object, stream: Stream) -> bool:
    head = journal.head_of(connection, stream)  # type: ignore[arg-type]
    return head is None or head.backlog == 0


def journals_of(store: Store) -> Mapping[StreamId, list[SentFact]]:
    """Every fact that the store holds, by its stream."""

    def look(connection: object) -> dict[StreamId, list[SentFact]]:
        ids = connection.execute("SELECT DISTINCT stream_id FROM journal").fetchall()  # type: ignore[attr-defined]
        return {id: journal.run(connection, id, 0, 1_000_000) for (id,) in map(tuple, ids)}  # type: ignore[arg-type]

    return store._read_now(look)
