"""Sends the lot's own state up when the cloud asks: taken once, kept in a file, and sent on from where it was."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from drivers.contract import FaultReporter
from edge.store import StoreUnavailable
from edge.store.snapshots import Point, take
from edge.sync.connection import Connection
from edge.sync.faults import NOT_BELIEVED
from edge.sync.keys import TrustedKeys
from models.digests import LAYOUT
from models.facts.digests import Part
from models.ids import LotId
from models.instants import Clock
from models.wire import topics
from models.wire.envelopes import Malformed, pack
from models.wire.seals import Forged, SealedAs
from models.wire.state_snapshots import PARTS_AHEAD, SnapshotPart, SnapshotWanted, checksum

_LOG = structlog.get_logger("edge.sync")
_NAME_BYTES = 16


@dataclass(frozen=True, slots=True)
class Taken:
    """One snapshot, whose bodies lie in a file: `places` is where each begins and how long it is."""

    resync: str
    name: str
    point: Point
    checksum: str
    file: Path
    places: tuple[tuple[int, int], ...]

    def body(self, number: int) -> str:
        begins, length = self.places[number]
        with self.file.open("rb") as file:
            file.seek(begins)
            return file.read(length).decode()


class Snapshots:
    """The lot's side of a resync. One snapshot at a time; a new question makes the last one's answer void."""

    def __init__(
        self,
        lot: LotId,
        store: Path,
        connection: Connection,
        keys: TrustedKeys,
        clock: Clock,
        faults: FaultReporter,
    ) -> None:
        self._lot, self._store, self._connection, self._keys = lot, store, connection, keys
        self._clock, self._faults = clock, faults
        self._file = store.with_name(store.name + ".snapshot")
        self._asked: asyncio.Queue[SnapshotWanted] = asyncio.Queue()
        self._room = asyncio.Event()
        self._taken: Taken | None = None
        self._have, self._sent = 0, 0
        self.answered = 0
        """Resyncs since the start"""

    @property
    def topics(self) -> Sequence[str]:
        return [topics.down(self._lot, topics.RESYNC)]

    async def run(self) -> None:
        """Until cancelled."""
        self._file.unlink(missing_ok=True)  # of a daemon that was killed
        try:
            while True:
                await self._answer(await self._asked.get())
        finally:
            self._file.unlink(missing_ok=True)

    def connected(self) -> None:
        self._room.set()

    def taken(self) -> None:
        self._room.set()

    def heard(self, topic: str, payload: bytes) -> None:
        try:
            wanted = self._keys.keyring.unseal(SealedAs.RESYNC, self._lot, SnapshotWanted, payload)
        except Forged as wrong:
            self._faults.raised(NOT_BELIEVED, f"a question for the lot's state is {wrong}")
        except Malformed as wrong:
            _LOG.warning("link.malformed", topic=topic, why=str(wrong))
        else:
            self._asked.put_nowait(wanted)

    async def _answer(self, wanted: SnapshotWanted) -> None:
        if wanted.layout != LAYOUT:
            _LOG.warning("snapshot.other_layout", ours=LAYOUT, wanted=wanted.layout)
            return
        taken = await self._snapshot_for(wanted)
        if taken is None:
            return
        have = wanted.have if wanted.snapshot == taken.name else 0
        # Said again without progress: what was under way is lost.
        self._sent = max(self._sent, have) if have > self._have else have
        self._have = have
        while self._sent < min(len(taken.places), self._have + PARTS_AHEAD) and self._asked.empty():
            await self._send(taken, self._sent)

    async def _snapshot_for(self, wanted: SnapshotWanted) -> Taken | None:
        if self._taken is None or self._taken.resync != wanted.resync:
            self._taken, self._have, self._sent = None, -1, 0
            self.answered += 1
            try:
                self._taken = await asyncio.to_thread(self._take, wanted.resync, wanted.wanted)
            except (StoreUnavailable, OSError) as wrong:
                self._file.unlink(missing_ok=True)  # the room of one that was begun is needed elsewhere
                _LOG.error("snapshot.not_taken", why=str(wrong))
        return self._taken

    def _take(self, resync: str, wanted: Sequence[Part]) -> Taken | None:
        """In a thread of its own."""
        places: list[tuple[int, int]] = []
        self._file.unlink(missing_ok=True)
        self._file.touch(mode=0o600)  # plates are in it
        with self._file.open("wb") as file:

            def keep(body: str) -> None:
                encoded = body.encode()
                places.append((file.tell(), len(encoded)))
                file.write(encoded)

            point = take(self._store, wanted, self._clock.read().wall, keep)
        if point is None:
            return None
        name = secrets.token_hex(_NAME_BYTES)
        unhashed = Taken(resync, name, point, "", self._file, tuple(places))
        hashed = checksum(unhashed.body(number) for number in range(len(places)))
        _LOG.info("snapshot.taken", resync=resync, parts=len(places), seq=point.seq)
        return Taken(resync, name, point, hashed, self._file, tuple(places))

    async def _send(self, taken: Taken, number: int) -> None:
        part = SnapshotPart(
            lot=self._lot,
            resync=taken.resync,
            snapshot=taken.name,
            layout=LAYOUT,
            stream_id=taken.point.stream_id,
            seq=taken.point.seq,
            hash=taken.point.hash,
            oldest=taken.point.oldest,
            number=number,
            parts=len(taken.places),
            checksum=taken.checksum,
            body=await asyncio.to_thread(taken.body, number),
        )
        self._room.clear()
        if self._connection.publish(topics.up_snapshot(self._lot), pack(part), qos=1):
            self._sent = number + 1
        else:
            await self._room.wait()
