"""One vision process as the daemon sees it: started, told what to do, heard, and killed when it hangs."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import structlog

from edge.patience import within
from edge.vision.events import VisionEvent
from edge.vision.process.life.environment import environment, variables_of
from edge.vision.process.life.limits import overdraw
from edge.vision.process.life.patience import STOPPED, TICK, Patience, Seen
from edge.vision.process.life.trail import Left, new_trail, what_is_left
from edge.vision.process.protocol import (
    LONGEST_LINE,
    Alive,
    BeginOrder,
    CameraPace,
    LaterOrder,
    Orders,
    Ready,
    Surroundings,
    Unusable,
    order_line,
    read_said,
)
from models.ids import LaneName
from models.instants import SECOND, Clock

_LOG = structlog.get_logger("edge.vision")
_FAREWELL = 3.0
_CRASHES = (signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL)
_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended. `blamed`: the lane whose pictures did it, as far as is known; `certain`: on its camera's own
    thread; `unknown`: it crashed, and nobody knows over what; `hung`: it was killed for saying nothing,
    and somebody with more patience might have heard it again."""

    why: str
    blamed: LaneName | None = None
    certain: bool = False
    unknown: bool = False
    hung: bool = False


class Running:
    """Started when it is made, in a task of its own; `ended` says how it went."""

    def __init__(self, orders: Orders, clock: Clock, patience: Callable[[], Patience]) -> None:
        self._orders, self._clock, self._patience = orders, clock, patience
        self._lanes = tuple(order.lane for order in orders.lanes)
        self._child: Process | None = None
        self._ready: Ready | None = None
        self._loaded = asyncio.Event()
        self._heard: Callable[[VisionEvent | CameraPace | Surroundings], None] = lambda event: None
        self._alive = Alive()
        self._silent = 0.0
        self._worked = 0.0
        self._why = ""
        self._hung = self._doubtful = self._overdrawn = False
        self.ended = asyncio.create_task(self._run(), name="vision process")

    @property
    def pid(self) -> int | None:
        return None if self._child is None else self._child.pid

    @property
    def reader(self) -> str | None:
        """The reader's name, once it is loaded."""
        return None if self._ready is None else self._ready.reader

    @property
    def memory(self) -> int:
        """Bytes that it held when it was heard last."""
        return self._alive.memory

    async def is_loaded(self) -> bool:
        """Wait until its reader is loaded; False: it ended before."""
        loaded = asyncio.create_task(self._loaded.wait())
        await asyncio.wait({loaded, self.ended}, return_when=asyncio.FIRST_COMPLETED)
        loaded.cancel()
        return self._ready is not None and not self.ended.done()

    def begin(self, heard: Callable[[VisionEvent | CameraPace | Surroundings], None], order: BeginOrder) -> None:
        """It is the one that reads from now on."""
        self._heard = heard
        self._send(order_line(order))

    def tell(self, order: LaterOrder) -> None:
        self._send(order_line(order))

    async def end(self) -> None:
        """Close its input, so that it lets the cameras go; kill it when it doesn't."""
        child = self._child
        if child is not None and child.returncode is None:
            if child.stdin is not None:
                child.stdin.close()
            if not await within(_FAREWELL, child.wait(), self._clock):
                _kill(child)
                await child.wait()
        self.ended.cancel()
        await asyncio.gather(self.ended, return_exceptions=True)

    async def _run(self) -> Ended:
        try:
            trail = new_trail()
        except OSError as error:
            return Ended(f"it can't be started: {error}")
        try:
            return await self._run_with(trail)
        finally:
            os.close(trail)

    async def _run_with(self, trail: int) -> Ended:
        try:
            child = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "edge.vision.process.child", str(trail)),
                stdin=PIPE,
                stdout=PIPE,
                limit=LONGEST_LINE,
                env=environment(os.environ, variables_of(lane.camera for lane in self._orders.lanes)),
                pass_fds=(trail,),
            )
        except OSError as error:
            return Ended(f"it can't be started: {error}")
        self._child = child
        self._send(order_line(self._orders))
        guard = asyncio.create_task(self._kill_when_hung(child), name="vision guard")
        try:
            await self._listen(child)
            code = await child.wait()
            return self._verdict(code, what_is_left(trail, len(self._lanes)))
        finally:
            guard.cancel()
            if child.returncode is None:
                _kill(child)
                await child.wait()

    async def _listen(self, child: Process) -> None:
        assert child.stdout is not None, "it was started with a pipe"
        while True:
            try:
                line = await child.stdout.readline()
                if not line:
                    return None
                said = read_said(line)
            except ValueError as error:
                self._why = f"it said something that can't be understood: {error}"
                return _kill(child)
            self._silent, self._worked = 0.0, _look_at(child.pid)[1]
            match said:
                case Ready():
                    self._ready = said
                    self._loaded.set()
                case Alive():
                    self._take_pulse(said, child)
                case Unusable(why):
                    self._why = why
                case _:
                    self._heard(said)

    def _take_pulse(self, pulse: Alive, child: Process) -> None:
        self._alive = pulse
        limit = 0 if self._ready is None else self._ready.memory_limit
        why = overdraw(pulse.asked, limit, was_set=self._orders.settings.memory is not None)
        if why is not None:
            self._why, self._overdrawn = why, True
            _kill(child)

    async def _kill_when_hung(self, child: Process) -> None:
        while True:
            await self._clock.sleep(TICK)
            # Counted in looks, each as long as it should have been: a daemon that was late itself blames nobody.
            self._silent += TICK
            state, worked = _look_at(child.pid)
            pulse = self._alive
            seen = Seen(
                self._ready is not None,
                self._silent,
                pulse.turning / SECOND,
                pulse.slowest / SECOND,
                state,
                worked - self._worked,
            )
            why = self._patience().why_hung(seen)
            if why is not None:
                _LOG.error("vision.hung", pid=child.pid, why=why)
                self._why, self._hung, self._doubtful = why, True, state not in STOPPED
                return _kill(child)

    def _verdict(self, code: int, left: Left) -> Ended:
        """What is said of its end, and which lane's pictures are to blame."""
        if self._hung:
            blamed = self._name(left.at) if self._alive.turning and self._doubtful else None
            return Ended(self._why, blamed, hung=self._doubtful)
        if self._why:
            return Ended(self._why, unknown=self._overdrawn)
        crashed = -code in _CRASHES
        blamed = self._name(left.blamed if crashed else left.at if code > 0 else None)
        certain = crashed and left.camera is not None
        return Ended(_how(code, left), blamed, certain, unknown=blamed is None and (crashed or code > 0))

    def _name(self, number: int | None) -> LaneName | None:
        return None if number is None else self._lanes[number]

    def _send(self, line: bytes) -> None:
        if self._child is not None and self._child.stdin is not None and not self._child.stdin.is_closing():
            self._child.stdin.write(line)


def _how(code: int, left: Left) -> str:
    if code >= 0:
        return f"it ended with code {code}"
    try:
        named = signal.Signals(-code).name
    except ValueError:
        named = f"signal {-code}"
    if -code == signal.SIGKILL:
        return f"it was ended by {named}; where nobody did that, the computer was out of memory"
    return f"it was ended by {named} ({left.fatal})" if left.fatal else f"it was ended by {named}"


def _look_at(pid: int) -> tuple[str, float]:
    """The kernel's letter for the main thread's state, and the processor time used so far, in seconds."""
    try:
        _, _, told = Path(f"/proc/{pid}/stat").read_text().rpartition(")")
    except OSError:
        return "X", 0.0
    fields = told.split()
    return fields[0], (int(fields[11]) + int(fields[12])) / _TICKS_A_SECOND


def _kill(child: Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        child.kill()
