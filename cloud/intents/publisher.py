"""The publisher as a running part: sends each lot the intents that it lacks, until the lot says that it has them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar, cast

import asyncpg
import structlog

from cloud.db.connect import UNREACHABLE, pool
from cloud.db.schema import INTENTS_ISSUED
from cloud.defects import kept_apart
from cloud.ingest.apply import UnknownLot
from cloud.ingest.broker import Arrived, BrokerLink
from cloud.ingest.cases import Case, CaseKind, close_case, open_case
from cloud.intents import rows
from cloud.intents.adopting import Adoption, adopt
from cloud.intents.hearing import Judged, judge_taken
from cloud.intents.messages import Message, head_of, messages_due
from cloud.intents.sending import MOST_PATIENCE, PATIENCE
from cloud.live import Live
from cloud.metrics import Metrics
from cloud.settings import CloudSettings
from models.ids import LotId
from models.instants import Clock, Instant
from models.wire import topics
from models.wire.envelopes import Malformed, unpack
from models.wire.intents import INTENTS, SNAPSHOT, SnapshotPart, Taken
from models.wire.seals import SealedAs, Seals
from models.wire.snapshots import Gathered, with_part

log = structlog.get_logger(__name__)
T = TypeVar("T")
W = TypeVar("W", Taken, SnapshotPart)

CONNECTIONS = 3
SHARED = "$share/parkgate-intents/"
"""Of several processes one hears each word of a lot; what is lost with a process that dies the lot says again."""
MOST_WAITING = 1000
SWEEP_SECONDS = 2
ROOM_SECONDS = 0.05
ROOM_TRIES = 200
ADOPTED_PART_BYTES = 256 * 1024
"""A part holds 100 KiB of intents' text, and their names around it."""
ADOPTED_PARTS = 512
"""Far more permits than a lot has."""
AWAY = (*UNREACHABLE, asyncpg.TransactionRollbackError)


class Publisher:
    """Several processes may each have one. The row lock on a lot's policy lets one at a time decide what to send, and
    what is sent twice after all the lot takes once."""

    def __init__(self, settings: CloudSettings, signer: Seals, clock: Clock, metrics: Metrics) -> None:
        self._settings, self._signer, self._clock, self._metrics = settings, signer, clock, metrics
        self._issued = Live(settings, clock, INTENTS_ISSUED)
        self._heard: asyncio.Queue[Arrived] = asyncio.Queue()
        self._gathered: dict[LotId, Gathered] = {}
        self._link: BrokerLink | None = None
        self._pool: asyncpg.Pool | None = None

    @property
    def broker_connected(self) -> bool:
        return self._link is not None and self._link.listening

    async def run(self) -> None:
        """Until cancelled. A broker or database that is away is tried again for ever."""
        async with pool(self._settings, "intents", CONNECTIONS) as connections:
            self._pool = connections
            # Parts of a snapshot belong together: each process hears all of them.
            words = frozenset({f"{SHARED}{topics.down_ack('+', INTENTS)}", topics.down_ack("+", SNAPSHOT)})
            self._link = BrokerLink(self._settings, self._arrived, lambda up: None, "intents")
            self._link.listen(words)
            self._link.start()
            try:
                async with asyncio.TaskGroup() as parts:
                    for part in (self._issued.run(), self._send_what_is_issued(), self._hear(), self._sweep()):
                        parts.create_task(part)
            finally:
                await self._link.stop()

    # --- what sets it going ---

    async def _send_what_is_issued(self) -> None:
        with self._issued.watch() as changes:
            async for lot in changes:
                # None: the listening connection was away; the sweep finds what was missed.
                if lot is not None:
                    await self._patiently(lot, self._serve)

    async def _sweep(self) -> None:
        """What was lost on the way, or never left, is sent again."""
        while True:
            await self._clock.sleep(SWEEP_SECONDS)
            try:
                late = await self._with_database(self._behind)
            except AWAY as away:
                log.warning("intents.database_away", error=type(away).__name__)
                continue
            for lot in late:
                await self._patiently(lot, self._serve)

    async def _behind(self, connection: asyncpg.Connection) -> list[LotId]:
        return await rows.behind(connection, self._clock.read().wall, PATIENCE, MOST_PATIENCE)

    def _arrived(self, message: Arrived) -> None:
        if self._heard.qsize() >= MOST_WAITING:
            self._release(message)  # lots say it again
        else:
            self._heard.put_nowait(message)

    def _release(self, message: Arrived) -> None:
        if self._link is not None:
            self._link.release(message)

    async def _hear(self) -> None:
        while True:
            message = await self._heard.get()
            lot = topics.lot_of(message.topic)
            try:
                with kept_apart("intents.failed", self._metrics.failed, lot=lot):
                    await self._understand(lot, message)
            finally:
                self._release(message)

    async def _understand(self, lot: LotId, message: Arrived) -> None:
        try:
            if message.topic == topics.down_ack(lot, SNAPSHOT):
                await self._patiently(lot, lambda lot: self._hear_part(lot, message))
            else:
                taken = _of(lot, unpack(Taken, message.payload))
                await self._patiently(lot, lambda lot, taken=taken: self._take(lot, taken))
        except Malformed as wrong:
            self._metrics.intents_heard.labels("malformed").inc()
            log.warning("intents.malformed", lot=lot, why=str(wrong).splitlines()[0])

    async def _patiently(self, lot: LotId, work: Callable[[LotId], Awaitable[object]]) -> None:
        """A lot that can't be served now is found again by the sweep, or speaks again by itself. Whatever else it meets
        is its own: the others' intents go on."""
        try:
            with kept_apart("intents.failed", self._metrics.failed, but=(*AWAY, UnknownLot, Malformed), lot=lot):
                await work(lot)
        except AWAY as away:
            log.warning("intents.database_away", lot=lot, error=type(away).__name__)
        except UnknownLot:
            self._metrics.intents_heard.labels("unknown_lot").inc()
            log.warning("intents.unknown_lot", lot=lot)

    # --- what a lot says ---

    async def _take(self, lot: LotId, taken: Taken) -> None:
        """Keeps the lot's word, sends what is due, and answers one who asks whether it is heard."""
        now = self._clock.read().wall

        async def heard(connection: asyncpg.Connection) -> Judged:
            async with connection.transaction():
                return await _heard(connection, lot, taken, now)

        judged = await self._with_database(heard)
        self._metrics.intents_heard.labels(judged.kind).inc()
        if judged.kind in ("ahead", "forked"):
            log.error("intents.needs_a_person", lot=lot, kind=judged.kind, revision=taken.revision)
        if not await self._serve(lot) and taken.hello and not judged.lot.forked:
            await self._publish(lot, [head_of(lot, judged.lot)])

    async def _hear_part(self, lot: LotId, message: Arrived) -> None:
        """What stands at a lot is kept here only while an operator wants it taken over: nobody else's parts are even
        unpacked, and a lot that was asked can fill no memory with them."""
        if not await self._with_database(lambda connection: rows.is_to_be_adopted(connection, lot)):
            self._gathered.pop(lot, None)
            self._metrics.intents_heard.labels("unasked").inc()
            return
        part = _of(lot, unpack(SnapshotPart, message.payload, ADOPTED_PART_BYTES))
        if part.parts > ADOPTED_PARTS:
            raise Malformed(f"it says that {part.parts} parts are to come, and {ADOPTED_PARTS} are taken over at most")
        await self._gather(lot, part)

    async def _gather(self, lot: LotId, part: SnapshotPart) -> None:
        """Part by part; the last one is taken over with all before it."""
        gathered = self._gathered[lot] = with_part(self._gathered.get(lot, Gathered()), part)
        parts = gathered.whole
        if parts is None:
            return
        del self._gathered[lot]

        async def take_over(connection: asyncpg.Connection) -> Adoption | None:
            async with connection.transaction():
                return await adopt(connection, lot, parts, self._clock.read().wall)

        adoption = await self._with_database(take_over)
        if adoption is not None:
            names = {"taken": len(adoption.take), "ended": len(adoption.end), "lost": len(adoption.lost)}
            log.warning("intents.adopted", lot=lot, **names)
            await self._serve(lot)

    # --- what goes down ---

    async def _serve(self, lot: LotId) -> bool:
        """Sends what is due to the lot now; whether anything was."""
        now = self._clock.read().wall

        async def decide(connection: asyncpg.Connection) -> list[Message]:
            async with connection.transaction():
                return await messages_due(connection, lot, now)

        messages = await self._with_database(decide)
        await self._publish(lot, messages)
        return bool(messages)

    async def _publish(self, lot: LotId, messages: list[Message]) -> None:
        for what, message in messages:
            sealed = self._signer.seal(what, lot, message)
            topic = topics.down(lot, SNAPSHOT if what is SealedAs.SNAPSHOT else INTENTS)
            if not await self._handed_over(topic, sealed):
                return  # the rest would only make a gap; silence brings all of it back
            self._metrics.intents_sent.labels(what.value).inc()

    async def _handed_over(self, topic: str, sealed: bytes) -> bool:
        """Waits for room in a broker connection that is busy; False when it is away."""
        for _ in range(ROOM_TRIES):
            if self._link is None or not self._link.connected:
                return False
            if self._link.publish(topic, sealed):
                return True
            await self._clock.sleep(ROOM_SECONDS)
        return False

    async def _with_database(self, work: Callable[[asyncpg.Connection], Awaitable[T]]) -> T:
        assert self._pool is not None
        async with self._pool.acquire() as connection:
            # A pooled connection is a connection, though asyncpg's types don't say so.
            return await work(cast(asyncpg.Connection, connection))


def _of(lot: LotId, message: W) -> W:
    if message.lot != lot:
        raise Malformed("its lot isn't the topic's")
    return message


async def _heard(connection: asyncpg.Connection, lot: LotId, taken: Taken, now: Instant) -> Judged:
    tenant = await rows.known_lot(connection, lot)
    towards = await rows.locked(connection, lot, wait=True)
    assert towards is not None
    judged = judge_taken(towards, taken, await rows.known_of(connection, lot, towards, taken), now)
    await rows.keep(connection, lot, judged.lot)
    await rows.keep_word(connection, lot, taken, now)
    for kind, detail in _cases(judged, taken).items():
        if detail is None:
            await close_case(connection, lot, kind, now)
        else:
            await open_case(connection, tenant, lot, Case(kind, "policy", detail), now)
    return judged


def _cases(judged: Judged, taken: Taken) -> dict[CaseKind, str | None]:
    """What a person must know of this lot's policy now; None: that, at least, is in order."""
    cases: dict[CaseKind, str | None] = {"intents_parked": None, "intents_withheld": None}
    if taken.parked_in_all:
        named = ", ".join(f"{each.type} v{each.version} ({each.revision}: {each.why})" for each in taken.parked[:5])
        cases["intents_parked"] = f"the lot (release {taken.release}) can't act on {taken.parked_in_all}: {named}"
    if taken.withheld:
        revisions = ", ".join(map(str, taken.withheld))
        cases["intents_withheld"] = f"the lot (release {taken.release}) can't run the tariff of revision {revisions}"
    if judged.kind == "agrees":
        cases["intents_forked"] = None
        cases["intents_differ"] = f"at revision {taken.revision}; a snapshot is sent" if judged.differs else None
    elif judged.lot.forked:
        cases["intents_forked"] = (
            f"the lot is at revision {taken.revision}, the cloud at {judged.lot.revision}, and they don't agree:"
            " was the cloud's database restored from a copy? Nothing is sent to it before you have settled it:"
            " `parkgate-cloud policy adopt` or `overrule`"
        )
    return cases
