"""Gives one command to one lot: asks for a nonce, signs the command under it, and waits for what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import structlog

from models.commands import CommandEnd
from models.ids import LotId
from models.instants import Instant
from models.wire import topics
from models.wire.commands import Answer, Command, Hello, Nonce
from models.wire.envelopes import Malformed, unpack
from models.wire.seals import SealedAs, Seals

log = structlog.get_logger(__name__)

ASKED_EVERY_SECONDS = 1.0
ASKED_TIMES = 3
ANSWER_WITHIN_SECONDS = 25.0
"""An arm that is on its way takes a lot up to fifteen seconds to speak of"""
LISTENS_TO = (topics.command_nonce("+"), topics.command_answer("+"))


class Places(NamedTuple):
    """What a command about spots names."""

    spot: str | None = None
    level: str | None = None
    vehicles: int | None = None


NOWHERE = Places()


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person wants a lot to do. `id` is the command's own."""

    id: UUID
    lot: LotId
    lane: str | None
    kind: str
    by: str
    reason: str
    state: str | None = None
    plate: str | None = None
    places: Places = NOWHERE

    def under(self, nonce: str, at: Instant) -> Command:
        return Command(
            id=self.id,
            lot=self.lot,
            lane=self.lane,
            kind=self.kind,
            state=self.state,
            plate=self.plate,
            **self.places._asdict(),
            by=self.by,
            reason=self.reason,
            nonce=nonce,
            issued_at=at,
        )


class LotSilent(Exception):
    """The lot offered no nonce: nothing was sent, so nothing was done."""


class CommandDesk:
    """At most once: a command is said one time, under a nonce that is good for one. Only questions are repeated."""

    def __init__(self, publish: Callable[[str, bytes], bool], seals: Seals) -> None:
        self._publish, self._seals = publish, seals
        self._nonces: dict[tuple[LotId, UUID], asyncio.Future[Nonce]] = {}
        self._answers: dict[tuple[LotId, UUID], asyncio.Future[Answer]] = {}

    async def give(self, wanted: Wanted, now: Callable[[], Instant]) -> Answer:
        """What the lot says came of it; UNKNOWN when it says nothing. Raises LotSilent."""
        nonce = await self._nonce(wanted.lot)
        command = wanted.under(nonce, now())
        key = (wanted.lot, wanted.id)
        waited = self._answers[key] = asyncio.get_running_loop().create_future()
        try:
            sealed = self._seals.seal(SealedAs.COMMAND, wanted.lot, command)
            if not self._publish(topics.command(wanted.lot), sealed):
                raise LotSilent
            return await asyncio.wait_for(waited, ANSWER_WITHIN_SECONDS)
        except TimeoutError:
            said = "the lot hasn't said what came of it; its own records will, and it isn't tried again"
            return Answer(lot=wanted.lot, command=wanted.id, end=CommandEnd.UNKNOWN, said=said)
        finally:
            del self._answers[key]

    async def _nonce(self, lot: LotId) -> str:
        """The same question until it is answered: a lot answers a repeated one with the same nonce."""
        key = (lot, uuid4())
        waited = self._nonces[key] = asyncio.get_running_loop().create_future()
        try:
            for _ in range(ASKED_TIMES):
                self._publish(topics.command(lot), self._seals.seal(SealedAs.HELLO, lot, Hello(ask=key[1])))
                done, _pending = await asyncio.wait([waited], timeout=ASKED_EVERY_SECONDS)
                if done:
                    return waited.result().nonce
            raise LotSilent
        finally:
            del self._nonces[key]

    def heard(self, lot: LotId, topic: str, payload: bytes) -> None:
        """What a lot answers; only about itself, and only to somebody who waits for it."""
        try:
            if topic == topics.command_nonce(lot):
                offered = unpack(Nonce, payload)
                _settle(self._nonces.get((lot, offered.ask)), offered)
            elif topic == topics.command_answer(lot):
                answer = unpack(Answer, payload)
                _settle(self._answers.get((lot, answer.command)), answer)
        except Malformed:
            log.warning("commands.malformed", lot=lot, topic=topic)


def _settle(waited: asyncio.Future[Any] | None, said: Any) -> None:
    if waited is not None and not waited.done():
        waited.set_result(said)
