"""Goes round once an hour and forgets what is due, in steps so small that no lane waits for one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass

import structlog

from edge.retention import set_aside
from edge.retention.keep import Keep, before
from edge.retention.log import record_erased
from edge.retention.plates import (
    EVENTS,
    Limits,
    forget_permits,
    mask_events,
    mask_stays,
    mask_vehicles,
    without_a_stay,
)
from edge.retention.records import OTHERS, forget_others, forget_stays, old_others
from edge.retention.reservations import forget_reservations, mask_reservations
from edge.retention.streams import drop_telemetry, prune_ledger, prune_left
from edge.store import Store, StoreFull, StoreUnavailable, Transaction, boots
from edge.store.pictures import Picture, Pictures, Unfinished, dropped
from models.instants import HOUR, SECOND, Clock, Instant
from models.plates import Plate
from models.retention import Why

_LOG = structlog.get_logger("edge.retention")
EVERY_SECONDS = HOUR / SECOND
_FIRST_AFTER_SECONDS = 20.0
"""A lot that has just started has better things to do."""
_PAUSE_SECONDS = 0.25
"""Between two steps. The writer's thread is free for the lanes for nearly all of the time."""
AIM = 2_000
"""Microseconds that a step aims to hold the writer for, the commit not counted."""
_FIRST_STEP, _LARGEST_STEP = 10, 200
_PAGE = 300
_PICTURES = 100
_ROWS = 2_000
"""That the reader's thread looks through at once."""

Step = Callable[[Transaction, int], int]
"""Handles up to so many rows in one transaction and returns how many it handled; fewer: nothing more is due."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How many rows a step takes: what the last ones took decides it, for a Pi's card isn't a server's disk."""

    rows: int = _FIRST_STEP

    def after(self, took: int) -> Pace:
        """`took` in microseconds."""
        if took > AIM:
            return Pace(max(1, self.rows * AIM // (2 * took)))
        return Pace(min(_LARGEST_STEP, 2 * self.rows)) if took < AIM // 2 else self


class Retention:
    """A part of the daemon. Does nothing that can't be done an hour later: a store that is in trouble is left alone."""

    def __init__(
        self,
        keep: Keep,
        store: Store,
        pictures: Pictures,
        permits: Callable[[], Collection[Plate]],
        clock: Clock,
    ) -> None:
        """`permits`: whose they are now, by the lot's file or by the cloud's word."""
        self._keep, self._store, self._pictures = keep, store, pictures
        self._permits, self._clock = permits, clock
        self._unfinished: frozenset[Unfinished] = frozenset()
        self.longest_step = 0
        """Microseconds that a step has held the writer for at most, the commit not counted."""

    async def run(self) -> None:
        """Until cancelled."""
        await self._clock.sleep(_FIRST_AFTER_SECONDS)
        while True:
            try:
                await self.round()
            except (StoreUnavailable, OSError) as wrong:
                _LOG.warning("retention.put_off", why=str(wrong))
            await self._clock.sleep(EVERY_SECONDS)

    async def round(self) -> None:
        """Everything that is due now. Raises StoreUnavailable or OSError; what was done until then stays done.

        A clock that nobody has set may be ahead, and what is gone doesn't come back: until a time server was heard,
        what goes is what is due at the earliest time that it can be.
        """
        now, permits = self._clock.read(), self._permits()
        sure = await self._store.read(lambda look: boots.earliest(look, now))
        if sure is not None:
            plates, debts = before(sure, self._keep.plates), before(sure, self._keep.debts)
            await self._mask_unless_full(Limits(plates, debts, permits))
            await self._drop_old_pictures(before(sure, self._keep.pictures))
            await self._take_away_damaged_stores(plates)
        await self._in_steps(lambda tx, rows: forget_permits(tx, permits, rows))
        if now.synced:
            await self._prune(now.wall)
        await self._drop_pictures("space", self._over_the_most)
        await self._give_up_unfinished_pictures()

    async def _mask_unless_full(self, limits: Limits) -> None:
        """With only the reserve left on the disk it waits: masking takes room and gives none back, as all else does."""
        try:
            await self._mask_plates(limits)
        except StoreFull as wrong:
            _LOG.warning("retention.masking_put_off", why=str(wrong))

    async def _mask_plates(self, limits: Limits) -> None:
        await self._in_steps(lambda tx, rows: mask_stays(tx, limits, rows), spare_reserve=True)
        await self._in_steps(lambda tx, rows: mask_reservations(tx, limits.closed, rows), spare_reserve=True)
        for table in EVENTS:
            await self._in_steps(lambda tx, rows, table=table: mask_events(tx, table, limits, rows), spare_reserve=True)
        await self._mask_vehicles_without_a_stay(limits)

    async def _mask_vehicles_without_a_stay(self, limits: Limits) -> None:
        after: str | None = ""
        while after is not None:
            after = await self._mask_a_page(limits, after)
            await self._clock.sleep(_PAUSE_SECONDS)

    async def _mask_a_page(self, limits: Limits, after: str) -> str | None:
        page = await self._store.read(lambda look: without_a_stay(look, limits.closed, after, _PAGE))
        if page.due:
            await self._store.write(lambda tx: mask_vehicles(tx, page.due, limits), spare_reserve=True)
        return page.after

    async def _prune(self, now: Instant) -> None:
        keep = self._keep
        await self._in_steps(lambda tx, rows: drop_telemetry(tx, before(now, keep.telemetry), rows))
        await self._in_steps(lambda tx, rows: prune_ledger(tx, before(now, keep.ledger), rows))
        await self._in_steps(lambda tx, rows: prune_left(tx, before(now, keep.ledger), rows))
        old = before(now, keep.tickets)
        await self._in_steps(lambda tx, rows: forget_stays(tx, old, rows))
        await self._in_steps(lambda tx, rows: forget_reservations(tx, old, rows))
        for table in OTHERS:
            await self._forget_others(table, old)

    async def _forget_others(self, table: str, before: Instant) -> None:
        after: int | None = 0
        while after is not None:
            page = await self._store.read(lambda look, after=after: old_others(look, table, before, after, _ROWS))
            due = list(page.due)

            def some(tx: Transaction, rows: int, due: list[tuple[str, Instant]] = due) -> int:
                forget_others(tx, table, due[:rows])
                return len(due[:rows])

            def gone(rows: int, due: list[tuple[str, Instant]] = due) -> None:
                del due[:rows]

            if due:
                await self._in_steps(some, gone=gone)
            after = page.after

    async def _take_away_damaged_stores(self, old: Instant) -> None:
        going = set_aside.due(self._store.path, old)
        if going:
            await self._store.write(lambda tx: set_aside.put_on_record(tx, going))
            await asyncio.get_running_loop().run_in_executor(None, set_aside.forget, going)

    async def _in_steps(
        self, step: Step, *, spare_reserve: bool = False, gone: Callable[[int], None] = lambda rows: None
    ) -> None:
        """`gone`: so many rows are forgotten, and that is on the disk."""
        pace = Pace()
        while True:
            done, took = await self._store.write(
                lambda tx, rows=pace.rows: self._timed(step, tx, rows), spare_reserve=spare_reserve, alone=True
            )
            gone(done)
            self.longest_step = max(self.longest_step, took)
            if done < pace.rows:
                return
            pace = pace.after(took)
            await self._clock.sleep(_PAUSE_SECONDS)

    def _timed(self, step: Step, tx: Transaction, rows: int) -> tuple[int, int]:
        begun = self._clock.monotonic()
        done = step(tx, rows)
        return done, self._clock.monotonic() - begun

    # --- pictures ---

    async def _drop_old_pictures(self, old: Instant) -> None:
        await self._drop_pictures("age", lambda: self._pictures.older_than(old, _PICTURES))

    def _over_the_most(self) -> list[Picture]:
        return self._pictures.oldest(self._pictures.total() - self._keep.pictures_bytes, _PICTURES)

    async def _give_up_unfinished_pictures(self) -> None:
        """Those that haven't changed since the last round: nobody writes for an hour. Their dates say nothing, for a
        clock may have been set."""
        loop = asyncio.get_running_loop()
        there = await loop.run_in_executor(None, self._pictures.unfinished)
        await loop.run_in_executor(None, self._pictures.give_up, there & self._unfinished)
        self._unfinished = there

    async def _drop_pictures(self, why: Why, choose: Callable[[], list[Picture]]) -> None:
        """On record first: a daemon that dies in between finds them again and says so once more, but none goes
        unrecorded."""
        loop = asyncio.get_running_loop()
        while chosen := await loop.run_in_executor(None, choose):
            going = dropped(chosen)
            await self._store.write(
                lambda tx, going=going: record_erased(tx, "pictures", "pictures", going.count, going.up_to, why)
            )
            await loop.run_in_executor(None, self._pictures.drop, chosen)
            await self._clock.sleep(_PAUSE_SECONDS)
