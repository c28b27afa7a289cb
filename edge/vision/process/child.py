"""The vision process: `python -m edge.vision.process.child`, told on its standard input what to look at."""

from __future__ import annotations

import logging
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

import numpy as np
import structlog

from drivers.contract import PlateReader
from edge.clock import SystemClock
from edge.vision.events import CameraCleared, CameraFault, VisionEvent
from edge.vision.faults import STILL_READ
from edge.vision.frames.album import Album
from edge.vision.frames.capture import Capture
from edge.vision.process.eyes import Eyes, LoopEyes, OpenEyes, Surrounding
from edge.vision.process.life.limits import (
    MEGABYTE,
    READS,
    SPARE,
    allow,
    leave_no_core,
    limit,
    machine_memory,
    memory,
    offer_itself,
)
from edge.vision.process.life.orphan import wake_when_orphaned
from edge.vision.process.life.pulse import Progress, pulsate
from edge.vision.process.life.trail import Trail
from edge.vision.process.protocol import (
    LONGEST_LINE,
    BeginOrder,
    CameraPace,
    KnownOrder,
    LaneOrder,
    LaterOrder,
    LetGoOrder,
    Orders,
    Ready,
    Said,
    Standing,
    Surroundings,
    SurroundingsOrder,
    Unusable,
    WatchOrder,
    read_order,
    said_line,
)
from edge.vision.readers.choosing import choose_reader
from edge.vision.readers.weights import WeightsError
from edge.vision.voting.vote import RULES, VoteRules
from models.ids import LaneName
from models.instants import SECOND, Clock, Monotonic
from models.plates.formats import countries_named
from models.quiet_errors import hide_values

_LOG = structlog.get_logger("edge.vision")
_PATIENCE = 0.2
_PACE_EVERY = 2 * SECOND
_WARMING = (480, 640, 3)
_LAST_WORDS = 1.0


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a process has before it is told to begin."""

    reader: PlateReader
    trail: Trail
    progress: Progress


class Lane:
    """One lane's camera and the eyes on it."""

    def __init__(
        self,
        order: LaneOrder,
        clock: Clock,
        changed: threading.Event,
        pictures: Path | None,
        began: Callable[[], None],
        held: float,
        rules: VoteRules,
    ) -> None:
        self.name: LaneName = order.lane
        kind = LoopEyes if order.loop_gated else OpenEyes
        self.eyes: Eyes = kind(order.lane, order.view, rules)
        self.capture = Capture(order.camera_settings(), clock, changed.set, began, held)
        self.album = None if pictures is None else Album(order.lane, pictures, clock, order.view)
        self._faults: set[str] = set()
        self._around: Surrounding = ()
        self._over = False

    def look(self, reader: PlateReader) -> list[VisionEvent]:
        """Look at the newest frame, if there is one that wasn't looked at."""
        shot = self.capture.take()
        events = self._news()
        if shot is not None:
            seen = self.eyes.look(shot, reader)
            events += seen if self.album is None else [*seen, *self.album.look(shot, seen, self.eyes)]
        if self.capture.is_over and not self._over:
            self._over = True
            return [*events, *self.eyes.over()]
        return events

    def watch(self, vehicle: int | None, at: Monotonic) -> None:
        """The arming loop went on for this vehicle, or off."""
        drove_up = self.eyes.watch(vehicle, at)
        if self.album is not None:
            self.album.watch(vehicle, at)
        if drove_up:
            self.capture.expects_change(at)

    def let_go(self, vehicle: int, at: Monotonic) -> None:
        """The lane is done with this vehicle, which may still be seen."""
        self.eyes.let_go(vehicle, at)
        if self.album is not None:
            self.album.watch(None, at)

    def knew(self, order: KnownOrder, at: Monotonic) -> None:
        """A process before this one had read the vehicle: it needs no second picture."""
        self.eyes.knew(order.plate, order.box, at, passed=order.passed)
        if self.album is not None:
            self.album.watch(None, at)

    def surroundings(self) -> Surroundings | None:
        """What stands around the lane's loop, if that has changed."""
        before, self._around = self._around, self.eyes.surroundings()
        if before == self._around:
            return None
        return Surroundings(self.name, tuple(Standing(text, box) for text, box in self._around))

    def _news(self) -> list[VisionEvent]:
        """The faults that began and ended."""
        told = [each for each in (self.capture.fault(), self.capture.unclear()) if each is not None]
        before, self._faults = self._faults, {fault.code for fault, _ in told}
        if self._faults - before - STILL_READ:
            self.eyes.blinded()
        return [
            *(CameraCleared(self.name, code) for code in sorted(before - self._faults)),
            *(CameraFault(self.name, fault.code, detail) for fault, detail in told if fault.code not in before),
        ]


class Vision:
    """Looks at all lanes in turn, with one reader."""

    def __init__(
        self, orders: Orders, begin: BeginOrder, loaded: Loaded, say: Callable[[Said], None], clock: Clock
    ) -> None:
        self._changed = threading.Event()
        self._reader, self._trail, self._progress = loaded.reader, loaded.trail, loaded.progress
        self._say, self._clock = say, clock
        self._lanes: dict[LaneName, Lane] = {}
        rules = replace(RULES, countries=countries_named(orders.settings.countries))
        for number, order in enumerate(orders.lanes):
            began, held = partial(self._trail.camera_thread, number), begin.open_after.get(order.lane, 0.0)
            self._lanes[order.lane] = Lane(order, clock, self._changed, orders.pictures, began, held, rules)
        self._orders: queue.SimpleQueue[tuple[LaterOrder, Monotonic]] = queue.SimpleQueue()

    def heed(self, order: LaterOrder) -> None:
        """From another thread: a vehicle came, left, or was known before."""
        self._orders.put((order, self._clock.monotonic()))
        self._changed.set()

    def run(self) -> None:
        """For ever."""
        for lane in self._lanes.values():
            lane.capture.start()
        told_at = self._clock.monotonic()
        while True:
            self._changed.wait(_PATIENCE)
            self._changed.clear()
            for number, lane in enumerate(self._lanes.values()):
                self._obey()
                with self._progress.turn(), self._trail.at(number):
                    events = lane.look(self._reader)
                for event in events:
                    self._say(event)
            if self._clock.monotonic() - told_at >= _PACE_EVERY:
                told_at = self._clock.monotonic()
                for lane in self._lanes.values():
                    self._say(CameraPace(lane.name, *lane.capture.pace()))
                    around = lane.surroundings()
                    if around is not None:
                        self._say(around)

    def close(self) -> None:
        """Let the cameras go: some count the sessions that never said goodbye."""
        for lane in self._lanes.values():
            lane.capture.stop()
        for lane in self._lanes.values():
            lane.capture.join(_LAST_WORDS / len(self._lanes))

    def _obey(self) -> None:
        while not self._orders.empty():
            order, at = self._orders.get()
            lane = self._lanes.get(order.lane)
            if lane is not None:
                _told(lane, order, at)


def _told(lane: Lane, order: LaterOrder, at: Monotonic) -> None:
    match order:
        case WatchOrder():
            lane.watch(order.vehicle, at)
        case LetGoOrder():
            lane.let_go(order.vehicle, at)
        case KnownOrder():
            lane.knew(order, at)
        case SurroundingsOrder():
            lane.eyes.surrounded(tuple((each.text, each.box) for each in order.standing), at)


def main() -> None:
    """Until standard input ends: then the daemon is gone, and nobody needs a plate."""
    # Ctrl-C reaches the whole group; the daemon decides when this process ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    wake_when_orphaned()
    out = _private_output()
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            hide_values,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    trail = Trail(int(sys.argv[1]))
    threading.excepthook = partial(_thread_failed, trail)
    with trail.crashes_are_told():
        try:
            _read_plates(partial(_write, out), trail, SystemClock())
        except BaseException as failure:  # noqa: BLE001 the outermost loop of this process
            _die_of(failure)
    # Not by the interpreter's own way out: its locks are held by threads that wait for the daemon's word, so that it
    # hangs there, or crashes.
    os._exit(0)


def _read_plates(say: Callable[[Said], None], trail: Trail, clock: Clock) -> None:
    """Once told what to look at; the cameras are opened at the second word."""
    offer_itself(SPARE)
    leave_no_core()
    first = sys.stdin.buffer.readline(LONGEST_LINE)
    if not first:
        return
    orders = Orders.model_validate_json(first)
    try:
        reader = choose_reader(orders.settings)
    except (WeightsError, FileNotFoundError) as error:
        say(Unusable(str(error)))
        return
    for order in orders.lanes:
        order.camera_settings()  # Finds the drivers, which takes half a second: not when the cameras are wanted.
    progress = Progress(clock, slowest=_warmed_up(reader, clock))
    most = _limited(orders)
    say(Ready(reader.name, most))
    pulsate(progress, say)
    second = sys.stdin.buffer.readline(LONGEST_LINE)
    if not second:
        return
    offer_itself(READS)
    begin = BeginOrder.model_validate_json(second)
    vision = Vision(orders, begin, Loaded(reader, trail, progress), say, SystemClock(begin.time))
    threading.Thread(target=_listen, args=(vision,), name="orders", daemon=True).start()
    vision.run()


def _warmed_up(reader: PlateReader, clock: Clock) -> int:
    """How long a read takes on this computer, in microseconds; the first one takes longer than all others."""
    began = clock.monotonic()
    reader.read(np.full(_WARMING, 96, np.uint8))
    return clock.monotonic() - began


def _limited(orders: Orders) -> int:
    """The memory that this process may ask for from now on, in bytes."""
    asked = orders.settings.memory
    most = limit(memory().data, len(orders.lanes), machine_memory(), None if asked is None else asked * MEGABYTE)
    allow(most)
    return most


def _listen(vision: Vision) -> None:
    for line in iter(lambda: sys.stdin.buffer.readline(LONGEST_LINE), b""):
        vision.heed(read_order(line))
    vision.close()
    os._exit(0)


def _private_output() -> BinaryIO:
    """The pipe to the daemon, out of reach of libraries that print: their output goes to standard error."""
    out = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return out


def _write(out: BinaryIO, said: Said) -> None:
    try:
        out.write(said_line(said))
        out.flush()
    except BrokenPipeError:
        os._exit(0)


def _thread_failed(trail: Trail, failure: threading.ExceptHookArgs) -> None:
    """A thread that fails takes the process with it: the daemon starts a whole one."""
    trail.thread_failed()
    _die_of(failure.exc_value or SystemExit())


def _die_of(failure: BaseException) -> None:
    """Tells what it was and where; what it said stays here, for a plate may stand in it."""
    try:
        _LOG.error("vision.failed", error=type(failure).__name__, where=_where(failure.__traceback__))
    finally:
        os._exit(1)


def _where(trace: TracebackType | None) -> str:
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "" if trace is None else f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"


if __name__ == "__main__":
    main()
