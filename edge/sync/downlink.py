"""Takes the cloud's intents in: deltas and snapshots, signed, in order, and says how far the lot has come."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Literal

import structlog

from drivers.contract import FaultReporter
from edge.store import Store, StoreUnavailable, inbox
from edge.sync.connection import Connection
from edge.sync.faults import INTENT_PARKED, NOT_BELIEVED, POLICY_FORKED, SNAPSHOT_WRONG
from models.ids import LotId
from models.instants import Clock
from models.intents.base import understood
from models.tariff import DIALECTS
from models.wire import topics
from models.wire.envelopes import Malformed, pack
from models.wire.following import Follows, Fork, Gap, Nothing
from models.wire.intents import INTENTS, SNAPSHOT, Intents, SnapshotPart, Taken
from models.wire.seals import Forged, Keyring, SealedAs
from models.wire.snapshots import Gathered, with_part

_LOG = structlog.get_logger("edge.sync")
_PATIENCE_SECONDS = 5
_MOST_PATIENCE_SECONDS = 80
_AGAIN_SECONDS = 900
"""So often the lot says how far it has come, though nothing is new: the cloud may have lost what it knew."""
_ROOM_SECONDS = 0.2
_MOST_WAITING = 64
"""Messages that may wait for the store; the cloud sends again what is dropped."""

Wants = Literal["nothing", "deltas", "snapshot"]


@dataclass
class Heard:
    """What came down since the start, counted by what became of it."""

    counts: Counter[str] = field(default_factory=Counter[str])


class Downlink:
    """Intents on their way down. Nothing is believed but what the cloud has signed for this lot."""

    def __init__(
        self,
        lot: LotId,
        release: str,
        store: Store,
        connection: Connection,
        keys: Callable[[], Keyring],
        clock: Clock,
        faults: FaultReporter,
        changed: Callable[[], Awaitable[None]],
    ) -> None:
        """`changed` is awaited after each change of what stands."""
        self._lot, self._release, self._store, self._connection = lot, release, store, connection
        self._keys, self._clock, self._faults, self._changed = keys, clock, faults, changed
        self._came: asyncio.Queue[Intents | SnapshotPart] = asyncio.Queue(_MOST_WAITING)
        self._gathered = Gathered()
        self._say = asyncio.Event()
        self._wants: Wants = "nothing"
        self._answered, self._asks = False, False
        self.heard_of = Heard()

    @property
    def topics(self) -> list[str]:
        return [topics.down(self._lot, INTENTS), topics.down(self._lot, SNAPSHOT)]

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as parts:
            for part in (self._take_all(), self._say_all(), self._say_again()):
                parts.create_task(part)

    def connected(self) -> None:
        """The lot speaks first: what it has, and what it understands."""
        self._answered, self._asks = False, True
        self._say.set()

    def taken(self) -> None: ...

    # --- coming down ---

    def heard(self, topic: str, payload: bytes) -> None:
        what: tuple[SealedAs, type[Intents | SnapshotPart]] = (
            (SealedAs.SNAPSHOT, SnapshotPart) if topic.endswith(f"/{SNAPSHOT}") else (SealedAs.INTENTS, Intents)
        )
        try:
            message = self._keys().unseal(what[0], self._lot, what[1], payload)
            if message.lot != self._lot:
                raise Forged("about another lot")
        except Forged as wrong:
            self._count("forged")
            self._faults.raised(NOT_BELIEVED, f"{what[0].value} are {wrong}")
            _LOG.warning("link.not_believed", topic=topic, why=str(wrong))
        except Malformed as wrong:
            self._count("malformed")
            _LOG.warning("link.malformed", topic=topic, why=str(wrong).splitlines()[0])
        else:
            self._queue(message)

    def _queue(self, message: Intents | SnapshotPart) -> None:
        self._answered = True
        try:
            self._came.put_nowait(message)
        except asyncio.QueueFull:
            self._count("dropped")

    async def _take_all(self) -> None:
        while True:
            message = await self._came.get()
            try:
                await self._take(message)
            except StoreUnavailable as wrong:
                # Nothing was taken; the cloud sends it again until it hears that it was.
                _LOG.error("link.store_unavailable", why=str(wrong))
            except inbox.Untrue as wrong:
                self._count("untrue")
                self._gathered = Gathered()
                self._faults.raised(SNAPSHOT_WRONG, str(wrong))

    async def _take(self, message: Intents | SnapshotPart) -> None:
        if isinstance(message, Intents):
            await self._take_deltas(message)
        else:
            await self._take_part(message)

    async def _take_deltas(self, message: Intents) -> None:
        if message.tell:
            await self._tell()
        verdict = await self._store.write(lambda tx: inbox.take(tx, message), alone=True)
        match verdict:
            case Follows():
                self._count("taken")
                await self._settled()
            case Nothing():
                self._wants = "nothing"
                if not message.intents:
                    return  # how far the lot should be, and it is: to answer would go on for ever
                self._count("repeated")
            case Gap():
                self._count("gap")
                self._wants = "deltas"
            case Fork():
                self._count("forked")
                self._faults.raised(POLICY_FORKED, f"at revision {message.after} and after")
        self._say.set()

    async def _take_part(self, part: SnapshotPart) -> None:
        self._gathered = with_part(self._gathered, part)
        parts = self._gathered.whole
        if parts is None:
            return
        self._gathered = Gathered()
        snapshot = await asyncio.to_thread(inbox.checked, self._lot, parts)
        fresh = await self._store.write(lambda tx: inbox.take_snapshot(tx, snapshot), alone=True)
        self._count("snapshot" if fresh else "old_snapshot")
        if fresh:
            await self._settled()
        self._say.set()

    async def _settled(self) -> None:
        """What stands has changed: everybody acts by it, and the faults say what still waits."""
        self._wants = "nothing"
        self._faults.cleared(SNAPSHOT_WRONG)
        self._faults.cleared(POLICY_FORKED)
        await self._changed()
        await self._show_parked()

    async def _show_parked(self) -> None:
        waiting = await self._store.read(inbox.waiting)
        if not waiting.parked:
            self._faults.cleared(INTENT_PARKED)
            return
        first = waiting.parked[0]
        named = f"{first.type} v{first.version}, revision {first.revision}: {first.why}"
        others = f" (and {waiting.parked_in_all - 1} more)" if waiting.parked_in_all > 1 else ""
        self._faults.raised(INTENT_PARKED, named + others)

    def _count(self, what: str) -> None:
        self.heard_of.counts[what] += 1

    # --- going up ---

    async def _say_all(self) -> None:
        while True:
            await self._say.wait()
            self._say.clear()
            try:
                taken = await self._store.read(self._now)
            except StoreUnavailable as wrong:
                _LOG.error("link.store_unavailable", why=str(wrong))
                continue
            if self._connection.publish(topics.down_ack(self._lot, INTENTS), pack(taken), qos=1):
                self._asks = False

    def _now(self, connection: sqlite3.Connection) -> Taken:
        """In the reader's thread."""
        place, waiting = inbox.place(connection), inbox.waiting(connection)
        return Taken(
            lot=self._lot,
            release=self._release,
            revision=place.revision,
            hash=place.hash,
            checksum=inbox.checksum_of_all(connection, self._lot),
            understands=understood(),
            dialects=DIALECTS,
            parked=waiting.parked,
            parked_in_all=waiting.parked_in_all,
            withheld=waiting.withheld,
            wants=self._wants,
            hello=self._asks,
        )

    async def _tell(self) -> None:
        """All that stands here, for a cloud that was restored from a copy and whose operator asks for it."""
        for part in await self._store.read(lambda connection: inbox.all_that_stands(connection, self._lot)):
            packed = pack(part)
            while not self._connection.publish(topics.down_ack(self._lot, SNAPSHOT), packed, qos=1):
                if not self._connection.connected:
                    return  # it asks again
                await self._clock.sleep(_ROOM_SECONDS)

    async def _say_again(self) -> None:
        """Until the cloud answers, ever less often; then now and then."""
        await self._show_parked_at_the_start()
        patience = _PATIENCE_SECONDS
        while True:
            await self._clock.sleep(_AGAIN_SECONDS if self._answered else patience)
            self._asks = True
            patience = _PATIENCE_SECONDS if self._answered else min(2 * patience, _MOST_PATIENCE_SECONDS)
            self._say.set()

    async def _show_parked_at_the_start(self) -> None:
        try:
            await self._show_parked()
        except StoreUnavailable as wrong:
            _LOG.error("link.store_unavailable", why=str(wrong))
