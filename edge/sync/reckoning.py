"""Asks the cloud where it stands in a stream, and does at the lot's store what the answer asks for."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Callable

import structlog

from drivers.contract import FaultReporter
from edge.parking.stays.restoring import want
from edge.store import Store, StoreUnavailable, Transaction, journal, streams
from edge.store.reopening import Gone, drop_half_made, reopen
from edge.sync.connection import Connection
from edge.sync.faults import FORKED, LOST_BY_CLOUD, OUTDATED, RIVAL
from edge.sync.questions import LOOK_EVERY_SECONDS, Questions
from edge.sync.standing import ENROLLED, KeptApart, LookCloser, Meaning, OpenNew, SendAgain, marks_for, meaning
from models.facts.base import Stream
from models.ids import LotId, StreamId
from models.instants import Clock
from models.wire import topics
from models.wire.envelopes import pack
from models.wire.standing import Answer, Ask, Mark

_LOG = structlog.get_logger("edge.sync")


class Reckoning:
    """`held`: lot and cloud are finding out where they part, and nothing is sent meanwhile. `session` marks what is
    sent, so that what the cloud says to it can be told from what it said to something earlier."""

    def __init__(
        self,
        stream: Stream,
        lot: LotId,
        epoch: int,
        store: Store,
        connection: Connection,
        clock: Clock,
        faults: FaultReporter,
    ) -> None:
        self._stream: Stream = stream
        self._lot, self._epoch, self._store = lot, epoch, store
        self._connection, self._clock, self._faults = connection, clock, faults
        self._questions = Questions(clock)
        self.held, self.session = False, secrets.token_hex(16)

    async def run(self) -> None:
        """Until cancelled: ask when something is strange, and now and then."""
        tidy = False
        while True:
            await self._clock.sleep(LOOK_EVERY_SECONDS)
            tidy = tidy or await self._tidied()
            if tidy and self._connection.connected and self._questions.due():
                try:
                    await self._ask()
                except StoreUnavailable as wrong:
                    _LOG.error("link.store_unavailable", why=str(wrong))

    async def _tidied(self) -> bool:
        try:
            await drop_half_made(self._store, self._clock)
        except StoreUnavailable as wrong:
            _LOG.error("link.store_unavailable", why=str(wrong))
            return False
        return True

    def want(self) -> None:
        """Ask soon: the link is new, or what the cloud said is strange. It may be old, or be brought by somebody who
        kept it; only an answer to a question of ours moves anything."""
        self._questions.want()

    def give_up(self) -> None:
        """The store is out of reach: nothing was judged, and the next answer says the same."""
        self.held = False
        self.want()

    async def hear(self, answer: Answer) -> Meaning | None:
        """What the answer means, after it was done. None: it answers no question of ours. Raises StoreUnavailable."""
        question = self._questions.answered(answer)
        if question is None:
            _LOG.info("link.answer_to_no_question", stream=self._stream)
            return None
        own_hash, at = await self._store.read(
            lambda connection: (
                journal.hash_at(connection, answer.stream_id, answer.seq),
                streams.standing_of(connection, self._stream),
            )
        )
        if at is None or at.stream_id != answer.stream_id:
            return None
        means = meaning(answer, own_hash, at.acked, at.seq, at.oldest, question.marks)
        if isinstance(means, OpenNew) and not question.held:
            # What is under way may still arrive: the last word is asked for when nothing is sent any more.
            means = LookCloser(max(means.after - 1, 0), means.after + 2)
        self.held = self.held or isinstance(means, LookCloser)
        self._show(means)
        await self._do(means)
        self.held = isinstance(means, LookCloser)
        return means

    async def _do(self, means: Meaning) -> None:
        match means:
            case LookCloser():
                await self._ask(means)
            case SendAgain(after):
                self._faults.raised(LOST_BY_CLOUD, f"it has the {self._stream} up to fact {after} only")
                _LOG.warning("link.sends_again", stream=self._stream, after=after)
                await self._store.write(lambda tx: streams.move_back(tx.connection, self._stream, after))
                self.session = secrets.token_hex(16)
            case OpenNew(after, why):
                opened = await self._reopened(after, why)
                if opened is None:
                    return
                if why == ENROLLED:
                    _LOG.info("link.enrolled_anew", stream=self._stream, after=after, opened=opened, epoch=self._epoch)
                    return
                self._faults.raised(FORKED, f"the {self._stream} parts after fact {after} and goes on as {opened}")
                _LOG.warning("link.new_stream", stream=self._stream, after=after, opened=opened, why=why)
            case _:
                pass

    async def _reopened(self, after: int, why: str) -> StreamId | None:
        """None: the lot's own stream has changed on the way; the next answer says what to do now."""
        try:
            ask: Callable[[Transaction], None] = lambda tx: _ask_what_it_knew(tx, self._stream, why)  # noqa: E731
            return await reopen(self._store, self._stream, after, self._epoch, why, self._clock, ask)
        except Gone as wrong:
            _LOG.warning("link.new_stream_given_up", stream=self._stream, why=str(wrong))
            self.want()
            return None

    def _show(self, means: Meaning) -> None:
        for fault, shown in (
            (RIVAL, isinstance(means, KeptApart) and not means.outdated),
            (OUTDATED, isinstance(means, KeptApart) and means.outdated),
        ):
            if shown:
                self._faults.raised(fault, f"what the {self._stream} sends isn't believed")
            elif not isinstance(means, LookCloser):
                self._faults.cleared(fault)

    async def _ask(self, closer: LookCloser | None = None) -> None:
        held = self.held
        ask = await self._store.read(lambda connection: self._question(connection, closer))
        if ask is None:
            return
        if self._connection.publish(topics.up_ask(self._lot, self._stream), pack(ask), qos=1):
            self._questions.asked(ask.nonce, ask.stream_id, tuple(mark.seq for mark in ask.marks), held=held)
        else:
            self.want()  # nothing is sent while a question is open: it may not wait for the next look

    def _question(self, connection: sqlite3.Connection, closer: LookCloser | None) -> Ask | None:
        """In the reader's thread."""
        at = streams.standing_of(connection, self._stream)
        if at is None:
            return None
        seqs = sorted({at.acked, at.seq}) if closer is None else marks_for(closer, at.oldest)
        hashes = [(seq, journal.hash_at(connection, at.stream_id, seq)) for seq in seqs if seq]
        return Ask(
            lot=self._lot,
            stream=self._stream,
            stream_id=at.stream_id,
            epoch=self._epoch,
            nonce=secrets.token_hex(16),
            acked=at.acked,
            head=at.seq,
            marks=tuple(Mark(seq=seq, hash=hash) for seq, hash in hashes if hash is not None),
        )


def _ask_what_it_knew(tx: Transaction, stream: Stream, why: str) -> None:
    """The cloud may know of stays that this store doesn't: it is asked, and until it has answered no digest is
    written. A card that isn't believed isn't told either, nor one that has all there is."""
    if stream == "ledger" and why not in ("outdated", ENROLLED):
        want(tx, why)
