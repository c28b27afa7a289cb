"""What goes on about a lot's own state beside its facts: snapshots up from lots that differ, and down to new stores."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import structlog

from cloud.defects import kept_apart
from cloud.ingest.broker import Arrived
from cloud.ingest.digests import Compared
from cloud.ingest.lasting import Database
from cloud.ingest.malformed import refuse
from cloud.ingest.restoring import answer
from cloud.ingest.resyncs import apply_if_complete, lots_wanted, take_part, wanted_now
from cloud.ingest.window import is_uuid
from cloud.metrics import Metrics
from models.ids import LotId
from models.instants import Clock
from models.wire.envelopes import Malformed, unpack
from models.wire.restoring import RestoreAsked
from models.wire.seals import SealedAs, Seals
from models.wire.state_snapshots import SnapshotPart
from models.wire.topics import RESTORE, RESYNC, down, up_restore, up_snapshot

log = structlog.get_logger(__name__)

ASK_AGAIN_SECONDS = 10
"""A lot whose state is wanted and doesn't come is asked again, but not more often."""


class StateDesk:
    """`publish` hands a message to the broker, and says whether the broker was there; `ours`: whether this process
    serves a lot."""

    def __init__(
        self,
        database: Database,
        signer: Seals,
        clock: Clock,
        metrics: Metrics,
        publish: Callable[[str, bytes], bool],
        ours: Callable[[LotId], bool],
    ) -> None:
        self._database, self._signer, self._clock, self._metrics = database, signer, clock, metrics
        self._publish, self._ours = publish, ours

    @staticmethod
    def takes(lot: LotId, topic: str) -> bool:
        """Whether a message on this topic is for this desk."""
        return topic in (up_snapshot(lot), up_restore(lot))

    async def run(self) -> None:
        """Until cancelled: asks for what hasn't come, applies what had to wait for facts."""
        while True:
            await self._clock.sleep(ASK_AGAIN_SECONDS)
            for lot in await self._database.does(lots_wanted):
                if self._ours(lot):
                    with kept_apart("ingest.failed", self._metrics.failed, lot=lot):
                        await self._mind(lot)

    async def take(self, lot: LotId, messages: Sequence[Arrived]) -> None:
        for message in messages:
            try:
                if message.topic == up_restore(lot):
                    await self._restore(lot, message)
                else:
                    await self._take_part(lot, message)
            except Malformed as wrong:
                at = self._clock.read().wall
                await refuse(self._database, self._metrics, lot, message, wrong, at)

    async def compared(self, lot: LotId, digest: Compared) -> None:
        """Called once a digest has been looked at, after the commit."""
        self._metrics.digests.labels(digest.verdict).inc()
        if digest.verdict == "differs":
            log.error("ingest.digest_differs", lot=lot, tables=[part.table for part in digest.differs])
            await self._mind(lot)

    async def _mind(self, lot: LotId) -> None:
        """While the lot's own state is wanted it is asked for; once it is here whole it is applied as soon as the
        facts before it are."""
        at = self._clock.read().wall
        done = await self._database.does(lambda connection: apply_if_complete(connection, lot, at))
        if done is not None:
            self._metrics.resyncs.labels("refused" if done.refused else "applied").inc()
            self._metrics.rows_corrected.inc(done.rows)
            log.warning("ingest.resynced", lot=lot, rows=done.rows, kept=done.kept, refused=done.refused)
        wanted = await self._database.does(lambda connection: wanted_now(connection, lot))
        if wanted is not None:
            self._publish(down(lot, RESYNC), self._signer.seal(SealedAs.RESYNC, lot, wanted))

    async def _take_part(self, lot: LotId, message: Arrived) -> None:
        part = unpack(SnapshotPart, message.payload)
        if part.lot != lot or not is_uuid(part.stream_id):
            raise Malformed("its lot isn't the topic's, or its stream is none")
        at = self._clock.read().wall
        if await self._database.does(lambda connection: take_part(connection, part, at)):
            await self._mind(lot)

    async def _restore(self, lot: LotId, message: Arrived) -> None:
        """A lot whose store is new wants to know of itself."""
        asked = unpack(RestoreAsked, message.payload)
        if asked.lot != lot:
            raise Malformed("its lot isn't the topic's")
        parts = await self._database.does(lambda connection: answer(connection, asked))
        log.warning("ingest.restoring", lot=lot, parts=len(parts))
        for part in parts:
            self._publish(down(lot, RESTORE), self._signer.seal(SealedAs.RESTORE, lot, part))
