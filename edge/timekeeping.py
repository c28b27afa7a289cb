"""Watches the lot's clock: when it is set, that is on record, and what was dated or charged by the wrong time is put
right."""

from __future__ import annotations

import structlog

from edge.parking.money import corrections
from edge.parking.money.corrections import Place
from edge.store import Store, StoreUnavailable, Transaction, boots
from models.facts import ClockSet
from models.instants import SECOND, Clock, Instant, Reading

LOOK_SECONDS = 5.0
KEEP_SECONDS = 60
"""So much of a stay may go uncounted when the power fails and no time server answers afterwards."""

AT_ONCE = 500
"""So many moments are looked at in one transaction when stays get their true times: lanes have to write in between."""

_LOG = structlog.get_logger("edge.timekeeping")


def was_set(before: Reading, now: Reading) -> bool:
    """Whether somebody set the clock between two readings, or a time server was heard for the first time."""
    if before.boot_id != now.boot_id:
        return False
    moved = abs(boots.zero_of(now) - boots.zero_of(before))
    return moved > boots.STEP or (now.synced and not before.synced)


def learn(tx: Transaction) -> bool:
    """Put on record what this moment's reading tells of the time. True: the clock was set since the last one kept."""
    run = boots.present(tx)
    boots.keep(tx, run)
    if not was_set(run.last, tx.at):
        return False
    before = Instant(boots.zero_of(run.last) + tx.at.monotonic)
    tx.record(ClockSet(before=before, after=tx.at.wall, synced=tx.at.synced))
    if tx.at.synced:
        boots.mark_undated(tx, run, undated=True)
        corrected = corrections.correct_all(tx)
        _LOG.info("clock.set", seconds=(tx.at.wall - before) // SECOND, fees_corrected=corrected)
    return True


def date_some(tx: Transaction, after: Place | None) -> Place | None:
    """Some of the stays that this boot dated before its clock was set. Returns where to go on, None when it is done."""
    run = boots.present(tx)
    if not (run.undated and tx.at.synced):
        return None
    reached = corrections.date(tx, after, AT_ONCE)
    if reached is None:
        boots.mark_undated(tx, run, undated=False)
    return reached


class Timekeeper:
    """Looks often and writes seldom: an SD card wears out."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._kept, self._behind = clock.read(), True
        self._dated_to: Place | None = None

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                behind = await self.look()
            except StoreUnavailable as wrong:
                _LOG.warning("clock.not_kept_yet", why=str(wrong))
                behind = False
            await self._clock.sleep(0.0 if behind else LOOK_SECONDS)

    async def look(self) -> bool:
        """One look. Whether there is more to put right at once. Raises StoreUnavailable."""
        now = self._clock.read()
        if was_set(self._kept, now) or now.monotonic - self._kept.monotonic >= KEEP_SECONDS * SECOND:
            if await self._store.write(learn, alone=True):
                self._behind, self._dated_to = True, None
            self._kept = now
        elif self._behind:
            after = self._dated_to
            self._dated_to = await self._store.write(lambda tx: date_some(tx, after), alone=True)
            self._behind = self._dated_to is not None
        return self._behind
