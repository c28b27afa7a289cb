"""What goes when the disk is full: pictures first, telemetry next, the ledger never."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import structlog

from edge.retention.log import record_erased
from edge.retention.streams import give_up_telemetry
from edge.store import Store, StoreUnavailable, Transaction
from edge.store.pictures import Dropped, Pictures

_LOG = structlog.get_logger("edge.retention")
_PICTURES_AT_ONCE = 200
_FACTS_AT_ONCE = 500


@dataclass
class Space:
    """What a lot gives up so that its tickets can still be written. One at a time."""

    store: Store
    pictures: Pictures
    unrecorded: Dropped | None = None
    """Pictures that are gone while the store couldn't even take a note of it: it takes it the next time."""

    async def give_up(self, wanted: int) -> int:
        """Make room for about `wanted` bytes. Returns how many were given up; 0: there is nothing left to give.

        Deleting a file needs no room, and putting that on record does: pictures go first and are put on record
        afterwards. Telemetry leaves room inside the database: its file gets no smaller, but grows later.
        """
        gone = await asyncio.get_running_loop().run_in_executor(None, self._drop_pictures, wanted)
        self.unrecorded = _together(self.unrecorded, gone)
        telemetry = await self._give_up_telemetry(wanted - gone.size) if gone.size < wanted else 0
        await self._put_on_record()
        return gone.size + telemetry

    def _drop_pictures(self, wanted: int) -> Dropped:
        return self.pictures.drop(self.pictures.oldest(wanted, _PICTURES_AT_ONCE))

    async def _give_up_telemetry(self, wanted: int) -> int:
        try:
            return await self.store.write(lambda tx: give_up_telemetry(tx, wanted, _FACTS_AT_ONCE))
        except StoreUnavailable as wrong:
            _LOG.warning("space.telemetry_kept", why=str(wrong))
            return 0

    async def _put_on_record(self) -> None:
        gone = self.unrecorded
        if gone is None or gone.count == 0:
            return
        try:
            await self.store.write(lambda tx: _record(tx, gone))
        except StoreUnavailable as wrong:
            _LOG.warning("space.not_recorded_yet", pictures=gone.count, why=str(wrong))
            return
        self.unrecorded = None


def _together(before: Dropped | None, gone: Dropped) -> Dropped:
    if before is None:
        return gone
    return Dropped(before.count + gone.count, before.size + gone.size, max(before.up_to, gone.up_to))


def _record(tx: Transaction, gone: Dropped) -> None:
    record_erased(tx, "pictures", "pictures", gone.count, gone.up_to, "space")
