"""The pulse of the vision process: a thread that says four times a second how its reading loop gets on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager

from edge.vision.process.life.limits import memory
from edge.vision.process.life.patience import TICK
from edge.vision.process.protocol import Alive
from models.instants import SECOND, Clock, Monotonic

_FADES_AFTER = 60 * SECOND


class Progress:
    """How long the reading loop has been at one picture, and what that took at most of late."""

    def __init__(self, clock: Clock, slowest: int = 0) -> None:
        """`slowest`: what a read took when the reader was loaded, in microseconds."""
        self._clock = clock
        self._least = slowest
        self._began: Monotonic | None = None
        self._slowest, self._fading, self._since = slowest, slowest, clock.monotonic()

    @contextmanager
    def turn(self) -> Generator[None]:
        """One picture is looked at."""
        began = self._began = self._clock.monotonic()
        yield
        self._began = None
        self._took(self._clock.monotonic() - began)

    def _took(self, length: int) -> None:
        now = self._clock.monotonic()
        if now - self._since > _FADES_AFTER:
            self._slowest, self._fading, self._since = max(self._fading, self._least), 0, now
        self._slowest, self._fading = max(self._slowest, length), max(self._fading, length)

    def alive(self) -> Alive:
        began = self._began
        turning = 0 if began is None else self._clock.monotonic() - began
        taken = memory()
        return Alive(turning, self._slowest, taken.resident, taken.data)


def pulsate(progress: Progress, say: Callable[[Alive], None]) -> None:
    """From now on, in a thread of its own: it goes on while a read hangs, and stops with the whole process."""

    def run() -> None:
        pause = threading.Event()
        while not pause.wait(TICK):
            say(progress.alive())

    threading.Thread(target=run, name="pulse", daemon=True).start()
