"""Puts on record once an hour how lanes and machine fare, and each time when the cloud has been out of reach."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

import structlog

from edge.lane.lane import Lane
from edge.store import Store, StoreUnavailable
from edge.telemetry.machine import measured
from edge.telemetry.meter import LaneMeter
from models.facts import Fact, LinkInterrupted
from models.ids import LaneName
from models.instants import HOUR, SECOND, Clock, Instant

_LOG = structlog.get_logger("edge.telemetry")
_LOOK_SECONDS = 10.0
_EVERY = HOUR
_SHORTEST_OUTAGE = 15 * SECOND


class MeteredLane(Protocol):
    """A lane as far as it is measured."""

    lane: Lane

    def on_change(self, changed: Callable[[], None]) -> None:
        """Call `changed` after everything that the lane has heard."""
        ...


class Recorder:
    """A part of the daemon. What it can't write is lost: nothing rests on it. `connected` is None where no link is
    configured."""

    def __init__(
        self,
        store: Store,
        path: Path,
        lanes: Mapping[LaneName, MeteredLane],
        connected: Callable[[], bool] | None,
        clock: Clock,
    ) -> None:
        self._store, self._path, self._connected, self._clock = store, path, connected, clock
        self._meters = {name: LaneMeter() for name in lanes}
        for name, lane in lanes.items():
            lane.on_change(self._watching(lane, self._meters[name]))

    def _watching(self, lane: MeteredLane, meter: LaneMeter) -> Callable[[], None]:
        return lambda: meter.saw(lane.lane, self._clock.monotonic())

    async def run(self) -> None:
        """Until cancelled."""
        begun, since = self._clock.monotonic(), self._clock.read().wall
        lost: Instant | None = None
        while True:
            await self._clock.sleep(_LOOK_SECONDS)
            lost = await self._look_at_the_link(lost)
            if self._clock.monotonic() - begun >= _EVERY:
                until = self._clock.read().wall
                await self.tell(since, until)
                begun, since = self._clock.monotonic(), until

    async def tell(self, since: Instant, until: Instant) -> None:
        """One transaction for all."""
        told: list[Fact | None] = [meter.told(name, since, until) for name, meter in self._meters.items()]
        try:
            loop = asyncio.get_running_loop()
            told.append(await loop.run_in_executor(None, measured, self._path, until))
        except OSError as wrong:
            _LOG.warning("telemetry.not_measured", why=str(wrong))
        await self._record(told)

    async def _look_at_the_link(self, lost: Instant | None) -> Instant | None:
        """Since when the cloud is out of reach; None: it isn't."""
        if self._connected is None:
            return None
        now = self._clock.read().wall
        if not self._connected():
            return lost if lost is not None else now
        if lost is not None and now - lost >= _SHORTEST_OUTAGE:
            await self._record([LinkInterrupted(since=lost, until=now)])
        return None

    async def _record(self, told: list[Fact | None]) -> None:
        facts = [fact for fact in told if fact is not None]
        try:
            await self._store.write(lambda tx: [tx.record(fact) for fact in facts], spare_reserve=True)
        except StoreUnavailable as wrong:
            _LOG.warning("telemetry.lost", facts=len(facts), why=str(wrong))
