"""The daemon's end of the vision processes: one reads, and a spare one takes over when the first dies or hangs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import structlog
from pydantic import BaseModel

from edge.clock import known_by
from edge.kept_up import kept_up
from edge.vision.events import CameraCleared, CameraFault, VisionEvent
from edge.vision.faults import POISONOUS
from edge.vision.process.book import Book
from edge.vision.process.life.patience import Patience, pause_before, remembered
from edge.vision.process.life.running import Ended, Running
from edge.vision.process.life.suspects import SOON, Suspects
from edge.vision.process.protocol import BeginOrder, CameraPace, LaneOrder, LetGoOrder, Orders, Surroundings, WatchOrder
from edge.vision.settings import ViewSettings, VisionSettings
from models.ids import LaneName
from models.instants import SECOND, Clock, Monotonic

_LOG = structlog.get_logger("edge.vision")

FIRST_SPARE, NEXT_SPARE = 10.0, 2.0
"""Seconds after which a spare is started: it costs a second or two of a core, which the lanes need first"""
WELL_AFTER = 60 * SECOND
_TRUST_EVERY = 5.0


@dataclass(frozen=True, slots=True)
class VisionNow:
    """How plate reading gets on. `restarts`: since the daemon's start; `spare`: whether a second process is ready;
    `memory`: bytes that both hold; `cameras`: how the pictures of each lane's camera come."""

    restarts: int
    spare: bool
    memory: int
    cameras: Mapping[LaneName, CameraPace]


class VisionProcess:
    """Looks at every lane, in one child process at a time."""

    def __init__(
        self,
        cameras: Mapping[LaneName, tuple[BaseModel, ViewSettings, bool]],
        settings: VisionSettings,
        clock: Clock,
        heard: Callable[[VisionEvent], None],
        pictures: Path | None = None,
    ) -> None:
        """`cameras`: settings of the camera, what of its picture counts, and whether an arming loop gates it.
        `pictures`: the folder where one of each vehicle is kept.

        `heard` is called on the event loop, for every event.
        """
        self._orders = Orders(
            settings=settings,
            lanes=tuple(LaneOrder.of(lane, camera, view, gated) for lane, (camera, view, gated) in cameras.items()),
            pictures=pictures,
        )
        self._keeps_spare = settings.spare
        self._clock, self._heard = clock, heard
        self._book = Book({lane: gated for lane, (_, _, gated) in cameras.items()}, heard)
        self._suspects = Suspects(tuple(cameras))
        self._patience = Patience()
        self._failures: tuple[Monotonic, ...] = ()
        self._restarts = 0
        self._reader = "starting"
        self._cameras: dict[LaneName, CameraPace] = {}
        self._first: Running | None = None
        self._spare: Running | None = None
        self._reads, self._taken = asyncio.Event(), asyncio.Event()
        self._tasks: tuple[asyncio.Task[None], ...] = ()

    @property
    def reader(self) -> str:
        """The reader's name, for people; `starting` until it is loaded."""
        return self._reader

    @property
    def pid(self) -> int | None:
        """Of the process that reads now."""
        return None if self._first is None else self._first.pid

    @property
    def now(self) -> VisionNow:
        both = [running for running in (self._first, self._spare) if running is not None]
        return VisionNow(
            self._restarts,
            self._spare is not None and self._spare.reader is not None,
            sum(running.memory for running in both),
            dict(self._cameras),
        )

    async def start(self) -> None:
        """Begin to look; returns at once."""
        parts = {"vision": self._keep_reading, "vision suspects": self._keep_trusting}
        if self._keeps_spare:
            parts["vision spare"] = self._keep_spare
        self._tasks = tuple(
            asyncio.create_task(kept_up(name, run, self._clock), name=name) for name, run in parts.items()
        )

    async def stop(self) -> None:
        """End the processes and wait for them."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = ()

    def watch(self, lane: LaneName, present: bool) -> None:
        """A vehicle is on the arming loop of `lane`, or off it. Each True begins a new vehicle, with its own vote."""
        vehicle = self._book.watched(lane, present)
        if self._first is not None and self._reads.is_set():
            self._first.tell(WatchOrder(lane=lane, vehicle=vehicle))

    def let_go(self, lane: LaneName, vehicle: int) -> None:
        """A lane without an arming loop is done with this vehicle, which may still be seen."""
        number = self._book.let_go(lane, vehicle, self._clock.monotonic())
        if number is not None and self._first is not None and self._reads.is_set():
            self._first.tell(LetGoOrder(lane=lane, vehicle=number))

    # --- the process that reads ---

    async def _keep_reading(self) -> None:
        while True:
            running = self._first = self._spare or self._launched()
            self._spare = None
            self._taken.set()
            try:
                loaded = await running.is_loaded()
                if loaded:
                    self._begin(running)
                ended = await asyncio.shield(running.ended)
            finally:
                self._reads.clear()
                self._first = None
                await running.end()
            await self._clock.sleep(self._lost(ended, loaded))

    def _launched(self) -> Running:
        return Running(self._orders, self._clock, lambda: self._patience.now(self._clock.monotonic()))

    def _begin(self, running: Running) -> None:
        now = self._clock.monotonic()
        self._reader = running.reader or self._reader
        _LOG.info("vision.ready", reader=self._reader, pid=running.pid)
        self._suspects = self._suspects.begun(now)
        running.begin(self._take, BeginOrder(open_after=self._suspects.open_after, time=known_by(self._clock)))
        self._reads.set()
        for order in self._book.begins(now):
            running.tell(order)

    def _lost(self, ended: Ended, loaded: bool) -> float:
        """It ended: every lane is blind. How many seconds to wait before the next one begins."""
        now = self._clock.monotonic()
        soon = not loaded or now - self._suspects.begun_at < SOON
        self._failures = remembered(self._failures, now) if soon else ()
        pause = pause_before(self._failures, now)
        self._restarts += 1
        if ended.hung:
            self._patience = self._patience.lost_one(now)
        _LOG.error("vision.stopped", why=ended.why, blamed=ended.blamed, pause=pause)
        before = self._suspects
        self._suspects = before.crashed(ended.blamed, now, certain=ended.certain, unknown=ended.unknown)
        replaced = pause == 0 and self._spare is not None and self._spare.reader is not None
        self._book.lost(ended.why, replaced=replaced)
        self._cameras.clear()
        for lane, times in self._suspects.poisonous.items():
            if before.poisonous.get(lane) != times:
                self._heard(CameraFault(lane, POISONOUS.code, f"{times} times; the last time {ended.why}"))
        return pause

    def _take(self, said: VisionEvent | CameraPace | Surroundings) -> None:
        if isinstance(said, Surroundings):
            self._book.stands_around(said)
        elif isinstance(said, CameraPace):
            self._cameras[said.lane] = said
            if said.rate > 0:
                self._book.pictures_come(said.lane)
        else:
            self._book.take(said)

    # --- beside it ---

    async def _keep_spare(self) -> None:
        """A second process with the reader loaded, which waits to be the one that reads."""
        pause = FIRST_SPARE
        failures: tuple[Monotonic, ...] = ()
        while True:
            await self._reads.wait()
            await self._clock.sleep(pause)
            if not self._reads.is_set():
                continue
            began = self._clock.monotonic()
            self._taken.clear()
            spare = self._spare = self._launched()
            taken = asyncio.ensure_future(self._taken.wait())
            try:
                await asyncio.wait({spare.ended, taken}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                taken.cancel()
                if self._spare is spare:
                    self._spare = None
                    await spare.end()
            now = self._clock.monotonic()
            if not self._taken.is_set():
                _LOG.warning("vision.spare_stopped", why=spare.ended.result().why)
                failures = remembered(failures, now) if now - began < SOON else ()
            pause = max(NEXT_SPARE, pause_before(failures, now))

    async def _keep_trusting(self) -> None:
        """A camera whose pictures have been read for a while without a crash is no longer suspected."""
        while True:
            await self._clock.sleep(_TRUST_EVERY)
            now, before = self._clock.monotonic(), self._suspects
            self._suspects = before.trusted(now, reading=self._reads.is_set())
            if self._reads.is_set() and now - before.begun_at > WELL_AFTER:
                self._book.has_been_well()
            for lane in before.poisonous.keys() - self._suspects.poisonous.keys():
                self._heard(CameraCleared(lane, POISONOUS.code))
