"""The daemon's end of the vision process: starts it, hears it, and starts another when it dies or hangs."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import structlog
from pydantic import BaseModel

from edge.kept_up import kept_up
from edge.patience import within
from edge.vision.events import (
    CameraCleared,
    CameraFault,
    PlateDecided,
    PlateGuessed,
    VehicleGone,
    VehicleInView,
    VehiclePictured,
    VisionEvent,
)
from edge.vision.faults import CRASHED
from edge.vision.process.protocol import (
    LONGEST_LINE,
    Alive,
    LaneOrder,
    Orders,
    Ready,
    Said,
    Unusable,
    WatchOrder,
    order_line,
    read_said,
)
from edge.vision.settings import ViewSettings, VisionSettings
from models.ids import LaneName
from models.instants import SECOND, Clock, Monotonic
from models.plates import Plate

_LOG = structlog.get_logger("edge.vision")

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
HEALTHY = 60 * SECOND
PATIENCE_LOADING = 120 * SECOND
PATIENCE_READING = 20 * SECOND
_FAREWELL = 3.0
_QUIET = {"OPENCV_FFMPEG_LOGLEVEL": "-8", "OPENCV_LOG_LEVEL": "SILENT"}


@dataclass(frozen=True)
class _LaneState:
    """What the daemon has heard of a lane: numbers go on rising across restarts of the process."""

    loop_gated: bool
    base: int = 0
    vehicle: int = 0
    present: bool = False
    decided: bool = False
    guessed: Plate | None = None


class VisionProcess:
    """One child process that looks at every lane."""

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
        self._lanes = {lane: _LaneState(loop_gated=gated) for lane, (_, _, gated) in cameras.items()}
        self._clock, self._heard = clock, heard
        self._reader = "starting"
        self._child: Process | None = None
        self._ready = False
        self._crashed = False
        self._faults: set[tuple[LaneName, str]] = set()
        self._heard_at = Monotonic(0)
        self._task: asyncio.Task[None] | None = None

    @property
    def reader(self) -> str:
        """The reader's name, for people; `starting` until it is loaded."""
        return self._reader

    @property
    def pid(self) -> int | None:
        """Of the child that runs now."""
        return None if self._child is None else self._child.pid

    async def start(self) -> None:
        """Begin to look; returns at once."""
        self._task = asyncio.create_task(kept_up("vision", self._keep_running, self._clock), name="vision")

    async def stop(self) -> None:
        """End the child and wait for it."""
        if self._task is None:
            return
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._task = None

    def watch(self, lane: LaneName, present: bool) -> None:
        """A vehicle is on the arming loop of `lane`, or off it. Each True begins a new vehicle, with its own vote."""
        state = self._lanes[lane]
        if not present:
            self._lanes[lane] = replace(state, present=False)
            self._order(lane, None)
            if state.present:
                self._heard(VehicleGone(lane, state.vehicle))
            return
        self._lanes[lane] = replace(state, vehicle=state.vehicle + 1, present=True, decided=False, guessed=None)
        self._order(lane, state.vehicle + 1)

    # --- the child's life ---

    async def _keep_running(self) -> None:
        pause = FIRST_PAUSE
        while True:
            began = self._clock.monotonic()
            why = await self._run_one()
            _LOG.error("vision.stopped", why=why, pause=pause)
            self._lost(why)
            pause = FIRST_PAUSE if self._clock.monotonic() - began > HEALTHY else pause
            await self._clock.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _run_one(self) -> str:
        """One child, from start to end; why it ended."""
        try:
            child = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "edge.vision.process.child"),
                stdin=PIPE,
                stdout=PIPE,
                limit=LONGEST_LINE,
                env={**os.environ, **_QUIET},
            )
        except OSError as error:
            return f"it can't be started: {error}"
        self._child, self._ready, self._heard_at = child, False, self._clock.monotonic()
        self._send(order_line(self._orders))
        guard = asyncio.create_task(self._kill_when_hung(child))
        try:
            why = await self._listen(child)
            code = await child.wait()
            return why or f"it ended with code {code}"
        finally:
            guard.cancel()
            self._child, self._ready = None, False
            await _end(child, self._clock)

    async def _listen(self, child: Process) -> str:
        assert child.stdout is not None, "it was started with a pipe"
        while True:
            try:
                line = await child.stdout.readline()
                if not line:
                    return ""
                said = read_said(line)
            except ValueError as error:
                child.kill()
                return f"it said something that can't be understood: {error}"
            self._heard_at = self._clock.monotonic()
            if isinstance(said, Unusable):
                return said.why
            self._take(said)

    async def _kill_when_hung(self, child: Process) -> None:
        while True:
            await self._clock.sleep(1.0)
            patience = PATIENCE_READING if self._ready else PATIENCE_LOADING
            if self._clock.monotonic() - self._heard_at > patience:
                _LOG.error("vision.hung", pid=child.pid)
                child.kill()
                return

    # --- what it says ---

    def _take(self, said: Said) -> None:
        match said:
            case Ready(reader):
                self._began(reader)
            case Alive() | Unusable():
                pass
            case VehicleInView(lane, number):
                self._in_view(lane, number)
            case PlateDecided(lane, number, _):
                self._decided(said, lane, number)
            case PlateGuessed(lane, number, _):
                self._guessed(said, lane, number)
            case VehicleGone(lane, number):
                self._gone(lane, number)
            case VehiclePictured(lane, number, _):
                if self._is_there(lane, number):
                    self._heard(replace(said, vehicle=self._lanes[lane].vehicle))
            case CameraFault(lane, code, _):
                self._faults.add((lane, code))
                self._heard(said)
            case CameraCleared(lane, code):
                self._faults.discard((lane, code))
                self._heard(said)

    def _began(self, reader: str) -> None:
        self._reader, self._ready = reader, True
        _LOG.info("vision.ready", reader=reader, pid=self.pid)
        if self._crashed:
            self._crashed = False
            for lane in self._lanes:
                self._heard(CameraCleared(lane, CRASHED.code))
        for lane, state in self._lanes.items():
            if state.loop_gated and state.present and not state.decided:
                self._order(lane, state.vehicle)

    def _in_view(self, lane: LaneName, number: int) -> None:
        state = self._lanes[lane]
        vehicle = state.base + number
        self._lanes[lane] = replace(state, vehicle=vehicle, present=True, decided=False, guessed=None)
        self._heard(VehicleInView(lane, vehicle))

    def _decided(self, said: PlateDecided, lane: LaneName, number: int) -> None:
        state = self._lanes[lane]
        if not _is_open(state, number):
            return  # A vote that was on its way when the vehicle had left the loop already.
        self._lanes[lane] = replace(state, decided=True)
        self._heard(replace(said, vehicle=state.vehicle))

    def _guessed(self, said: PlateGuessed, lane: LaneName, number: int) -> None:
        state = self._lanes[lane]
        if not _is_open(state, number) or said.read.plate == state.guessed:
            return  # A new process begins the vote anew, but the driver has been asked.
        self._lanes[lane] = replace(state, guessed=said.read.plate)
        self._heard(replace(said, vehicle=state.vehicle))

    def _is_there(self, lane: LaneName, number: int) -> bool:
        state = self._lanes[lane]
        return state.present and state.vehicle == (number if state.loop_gated else state.base + number)

    def _gone(self, lane: LaneName, number: int) -> None:
        state = self._lanes[lane]
        self._lanes[lane] = replace(state, present=False)
        self._heard(VehicleGone(lane, state.base + number))

    def _lost(self, why: str) -> None:
        """Without the process nobody is in view, no camera's fault is known, and every lane is blind."""
        self._crashed = True
        for lane, code in sorted(self._faults):
            self._heard(CameraCleared(lane, code))
        self._faults.clear()
        for lane, state in self._lanes.items():
            if not state.loop_gated:
                # Not gone: nobody knows. The fault tells the lane that it is blind.
                self._lanes[lane] = replace(state, base=state.vehicle, present=False)
            self._heard(CameraFault(lane, CRASHED.code, why))

    # --- what it is told ---

    def _order(self, lane: LaneName, vehicle: int | None) -> None:
        if self._ready:
            self._send(order_line(WatchOrder(lane=lane, vehicle=vehicle)))

    def _send(self, line: bytes) -> None:
        if self._child is not None and self._child.stdin is not None and not self._child.stdin.is_closing():
            self._child.stdin.write(line)


def _is_open(state: _LaneState, number: int) -> bool:
    """Whether the child's vehicle of that number is still there and without a plate."""
    vehicle = number if state.loop_gated else state.base + number
    return state.present and not state.decided and vehicle == state.vehicle


async def _end(child: Process, clock: Clock) -> None:
    """Close its input, so that it lets the cameras go; kill it when it doesn't."""
    if child.returncode is not None:
        return
    if child.stdin is not None:
        child.stdin.close()
    if not await within(_FAREWELL, child.wait(), clock):
        child.kill()
        await child.wait()
