"""Time that a digital twin hands out: it moves on only when this daemon has nothing left to do.

JSON lines over a Unix socket: the twin says `{"to": us, "events": [[part, said], ...]}`; once all that follows from it
is done, the daemon answers `{"idle": true, "next": us | null, "said": [[part, word, detail], ...]}`. The greeting also
bears `wall`, the UTC microseconds at the twin's zero; an answer bears `wrong` after a defect of the daemon. A part that
begins with `@` is a lane, told as by its camera or by people.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import json
import selectors
import socket
from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path
from typing import Any, Protocol, TypeVarTuple, Unpack

import structlog

from drivers.twin_connection import TwinLine
from edge.lane.signals import Blind, Card, Chosen, Code, Guess, Order, Ordered, Pressed, Read, Signal
from edge.lane.signals import Button as DriverButton
from models.ids import LaneName
from models.instants import SECOND, Instant, Monotonic, Reading
from models.lanes import LaneState, OrderKind
from models.plates import Plate
from models.spots import VehicleType

_LOG = structlog.get_logger("edge.lockstep")
_Ts = TypeVarTuple("_Ts")
_GREETED_WITHIN = 10.0
_MOST = 1 << 20


class LockstepError(Exception):
    """The twin isn't there, or doesn't keep to what was agreed."""


class InjectedSignals(Protocol):
    """Where the daemon gets what no camera, button or person of flesh and blood says."""

    def on_signal(self, heard: Callable[[LaneName, Signal], None]) -> None:
        """Reads, guesses, buttons, codes and orders for a lane; told on the event loop."""
        ...

    def watch(self, camera: LaneName, on: bool) -> None:
        """What a lane would tell its camera (as the daemon names it): begin or end reading plates."""
        ...


class LockstepClock:
    """A `models.instants.Clock` whose time stands still until the twin moves it."""

    def __init__(self, now: Monotonic, wall_at_zero: Instant) -> None:
        self._now, self._wall_at_zero = now, wall_at_zero
        # The twin's time goes on while its daemon doesn't run: that is one boot, however many daemons it sees.
        self._boot_id = f"twin-{wall_at_zero}"
        self._sleepers: list[tuple[int, int, asyncio.Future[None]]] = []
        self._numbers = itertools.count()
        self._promised: int | None = None
        """What the twin was told last of when somebody has to be woken."""
        self._ended = False

    def read(self) -> Reading:
        now = self._now
        return Reading(self._boot_id, now, Instant(self._wall_at_zero + now), synced=True)

    def monotonic(self) -> Monotonic:
        return self._now

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0 or self._ended:
            await asyncio.sleep(max(seconds, 0))  # noqa: TID251
            return
        wakes: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        due = self._now + max(1, round(seconds * SECOND))
        heapq.heappush(self._sleepers, (due, next(self._numbers), wakes))
        await wakes

    def next_due(self) -> int | None:
        """When somebody has to be woken at the latest."""
        while self._sleepers and self._sleepers[0][2].done():
            heapq.heappop(self._sleepers)
        return self._sleepers[0][0] if self._sleepers else None

    def promise(self) -> int | None:
        """When somebody has to be woken, for the twin: it won't go past that moment before it has heard again."""
        self._promised = self.next_due()
        return self._promised

    def advance(self, to: int) -> None:
        """Raises LockstepError when the twin goes back, or past a moment at which it was told to wake somebody.

        Whoever fell asleep since then, on what came over the link to the cloud, is woken late: that link knows no twin.
        """
        if to < self._now or (self._promised is not None and to > self._promised):
            late = f"with somebody to be woken at {self._promised}"
            raise LockstepError(f"the twin went from {self._now} to {to}, {late}")
        self._now = Monotonic(to)
        while (due := self.next_due()) is not None and due <= to:
            heapq.heappop(self._sleepers)[2].set_result(None)

    def end(self) -> None:
        """The twin is gone: who sleeps from now on sleeps in real time."""
        self._ended = True


class _Idling(selectors.DefaultSelector):
    """Tells when the event loop is about to wait with nothing left to run."""

    def __init__(self) -> None:
        super().__init__()
        self.on_idle: Callable[[], None] = lambda: None

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is not None and timeout <= 0:
            return super().select(timeout)
        ready = super().select(0)
        if ready:
            return ready
        self.on_idle()
        return super().select(timeout)


class LockstepLoop(asyncio.SelectorEventLoop):
    """An event loop that knows whether anything is under way, in its own callbacks or in a worker thread."""

    def __init__(self) -> None:
        self._idling = _Idling()
        super().__init__(self._idling)
        self._at_work = 0
        self._on_idle: Callable[[], None] | None = None

    def when_idle(self, told: Callable[[], None]) -> None:
        """Call `told` each time when there is nothing to do but wait."""
        self._on_idle = told
        self._idling.on_idle = self._maybe_idle

    def run_in_executor(  # type: ignore[override]
        self, executor: Executor | None, func: Callable[[Unpack[_Ts]], Any], *args: *_Ts
    ) -> asyncio.Future[Any]:
        future = super().run_in_executor(executor, func, *args)
        self._at_work += 1
        future.add_done_callback(self._came_back)
        return future

    def _came_back(self, _: asyncio.Future[Any]) -> None:
        self._at_work -= 1

    def _maybe_idle(self) -> None:
        if self._at_work == 0 and self._on_idle is not None:
            self._on_idle()


class Lockstep:
    """The daemon's end of the line to its twin: the clock, what the parts say, and what is injected."""

    def __init__(self, path: Path) -> None:
        """Connects and waits for the greeting. Raises LockstepError."""
        self.line = TwinLine()
        self.line.reached = True
        self._heard: Callable[[LaneName, Signal], None] | None = None
        self._ended: Callable[[], None] = lambda: None
        self._unread = b""
        self._owes_an_answer = True
        self._wrong: str | None = None
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(_GREETED_WITHIN)
        try:
            self._socket.connect(str(path))
            greeting = self._first_line()
        except (OSError, ValueError) as wrong:
            self._socket.close()
            raise LockstepError(f"no twin answers at {path}: {wrong}") from wrong
        self._socket.settimeout(None)
        self.clock = LockstepClock(Monotonic(greeting["to"]), Instant(greeting["wall"]))

    def loop(self) -> LockstepLoop:
        """The event loop on which this daemon has to run (a `loop_factory` for `asyncio.Runner`)."""
        made = LockstepLoop()
        made.when_idle(self._answer)
        made.add_reader(self._socket, self._read, made)
        made.set_exception_handler(self._went_wrong)
        return made

    def on_signal(self, heard: Callable[[LaneName, Signal], None]) -> None:
        self._heard = heard

    def on_end(self, ended: Callable[[], None]) -> None:
        """Call `ended` when the twin hangs up: there is no more time to come."""
        self._ended = ended

    def watch(self, camera: LaneName, on: bool) -> None:
        self.line.say(f"@{camera}", "watch", on)

    def close(self) -> None:
        self._socket.close()

    def _went_wrong(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """What a daemon would only log ends a twin's run: it would be compared with what it never heard."""
        loop.default_exception_handler(context)
        self._wrong = self._wrong or f"{context.get('message')}: {context.get('exception')!r}"

    def _first_line(self) -> dict[str, Any]:
        while b"\n" not in self._unread:
            more = self._socket.recv(_MOST)
            if not more:
                raise OSError("it hung up")
            self._unread += more
        line, _, self._unread = self._unread.partition(b"\n")
        return json.loads(line)

    def _read(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            more = self._socket.recv(_MOST)
        except OSError:
            more = b""
        if not more:
            loop.remove_reader(self._socket)
            self._end("the twin hung up")
            return
        *lines, self._unread = (self._unread + more).split(b"\n")
        for line in lines:
            self._take(json.loads(line), loop)

    def _take(self, said: dict[str, Any], loop: asyncio.AbstractEventLoop) -> None:
        self._owes_an_answer = True
        self.clock.advance(said["to"])
        # After whoever was woken by the time that has come.
        loop.call_soon(self._deliver, said["events"])

    def _deliver(self, events: list[tuple[str, Any]]) -> None:
        for part, said in events:
            if part.startswith("@"):
                if self._heard is not None:
                    self._heard(LaneName(part[1:]), signal_of(said))
            else:
                self.line.tell(part, said)

    def _answer(self) -> None:
        if not self._owes_an_answer:
            return
        self._owes_an_answer = False
        answer: dict[str, Any] = {"idle": True, "next": self.clock.promise(), "said": self.line.takes()}
        if self._wrong is not None:
            answer["wrong"] = self._wrong
        try:
            self._socket.sendall(json.dumps(answer).encode() + b"\n")
        except OSError as wrong:
            self._end(f"the twin is gone: {wrong}")

    def _end(self, why: str) -> None:
        _LOG.info("lockstep.ended", why=why)
        self.line.reached = False
        self.clock.end()
        self._ended()


def signal_of(said: dict[str, Any]) -> Signal:
    """What the twin injects into a lane, such as `{"read": "HHAB100", "confidence": 0.99}`. Raises LockstepError."""
    match said:
        case {"read": str(plate), "confidence": float(confidence)}:
            return Read(Plate(plate), confidence)
        case {"guess": str(plate), "confidence": float(confidence)}:
            return Guess(Plate(plate), confidence)
        case {"code": str(text)}:
            return Code(text)
        case {"card": str(number)}:
            return Card(number)
        case {"pressed": str(button)}:
            return Pressed(DriverButton(button))
        case {"blind": bool(blind)}:
            return Blind(blind)
        case {"chosen": str(kind)}:
            return Chosen(VehicleType(kind))
        case {"order": str(kind), "id": str(id), "by": str(by), "reason": str(reason)}:
            state = LaneState(said["state"]) if said.get("state") else None
            return Ordered(Order(id, OrderKind(kind), by, reason, state))
        case _:
            raise LockstepError(f"the twin injects what no lane understands: {said}")
