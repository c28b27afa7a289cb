"""Follows the lots' changes for whatever shows them: gathers, paces, and goes on when the database was away."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from cloud.db.connect import REFUSES, UNREACHABLE
from cloud.defects import told
from cloud.live import Live, Watcher
from models.ids import LotId
from models.instants import Clock

log = structlog.get_logger(__name__)

AWAY = (*UNREACHABLE, *REFUSES)
"""What a query raises `plainly` while the database is away."""
GAP_SECONDS = 0.25
"""The least time between two updates of a page: four a second."""
RETRY_SECONDS = 1
LINK_CHECK_SECONDS = 2
"""How often, at the latest, pages are told whether changes still arrive."""

Changed = set[LotId | None]
"""Ids of lots; None stands for all of them."""


class Gathered:
    """The lots that changed since one last asked. At the beginning that is all of them."""

    def __init__(self) -> None:
        self._changed: Changed = {None}
        self._something = asyncio.Event()
        self._something.set()
        self.closed = False

    async def collect(self, watcher: Watcher) -> None:
        async for lot in watcher:
            self.add(lot)
        self.closed = True
        self._something.set()

    def add(self, lot: LotId | None) -> None:
        self._changed.add(lot)
        self._something.set()

    async def take(self, within: float) -> Changed:
        """Waits for a change, at most so many seconds; empty when there was none."""
        try:
            await asyncio.wait_for(self._something.wait(), within)
        except TimeoutError:
            return set()
        self._something.clear()
        changed, self._changed = self._changed, set()
        return changed


async def follow(
    live: Live,
    clock: Clock,
    patience: Callable[[], float],
    show: Callable[[Changed], Awaitable[None]],
    stale: Callable[[], None],
) -> None:
    """Has every change shown, until cancelled or until the process stops.

    `patience` says how many seconds to wait at most: then `show` is called with nothing changed. `stale` is
    called when showing failed; afterwards everything is shown again.
    """
    with live.watch() as watcher:
        gathered = Gathered()
        collecting = asyncio.create_task(gathered.collect(watcher))
        try:
            while not gathered.closed:
                changed = await gathered.take(patience())
                try:
                    await show(changed)
                except AWAY as away:
                    log.warning("console.database_away", error=type(away).__name__)
                except Exception as defect:  # noqa: BLE001 a page goes on, whatever it met
                    log.error("console.failed", **told(defect))
                else:
                    await clock.sleep(GAP_SECONDS)
                    continue
                stale()
                gathered.add(None)
                await clock.sleep(RETRY_SECONDS)
        finally:
            collecting.cancel()
