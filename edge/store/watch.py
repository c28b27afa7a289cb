"""Looks after the lot's store while it is in use: the room on the disk, the log's size, and slowly, every page."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import structlog

from drivers.contract import FaultReporter
from edge.patience import within
from edge.store.damage import books, quarantine
from edge.store.damage.rounds import Rounds
from edge.store.database import Store
from edge.store.faults import DAMAGED, DAMAGED_STILL, FULL, HELD_OPEN, SET_RIGHT
from edge.store.reserve import LOG_LIMIT
from edge.store.trouble import StoreDamaged, StoreFull, StoreUnavailable
from models.ids import LotId
from models.instants import Clock

_LOG = structlog.get_logger("edge.store")
_ROOM_EVERY = 5.0
_ROUND_EVERY = 6 * 3600.0
_FIRST_ROUND_AFTER = 120.0
_MIB = 1024 * 1024

SPARE = 64 * _MIB
"""Below this, space is given up before the reserve is needed."""
_LOG_TOO_LARGE = 4 * LOG_LIMIT

GiveUpSpace = Callable[[int], Awaitable[int]]
"""Asked to free so many bytes; answers how many it did, 0 when there is nothing left to give. Pictures go first, then
telemetry; the ledger never."""


async def nothing_to_give(wanted: int) -> int:
    return 0


class StoreWatch:
    """`damaged` is told, once, when the store has to be begun anew."""

    def __init__(
        self,
        store: Store,
        lot: LotId,
        clock: Clock,
        faults: FaultReporter,
        damaged: Callable[[str], None],
        give_up_space: GiveUpSpace = nothing_to_give,
    ) -> None:
        self._store, self._clock, self._faults = store, clock, faults
        self._damaged, self._give_up_space = damaged, give_up_space
        self._no_room = asyncio.Event()
        self._rounds = Rounds(store.path, lot, clock)

    async def run(self) -> None:
        """Until cancelled."""
        loop = asyncio.get_running_loop()
        self._store.on_trouble(lambda trouble: _hop(loop, self._met, trouble))
        if self._store.left_damaged:
            self._faults.raised(DAMAGED_STILL, self._store.left_damaged)
        async with asyncio.TaskGroup() as parts:
            parts.create_task(self._look_after_room())
            parts.create_task(self._go_round())

    def _met(self, trouble: StoreUnavailable) -> None:
        if isinstance(trouble, StoreFull):
            self._no_room.set()
        elif isinstance(trouble, StoreDamaged):
            self._found(str(trouble))

    # --- room ---

    async def _look_after_room(self) -> None:
        while True:
            try:
                await self.look()
            except StoreUnavailable as wrong:
                _LOG.error("store.not_looked_after", why=str(wrong))
            await within(_ROOM_EVERY, self._no_room.wait(), self._clock)
            self._no_room.clear()

    async def look(self) -> None:
        """One look at the disk, the log and the file that was set aside."""
        await self._look_at_the_disk()
        await self._look_at_the_log()
        renewal = await self._store.read(quarantine.last_renewal)
        if renewal is not None and self._store.path.with_name(renewal.file).exists():
            self._faults.raised(DAMAGED, renewal.told)
        else:
            self._faults.cleared(DAMAGED)

    async def _look_at_the_disk(self) -> None:
        free = self._store.free_on_disk()
        if free < SPARE or self._store.only_reserve:
            given = await self._give_up_space(SPARE - free)
            _LOG.warning("store.space_given_up", free=free, given=given)
        if await self._store.top_up():
            self._faults.cleared(FULL)
        else:
            # On record before the entries notice: it takes a little of the reserve itself.
            self._faults.raised(FULL, f"{self._store.path}: {self._store.held() // _MIB} MiB are kept for exits")

    async def _look_at_the_log(self) -> None:
        if self._store.log_size() <= _LOG_TOO_LARGE:
            self._faults.cleared(HELD_OPEN)
            return
        reader = self._store.foreign_reader()
        who = "this daemon itself" if reader is None else f"process {reader}{_named(reader)}"
        self._faults.raised(HELD_OPEN, f"{who} reads; the log has {self._store.log_size() // _MIB} MiB")

    # --- damage ---

    async def _go_round(self) -> None:
        await self._clock.sleep(_FIRST_ROUND_AFTER)
        while True:
            try:
                await self.all_through()
            except StoreUnavailable as wrong:
                _LOG.error("store.round_broken_off", why=str(wrong))
            await self._clock.sleep(_ROUND_EVERY)

    async def all_through(self) -> None:
        """One slow round through everything. Damage ends it."""
        damage = await self._rounds.damage()
        if damage is not None:
            self._found(damage)
            return
        self._faults.cleared(DAMAGED_STILL)
        different = await self._rounds.differences()
        if not different:
            self._faults.cleared(SET_RIGHT)
            return
        await self._store.write(lambda tx: [books.set_right(tx.connection, each) for each in different])
        self._faults.raised(SET_RIGHT, f"{different[0]} ({len(different)} values in all)")

    def _found(self, damage: str) -> None:
        at_the_start = "no other could be begun at the start" if self._store.left_damaged else ""
        why_not = at_the_start or quarantine.why_not_now(self._store.path, self._clock.read().wall)
        if why_not:
            self._faults.raised(DAMAGED_STILL, f"{damage}; {why_not}")
        else:
            _LOG.error("store.damage_found", what=damage)
            self._damaged(damage)


def _hop(loop: asyncio.AbstractEventLoop, hear: Callable[[StoreUnavailable], None], trouble: StoreUnavailable) -> None:
    with suppress(RuntimeError):  # the loop was closed: nobody listens any more
        loop.call_soon_threadsafe(hear, trouble)


def _named(process: int) -> str:
    try:
        return f" ({Path(f'/proc/{process}/comm').read_text().strip()})"
    except OSError:
        return ""
