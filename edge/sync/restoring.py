"""Asks the cloud what it knew of this lot, for as long as a store that is new or was put back waits for that. The lanes
work meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog

from drivers.contract import FaultReporter
from edge.parking.restoring import conclude, steps
from edge.parking.stays.restoring import Pending, pending
from edge.store import Store, StoreUnavailable
from edge.sync.connection import Connection
from edge.sync.faults import NOT_BELIEVED, RESTORING
from edge.sync.keys import TrustedKeys
from models.ids import LotId, TicketId
from models.instants import SECOND, Clock, Monotonic
from models.wire import topics
from models.wire.envelopes import Malformed, pack
from models.wire.restoring import Known, KnownLane, RestoreAsked, RestorePart, read_known
from models.wire.seals import Forged, SealedAs
from models.wire.state_snapshots import checksum

_LOG = structlog.get_logger("edge.sync")
ASK_AGAIN_AFTER = 10 * SECOND
_MOMENT_SECONDS = 1.0
_RETRY_SECONDS = 2.0
_LOOK_AGAIN_SECONDS = 5.0
_REASONS = {
    "forked": "the store is of an earlier day than what the cloud has",
    "left": "the lot went on elsewhere, and this store doesn't know all of it",
}
SetLanes = Callable[[Sequence[KnownLane]], Awaitable[None]]


async def no_lanes(lanes: Sequence[KnownLane]) -> None:
    """For a link without lanes."""


class Restoring:
    """Only a store that wants to know asks, and only the answer to its own question is taken, once it is whole."""

    def __init__(
        self,
        lot: LotId,
        store: Store,
        connection: Connection,
        keys: TrustedKeys,
        clock: Clock,
        faults: FaultReporter,
        set_lanes: SetLanes,
    ) -> None:
        self._lot, self._store, self._connection, self._keys = lot, store, connection, keys
        self._clock, self._faults, self._set_lanes = clock, faults, set_lanes
        self._parts: asyncio.Queue[RestorePart] = asyncio.Queue()
        self._heard_at: Monotonic | None = None

    @property
    def topics(self) -> Sequence[str]:
        return [topics.down(self._lot, topics.RESTORE)]

    async def run(self) -> None:
        """Until cancelled. A store may come to want it at any time: when lot and cloud have found that they part."""
        while True:
            try:
                was = await self._store.read(pending)
                if was is None:
                    await self._clock.sleep(_LOOK_AGAIN_SECONDS)
                    continue
                self._faults.raised(RESTORING, _REASONS.get(was.why, f"the store is {was.why}"))
                await self._take_over(was, await self._answer_to(was))
                self._faults.cleared(RESTORING)
            except StoreUnavailable as wrong:
                _LOG.error("restoring.store_unavailable", why=str(wrong))
                await self._clock.sleep(_RETRY_SECONDS)

    def connected(self) -> None:
        self._heard_at = None

    def taken(self) -> None: ...

    def heard(self, topic: str, payload: bytes) -> None:
        try:
            self._parts.put_nowait(self._keys.keyring.unseal(SealedAs.RESTORE, self._lot, RestorePart, payload))
        except Forged as wrong:
            self._faults.raised(NOT_BELIEVED, f"what is known of the lot is {wrong}")
        except Malformed as wrong:
            _LOG.warning("link.malformed", topic=topic, why=str(wrong))

    async def _answer_to(self, was: Pending) -> list[Known]:
        """Asks until an answer is here whole."""
        here: dict[int, RestorePart] = {}
        while True:
            self._ask_if_silent(was)
            part = await self._next_part()
            if part is None or part.request != was.request:
                continue
            self._heard_at = self._clock.monotonic()
            if here and next(iter(here.values())).checksum != part.checksum:
                here.clear()  # another answer
            here[part.number] = part
            if len(here) == part.parts:
                known = _read_whole([here[number] for number in sorted(here)])
                if known is not None:
                    return known
                here.clear()

    async def _next_part(self) -> RestorePart | None:
        """None: it has been quiet for a moment."""
        hearing = asyncio.ensure_future(self._parts.get())
        silence = asyncio.ensure_future(self._clock.sleep(_MOMENT_SECONDS))
        try:
            await asyncio.wait([hearing, silence], return_when=asyncio.FIRST_COMPLETED)
            return hearing.result() if hearing.done() else None
        finally:
            hearing.cancel()
            silence.cancel()

    def _ask_if_silent(self, was: Pending) -> None:
        now = self._clock.monotonic()
        if self._connection.connected and (self._heard_at is None or now - self._heard_at >= ASK_AGAIN_AFTER):
            self._heard_at = now
            self._ask(was)

    def _ask(self, was: Pending) -> None:
        asked = RestoreAsked(lot=self._lot, request=was.request)
        self._connection.publish(topics.up_restore(self._lot), pack(asked), qos=1)

    async def _take_over(self, was: Pending, answer: list[Known]) -> None:
        left_out: list[TicketId] = []
        for step in steps(answer):
            left_out += await self._store.write(step, alone=True)
        await self._set_lanes([lane for known in answer for lane in known.lanes])
        await self._store.write(lambda tx: conclude(tx, was, answer, left_out), alone=True)
        stays = sum(len(known.stays) for known in answer)
        _LOG.info("restoring.done", stays=stays, left_out=len(left_out))


def _read_whole(parts: Sequence[RestorePart]) -> list[Known] | None:
    """None for an answer that isn't what the cloud had cut."""
    bodies = [part.body for part in parts]
    if checksum(bodies) != parts[0].checksum:
        _LOG.error("restoring.altered", parts=len(parts))
        return None
    try:
        return [read_known(body) for body in bodies]
    except Malformed as wrong:
        _LOG.error("restoring.unreadable", why=str(wrong))
        return None
