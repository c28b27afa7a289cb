"""Binds one lane's machine to its hardware, its camera and its desk. It executes actions and knows nothing of why."""

from __future__ import annotations

import asyncio
import sqlite3
import uuid
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass

import structlog

from drivers.contract import Barrier, DigitalInput, Driver, DriverError
from edge.faults import FaultBoard
from edge.lane.desk import Desk, Paper
from edge.lane.faults import CONTRADICTION
from edge.lane.machine import Lane, step
from edge.lane.signals import (
    Action,
    Arm,
    Clear,
    Confirm,
    Decide,
    Presence,
    Raise,
    Read,
    RecordRefusal,
    Refused,
    Show,
    Signal,
    StartTimer,
    TimeUp,
    UnderArm,
    Unresolve,
    Vend,
    VendFailed,
    Watch,
    Withdraw,
)
from edge.store import Store, StoreUnavailable
from models.ids import LaneName, TicketId
from models.instants import Clock
from models.plates import masked
from models.refusals import Refusal

_RETRY_SECONDS = 2.0
_LAST_PAPERS_SECONDS = 3.0


@dataclass(frozen=True)
class Hardware:
    """What stands in the lane. Without an arming loop the camera tells presence."""

    barrier: Barrier
    arming_loop: DigitalInput | None
    closing_loop: DigitalInput | None
    others: tuple[Driver, ...] = ()

    def all(self) -> list[Driver]:
        loops = [loop for loop in (self.arming_loop, self.closing_loop) if loop is not None]
        return [*loops, *self.others, self.barrier]


class LaneController:
    """One lane at work. Signals are handled one at a time on the event loop; paperwork is done in order by a clerk."""

    def __init__(
        self,
        name: LaneName,
        lane: Lane,
        hardware: Hardware,
        desk: Desk,
        store: Store,
        watch: Callable[[bool], None],
        faults: FaultBoard,
        clock: Clock,
    ) -> None:
        self.name, self.lane, self.line = name, lane, ""
        self._hardware, self._desk, self._store = hardware, desk, store
        self._watch, self._faults, self._clock = watch, faults, clock
        self._log = structlog.get_logger("edge.lane").bind(lane=name)
        self._paperwork: asyncio.Queue[Callable[[], Awaitable[None]]] = asyncio.Queue()
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Listen to the hardware. Moves nothing."""
        self._employ_clerk()
        if self._hardware.arming_loop is not None:
            self._hardware.arming_loop.on_level(lambda level: self.hear(Presence(level)))
        if self._hardware.closing_loop is not None:
            self._hardware.closing_loop.on_level(lambda level: self.hear(UnderArm(level)))
        self._hardware.barrier.on_position(lambda position: self.hear(Arm(position)))
        for part in self._hardware.all():
            await part.start()

    async def stop(self) -> None:
        """What was seen is written down first, if the store takes it within a few seconds."""
        written = asyncio.ensure_future(self._paperwork.join())
        patience = asyncio.ensure_future(self._clock.sleep(_LAST_PAPERS_SECONDS))
        await asyncio.wait({written, patience}, return_when=asyncio.FIRST_COMPLETED)
        for waiting in (written, patience):
            waiting.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for part in self._hardware.all():
            await part.stop()

    def hear(self, signal: Signal) -> None:
        """One signal from outside; only on the event loop."""
        before = self.lane.phase
        stepped = step(self.lane, signal)
        self.lane = stepped.lane
        if self.lane.phase is not before:
            self._log.info("lane.phase", was=before, now=self.lane.phase, signal=type(signal).__name__)
        for action in stepped.actions:
            self._perform(action)

    def _perform(self, action: Action) -> None:
        match action:
            case Watch(on):
                self._watch(on)
            case Decide(read):
                self._paperwork.put_nowait(lambda: self._decide(read))
            case Vend(ticket):
                self._spawn(self._vend(ticket))
            case Confirm(ticket):
                self._file(self._desk.confirm(ticket))
            case Withdraw(ticket, vended):
                self._file(self._desk.withdraw(ticket, vended=vended))
            case Unresolve(ticket):
                self._file(self._desk.unresolve(ticket))
            case RecordRefusal(reason, plate):
                self._log.info("lane.refused", reason=reason.name, plate=masked(plate) if plate else None)
                self._file(self._desk.refuse(reason, plate))
            case StartTimer(timer, seconds):
                if self._timer is not None:
                    self._timer.cancel()
                self._timer = self._spawn(self._ring(timer, seconds))
            case Show(line):
                self.line = line
            case Raise(code, detail):
                self._faults.raise_(self.name, code, detail)
            case Clear(code):
                self._faults.clear(self.name, code)

    async def _decide(self, read: Read) -> None:
        self.hear(await self._desk.decide(read))

    async def _vend(self, ticket: TicketId) -> None:
        try:
            await self._hardware.barrier.vend(str(uuid.uuid4()))
        except DriverError as wrong:
            self._log.warning("lane.vend_failed", ticket=ticket, fault=wrong.fault.code, detail=wrong.detail)
            self.hear(VendFailed())

    async def _ring(self, timer: int, seconds: float) -> None:
        await self._clock.sleep(seconds)
        self._timer = None  # what rings now can't be cancelled by the timer that it starts
        self.hear(TimeUp(timer))

    def _file(self, paper: Paper) -> None:
        self._paperwork.put_nowait(lambda: self._write(paper))

    async def _write(self, paper: Paper) -> None:
        """What happened has happened: it is written as soon as the store can, however long that takes."""
        while True:
            try:
                await self._store.write(paper)
                return
            except StoreUnavailable as wrong:
                self._log.error("lane.not_recorded_yet", why=str(wrong))
                await self._clock.sleep(_RETRY_SECONDS)
            except (LookupError, sqlite3.IntegrityError) as wrong:
                # One bad row must not stop the lane.
                self._faults.raise_(self.name, CONTRADICTION.code, str(wrong))
                return

    async def _clerk(self) -> None:
        while True:
            paper = await self._paperwork.get()
            try:
                await paper()
            finally:
                self._paperwork.task_done()

    def _employ_clerk(self) -> None:
        self._spawn(self._clerk()).add_done_callback(self._clerk_left)

    def _clerk_left(self, clerk: asyncio.Task[None]) -> None:
        """A defect in one decision costs that decision, never the lane."""
        if not clerk.cancelled():
            # Its words stay in the log: they may quote a plate, and a fact is kept for good.
            self._faults.raise_(self.name, CONTRADICTION.code, type(clerk.exception()).__name__)
            self._employ_clerk()
            self.hear(Refused(Refusal.NOT_RECORDED))

    def _spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self._log.error("lane.task_failed", exc_info=task.exception())
