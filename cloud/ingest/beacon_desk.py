"""Takes the lots' beacons: only the newest of each lot, those of all lots together, ahead of any backlog of facts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

import structlog

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
            try:
                await self._keep(newest)
            except Exception:
                # A defect that these beacons meet costs these beacons: others come within seconds.
                self._metrics.dropped.labels("failed").inc()
                log.exception("ingest.beacons_failed", lots=len(newest))

    async def _keep(self, newest: dict[LotId, Arrived]) -> None:
        at = self._clock.read().wall
        shown: list[Shown] = []
        for lot, message in newest.items():
            try:
                shown.append(Shown.of(lot, message.payload, at, retained=message.retained))
            except Malformed as wrong:
                await refuse(self._database, self._metrics, lot, message, wrong, at)
        if not shown:
            return
        unknown = await self._database.does(lambda connection: keep_beacons(connection, shown))
        self._metrics.beacons.inc(len(shown) - len(unknown))
        self._changed({one.beacon.lot for one in shown} - unknown)
        for lot in unknown:
            self._metrics.windows.labels("unknown_lot").inc()
            log.warning("ingest.unknown_lot", lot=lot)
