"""A camera's newest frame, whatever the camera does: sources made for the test, on the real threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from drivers.contract import FrameSource
from edge.clock import SystemClock
from edge.vision.frames import capture as capturing
from edge.vision.frames.capture import Capture
from models.instants import SECOND, Monotonic
from tests.vision.passages import empty_lane

PATIENCE = 5.0
CHANCE = np.random.default_rng(3)


@dataclass
class Source:
    """A camera in the hands of the test: `frame` is asked for each picture, `opens` is called first."""

    frame: Callable[[], Any]
    opens: Callable[[], None] = lambda: None
    opened: int = 0
    closed: int = 0

    def open(self) -> FrameSource:
        self.opened += 1
        self.opens()
        return self

    def read(self) -> Any:
        return self.frame()

    def close(self) -> None:
        self.closed += 1


@dataclass
class LeapingClock(SystemClock):
    """Real time, with minutes that can be made to pass at once."""

    leapt: int = field(default=0)

    def __post_init__(self) -> None:
        super().__init__()

    def monotonic(self) -> Monotonic:
        return Monotonic(super().monotonic() + self.leapt * SECOND)


def lively() -> Any:
    """A new picture each time, a hundred a second."""
    time.sleep(0.01)
    frame = empty_lane()
    frame[400:404, :32] = CHANCE.integers(0, 255, (4, 32, 3), np.uint8)
    return frame


@contextmanager
def looking(source: Source, clock: SystemClock | None = None) -> Iterator[Capture]:
    capture = Capture(source, clock or SystemClock(), lambda: None)
    capture.start()
    try:
        yield capture
    finally:
        capture.stop()
        capture.join(2)


def until(true: Callable[[], Any]) -> Any:
    ends = time.monotonic() + PATIENCE
    while not (said := true()):
        assert time.monotonic() < ends, "it never became so"
        time.sleep(0.005)
    return said


def code(capture: Capture) -> str:
    fault = capture.fault()
    return "" if fault is None else fault[0].code


def test_a_slow_reader_never_gets_an_old_picture_and_no_queue_is_built() -> None:
    made: list[int] = []

    def stamped() -> Any:
        frame = lively()
        made.append(len(made))
        frame[8, 0, 0], frame[8, 1, 0] = len(made) // 256, len(made) % 256
        return frame

    with looking(Source(stamped)) as capture:
        until(capture.take)
        behind: list[int] = []
        for _ in range(6):
            time.sleep(0.15)  # A read, of which fifteen pictures come.
            shot = until(capture.take)
            behind.append(len(made) - int(shot.frame[8, 0, 0]) * 256 - int(shot.frame[8, 1, 0]))
    assert max(behind) <= 1, "it is the newest, but for one that is just being made"
    assert len(made) > 2 * len(behind)


def test_a_frozen_picture_is_not_read_again_and_is_a_fault_that_ends_by_itself() -> None:
    clock, frozen = LeapingClock(), threading.Event()
    picture = empty_lane()

    def frame() -> Any:
        live = lively()
        return picture if frozen.is_set() else live

    with looking(Source(frame), clock) as capture:
        until(capture.take)
        frozen.set()
        time.sleep(0.1)
        clock.leapt = 2
        time.sleep(0.1)
        capture.take()
        time.sleep(0.1)
        assert capture.take() is None, "it tells nothing new"
        assert code(capture) == ""
        clock.leapt = 40
        until(lambda: code(capture) == "camera.frozen")
        frozen.clear()
        until(lambda: code(capture) == "" and capture.take() is not None)


def test_a_vehicle_that_does_not_show_proves_the_picture_frozen() -> None:
    clock, picture = LeapingClock(), empty_lane()

    def frame() -> Any:
        time.sleep(0.01)
        return picture

    with looking(Source(frame), clock) as capture:
        until(capture.take)
        clock.leapt = 3
        capture.expects_change(clock.monotonic())
        clock.leapt = 6
        until(lambda: code(capture) == "camera.frozen")


@pytest.mark.parametrize("shape", [(1, 1, 3), (9000, 9000, 3)])
def test_pictures_of_no_use_are_a_fault_until_better_ones_come(shape: tuple[int, ...]) -> None:
    bad = threading.Event()
    bad.set()
    useless = np.broadcast_to(np.uint8(0), shape)

    def frame() -> Any:
        live = lively()
        return useless if bad.is_set() else live

    with looking(Source(frame)) as capture:
        until(lambda: code(capture) == "camera.unusable")
        assert capture.take() is None
        bad.clear()
        until(lambda: code(capture) == "" and capture.take() is not None)


def test_a_camera_whose_picture_takes_more_memory_than_there_is_costs_only_itself() -> None:
    def frame() -> Any:
        raise MemoryError

    with looking(Source(frame)) as capture:
        until(lambda: code(capture) == "camera.unreachable")
        assert "memory" in str(capture.fault())


def test_an_opening_that_never_returns_is_given_up_and_tried_anew() -> None:
    clock, hangs, first = LeapingClock(), threading.Event(), [True]

    def opens() -> None:
        if first.pop() if first else False:
            hangs.wait()

    source = Source(lively, opens)
    with looking(source, clock) as capture:
        until(lambda: source.opened == 1)
        clock.leapt = 80
        until(lambda: source.opened == 2 and capture.take() is not None)
        hangs.set()
        until(lambda: source.closed == 1)
        until(capture.take)


def test_no_more_threads_are_risked_on_a_camera_whose_library_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capturing, "_LOOK_SECONDS", 0.02)
    monkeypatch.setattr(capturing.Tries, "wait", lambda self, chance: 0.0)
    clock, over = LeapingClock(), threading.Event()

    def opens() -> None:
        over.wait()

    source = Source(lively, opens)
    with looking(source, clock):
        for number in range(1, capturing.MOST_STUCK + 1):
            until(lambda number=number: source.opened == number)
            clock.leapt += 80
        time.sleep(0.2)
        assert source.opened == capturing.MOST_STUCK
        over.set()
        until(lambda: source.opened > capturing.MOST_STUCK)


def test_how_many_pictures_come_is_told() -> None:
    with looking(Source(lively)) as capture:
        until(capture.take)
        capture.pace()
        time.sleep(0.3)
        rate, age = capture.pace()
        assert 20 < rate <= 110
        assert age is not None
        assert age < SECOND
