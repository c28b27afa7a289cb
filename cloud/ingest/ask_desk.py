"""Takes the lots' questions where they stand, and answers them, signed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import structlog

from cloud.defects import kept_apart
from cloud.ingest.apply import UnknownLot
from cloud.ingest.broker import Arrived
from cloud.ingest.lasting import Database
from cloud.ingest.malformed import refuse
from cloud.ingest.release import release_readable
from cloud.ingest.standing import answer
from cloud.ingest.window import is_uuid
from cloud.metrics import Metrics
from models.ids import LotId
from models.instants import Clock
from models.wire.envelopes import Malformed, unpack
from models.wire.seals import SealedAs, Seals
from models.wire.standing import Ask, Standing
from models.wire.topics import up_answer, up_ask

log = structlog.get_logger(__name__)


class AskDesk:
    """`publish` hands a message to the broker; a lot whose answer gets lost asks again."""

    def __init__(
        self,
        database: Database,
        signer: Seals,
        clock: Clock,
        metrics: Metrics,
        publish: Callable[[str, bytes], bool],
    ) -> None:
        self._database, self._signer, self._clock, self._metrics = database, signer, clock, metrics
        self._publish = publish

    async def catch_up(self) -> None:
        """What an older release parked because it couldn't read it is applied when a newer one starts."""
        at = self._clock.read().wall
        # What one lot's parked facts meet mustn't keep this process from serving the others.
        with kept_apart("ingest.catching_up_failed", self._metrics.failed):
            released = await self._database.does(lambda connection: release_readable(connection, at))
            if released.applied or released.waiting:
                log.info("ingest.caught_up", applied=released.applied, still_parked=released.waiting)

    async def take(self, lot: LotId, asked: Sequence[Arrived]) -> None:
        for message in asked:
            at = self._clock.read().wall
            try:
                ask = _ask(lot, message)
                told = await self._database.does(lambda connection, ask=ask, at=at: answer(connection, ask, at))
            except Malformed as wrong:
                await refuse(self._database, self._metrics, lot, message, wrong, at)
            except UnknownLot:
                log.warning("ingest.unknown_lot", lot=lot)
            else:
                if told.standing is not Standing.CURRENT:
                    log.warning("ingest.stream_is_left", lot=lot, stream_id=ask.stream_id, standing=told.standing)
                self._publish(up_answer(lot, ask.stream), self._signer.seal(SealedAs.ANSWER, lot, told))


def is_ask(message: Arrived) -> bool:
    return message.topic.endswith("/ask")


def _ask(lot: LotId, message: Arrived) -> Ask:
    ask = unpack(Ask, message.payload)
    if message.topic != up_ask(lot, ask.stream) or ask.lot != lot or not is_uuid(ask.stream_id):
        raise Malformed("its lot and stream aren't the topic's")
    return ask
