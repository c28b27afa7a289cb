"""One camera in a thread of its own: always the newest frame, and the stream opened again whenever it is lost."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from drivers.contract import CameraSettings, FrameSource, Recording
from edge.vision.faults import ENDED, FROZEN, UNREACHABLE
from models.faults import Fault
from models.instants import SECOND, Clock, Monotonic

FIRST_WAIT, LONGEST_WAIT = 1.0, 30.0
SILENT_AFTER = 5 * SECOND


@dataclass(frozen=True, slots=True)
class Shot:
    """One frame and the moment it was taken: for a recording played fast, the moment in the recording."""

    frame: Any
    at: Monotonic


class Capture:
    """Holds the newest frame of a camera. Frames that nobody looked at in time are dropped, save for a recording
    that isn't played at its own pace: that one waits.

    `changed` is called, on the capture's thread, whenever there is a frame or a fault to see.
    """

    def __init__(self, settings: CameraSettings, clock: Clock, changed: Callable[[], None]) -> None:
        self._settings, self._clock, self._changed = settings, clock, changed
        self._lock = threading.Condition()
        self._stopping = threading.Event()
        self._newest: Shot | None = None
        self._last_at: Monotonic | None = None
        self._fault: tuple[Fault, str] | None = None
        self._over = False
        self._thread = threading.Thread(target=self._run, name="capture", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ask it to end and close the camera; see `ended`."""
        self._stopping.set()
        with self._lock:
            self._lock.notify_all()

    def join(self, seconds: float) -> None:
        self._thread.join(seconds)

    def take(self) -> Shot | None:
        """The newest frame, each once."""
        with self._lock:
            shot, self._newest = self._newest, None
            self._lock.notify_all()
            return shot

    @property
    def is_over(self) -> bool:
        """A recording came to its end and its last frame was taken."""
        with self._lock:
            return self._over and self._newest is None

    def fault(self) -> tuple[Fault, str] | None:
        """What is wrong with the camera now."""
        with self._lock:
            if self._fault is not None or self._over or self._last_at is None:
                return self._fault
            silent = self._clock.monotonic() - self._last_at
        return (FROZEN, f"no picture for {silent // SECOND} seconds") if silent > SILENT_AFTER else None

    def _run(self) -> None:
        wait = FIRST_WAIT
        while not self._stopping.is_set() and not self._over:
            try:
                source = self._settings.open()
            except OSError as error:
                self._say(UNREACHABLE, str(error))
                self._stopping.wait(wait)
                wait = min(2 * wait, LONGEST_WAIT)
                continue
            try:
                self._drain(source)
                wait = FIRST_WAIT
            except OSError as error:
                self._say(UNREACHABLE, str(error))
                self._stopping.wait(wait)
                wait = min(2 * wait, LONGEST_WAIT)
            finally:
                source.close()

    def _drain(self, source: FrameSource) -> None:
        began = self._clock.monotonic()
        count = 0
        while not self._stopping.is_set():
            frame = source.read()
            if frame is None:
                self._end()
                return
            if isinstance(source, Recording):
                self._offer(frame, self._in_time(source, began, count), keep=not source.realtime)
            else:
                self._offer(frame, self._clock.monotonic(), keep=False)
            count += 1

    def _in_time(self, source: Recording, began: Monotonic, count: int) -> Monotonic:
        """When the recording's frame is due, after having waited for that moment if it plays at its own pace."""
        due = Monotonic(began + round(count * source.interval * SECOND))
        if source.realtime:
            early = (due - self._clock.monotonic()) / SECOND
            if early > 0:
                self._stopping.wait(early)
        return due

    def _offer(self, frame: Any, at: Monotonic, keep: bool) -> None:
        with self._lock:
            while keep and self._newest is not None and not self._stopping.is_set():
                self._lock.wait()
            self._newest, self._fault = Shot(frame, at), None
            self._last_at = self._clock.monotonic()
        self._changed()

    def _end(self) -> None:
        with self._lock:
            self._over = True
            self._fault = (ENDED, "the recording was played to its end")
        self._changed()

    def _say(self, fault: Fault, detail: str) -> None:
        with self._lock:
            self._fault = (fault, detail)
        self._changed()
