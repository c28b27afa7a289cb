"""Takes the lots' beacons: only the newest of each lot, those of all lots together, ahead of any backlog of facts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence

import structlog

from cloud.defects import kept_apart
from cloud.ingest.beacons import Shown, keep_beacons
from cloud.ingest.broker import Arrived
from cloud.ingest.lasting import Database
from cloud.ingest.malformed import refuse
from cloud.metrics import Metrics
from models.ids import LotId
from models.instants import Clock
from models.wire.envelopes import Malformed

log = structlog.get_logger(__name__)


class BeaconDesk:
    """`changed` is told of which lots something else is shown now."""

    def __init__(
        self, database: Database, clock: Clock, metrics: Metrics, changed: Callable[[Iterable[LotId]], None]
    ) -> None:
        self._database, self._clock, self._metrics, self._changed = database, clock, metrics, changed
        self._newest: dict[LotId, Arrived] = {}
        self._came = asyncio.Event()

    def take(self, lot: LotId, message: Arrived) -> None:
        if message.payload:  # else a retained state that was deleted at the broker
            self._newest[lot] = message
            self._came.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._came.wait()
            self._came.clear()
            newest, self._newest = self._newest, {}
            shown: list[Shown] = []
            for lot, message in newest.items():
                with kept_apart("ingest.beacon_failed", self._metrics.failed, lot=lot):
                    shown += await self._read(lot, message)
            await self._keep_all(shown)

    async def _read(self, lot: LotId, message: Arrived) -> list[Shown]:
        at = self._clock.read().wall
        try:
            return [Shown.of(lot, message.payload, at, retained=message.retained)]
        except Malformed as wrong:
            await refuse(self._database, self._metrics, lot, message, wrong, at)
            return []

    async def _keep_all(self, shown: Sequence[Shown]) -> None:
        """Together; if that fails each by itself, so that a defect costs the beacon that meets it."""
        with kept_apart("ingest.beacons_failed_together") as together:
            await self._keep(shown)
        if together.failed:
            for one in shown:
                with kept_apart("ingest.beacon_failed", self._metrics.failed, lot=one.beacon.lot):
                    await self._keep([one])

    async def _keep(self, shown: Sequence[Shown]) -> None:
        if not shown:
            return
        unknown = await self._database.does(lambda connection: keep_beacons(connection, shown))
        self._metrics.beacons.inc(len(shown) - len(unknown))
        self._changed({one.beacon.lot for one in shown} - unknown)
        for lot in unknown:
            self._metrics.windows.labels("unknown_lot").inc()
            log.warning("ingest.unknown_lot", lot=lot)
