"""The vision process: `python -m edge.vision.process.child`, told on its standard input what to look at."""

from __future__ import annotations

import logging
import os
import queue
import signal
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

import structlog

from drivers.contract import PlateReader
from edge.clock import SystemClock
from edge.vision.events import CameraCleared, CameraFault, VisionEvent
from edge.vision.frames.album import Album
from edge.vision.frames.capture import Capture
from edge.vision.process.eyes import Eyes, LoopEyes, OpenEyes
from edge.vision.process.protocol import (
    LONGEST_LINE,
    Alive,
    LaneOrder,
    Orders,
    Ready,
    Said,
    Unusable,
    WatchOrder,
    said_line,
)
from edge.vision.readers.choosing import choose_reader
from edge.vision.readers.weights import WeightsError
from models.faults import Fault
from models.ids import LaneName
from models.instants import SECOND, Clock, Monotonic

_LOG = structlog.get_logger("edge.vision")
_PATIENCE = 0.2
_LAST_WORDS = 1.0


class Lane:
    """One lane's camera and the eyes on it."""

    def __init__(self, order: LaneOrder, clock: Clock, changed: threading.Event, pictures: Path | None) -> None:
        self.name: LaneName = order.lane
        kind = LoopEyes if order.loop_gated else OpenEyes
        self.eyes: Eyes = kind(order.lane, order.view)
        self.capture = Capture(order.camera_settings(), clock, changed.set)
        self.album = None if pictures is None else Album(order.lane, pictures, clock)
        self._fault: Fault | None = None
        self._over = False

    def look(self, reader: PlateReader) -> list[VisionEvent]:
        """Look at the newest frame, if there is one that wasn't looked at."""
        shot = self.capture.take()
        events = self._faults()
        if shot is not None:
            seen = self.eyes.look(shot, reader)
            events += seen if self.album is None else [*seen, *self.album.look(shot, seen)]
        if self.capture.is_over and not self._over:
            self._over = True
            return [*events, *self.eyes.over()]
        return events

    def _faults(self) -> list[VisionEvent]:
        now = self.capture.fault()
        before, self._fault = self._fault, None if now is None else now[0]
        if before is self._fault:
            return []
        cleared: list[VisionEvent] = [] if before is None else [CameraCleared(self.name, before.code)]
        return cleared if now is None else [*cleared, CameraFault(self.name, now[0].code, now[1])]


class Vision:
    """Looks at all lanes in turn, with one reader."""

    def __init__(self, orders: Orders, reader: PlateReader, out: BinaryIO, clock: Clock) -> None:
        self._changed = threading.Event()
        self._lanes = {order.lane: Lane(order, clock, self._changed, orders.pictures) for order in orders.lanes}
        self._reader, self._out, self._clock = reader, out, clock
        self._orders: queue.SimpleQueue[tuple[WatchOrder, Monotonic]] = queue.SimpleQueue()

    def heed(self, order: WatchOrder) -> None:
        """From another thread: a loop went on or off."""
        self._orders.put((order, self._clock.monotonic()))
        self._changed.set()

    def run(self) -> None:
        """For ever. The reader's own loop says that it is alive, so that a hung read shows."""
        for lane in self._lanes.values():
            lane.capture.start()
        alive_at = Monotonic(0)
        while True:
            self._changed.wait(_PATIENCE)
            self._changed.clear()
            for lane in self._lanes.values():
                self._obey()
                for event in lane.look(self._reader):
                    self._say(event)
                if self._clock.monotonic() - alive_at >= SECOND:
                    alive_at = self._clock.monotonic()
                    self._say(Alive())

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
                lane.eyes.watch(order.vehicle, at)
                if lane.album is not None:
                    lane.album.watch(order.vehicle, at)

    def _say(self, said: Said) -> None:
        _write(self._out, said)


def main() -> None:
    """Until standard input ends: then the daemon is gone, and nobody needs a plate."""
    # Ctrl-C reaches the whole group; the daemon decides when this process ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.excepthook = _die_of_it
    out = _private_output()
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    first = sys.stdin.buffer.readline(LONGEST_LINE)
    if not first:
        return
    orders = Orders.model_validate_json(first)
    try:
        reader = choose_reader(orders.settings)
    except (WeightsError, FileNotFoundError) as error:
        _write(out, Unusable(str(error)))
        return
    vision = Vision(orders, reader, out, SystemClock())
    threading.Thread(target=_listen, args=(vision,), name="orders", daemon=True).start()
    _write(out, Ready(reader.name))
    vision.run()


def _listen(vision: Vision) -> None:
    for line in iter(lambda: sys.stdin.buffer.readline(LONGEST_LINE), b""):
        vision.heed(WatchOrder.model_validate_json(line))
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


def _die_of_it(failure: threading.ExceptHookArgs) -> None:
    """A thread that fails takes the process with it: the daemon starts a whole one."""
    trace: TracebackType | None = failure.exc_traceback
    _LOG.error("vision.thread_failed", error=repr(failure.exc_value), where=_where(trace))
    os._exit(1)


def _where(trace: TracebackType | None) -> str:
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "" if trace is None else f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"


if __name__ == "__main__":
    main()
