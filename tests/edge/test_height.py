"""Which vehicle a height contact was about."""

from __future__ import annotations

from collections.abc import Callable

from edge.height import HeightMark
from models.instants import SECOND, Instant, Monotonic, Reading
from models.spots import VehicleType

LARGE = VehicleType.LARGE


class Hand:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> Monotonic:
        return Monotonic(round(self.now * SECOND))

    def read(self) -> Reading:
        return Reading("test", self.monotonic(), Instant(0), synced=False)

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


class Contact:
    def __init__(self) -> None:
        self.level: bool | None = False
        self._heard: list[Callable[[bool | None], None]] = []

    def on_level(self, heard: Callable[[bool | None], None]) -> None:
        self._heard.append(heard)

    def becomes(self, level: bool | None) -> None:
        self.level = level
        for heard in self._heard:
            heard(level)

    async def start(self) -> None: ...
    async def stop(self) -> None: ...


class Lane:
    def __init__(self, ahead: float, loop: bool = True) -> None:
        self.clock, self.beam, self.loop = Hand(), Contact(), Contact()
        self._mark = HeightMark(self.beam, LARGE, ahead, self.clock, self.loop if loop else None)

    def blink(self) -> None:
        self.beam.becomes(True)
        self.beam.becomes(False)

    def after(self, seconds: float) -> Lane:
        self.clock.now += seconds
        return self

    @property
    def says(self) -> VehicleType | None:
        return self._mark.vehicle_type


def test_a_beam_at_the_stop_line_is_about_whoever_stands_there():
    lane = Lane(ahead=0)
    lane.loop.becomes(True)
    assert lane.says is None
    lane.blink()
    assert lane.after(5).says is LARGE
    lane.loop.becomes(False)
    lane.loop.becomes(True)
    assert lane.says is None


def test_a_beam_before_the_loop_is_about_the_one_that_comes_onto_it():
    lane = Lane(ahead=8)
    lane.blink()
    lane.after(5).loop.becomes(True)
    assert lane.after(60).says is LARGE
    lane.loop.becomes(False)
    lane.loop.becomes(True)
    assert lane.says is None


def test_what_it_says_while_another_stands_there_is_about_the_next_one():
    lane = Lane(ahead=8)
    lane.loop.becomes(True)
    lane.blink()
    assert lane.says is None
    lane.after(3).loop.becomes(False)
    lane.after(2).loop.becomes(True)
    assert lane.says is LARGE


def test_one_that_never_came_leaves_nothing_behind():
    lane = Lane(ahead=8)
    lane.blink()
    lane.after(9).loop.becomes(True)
    assert lane.says is None


def test_a_contact_that_nobody_can_read_says_nothing():
    lane = Lane(ahead=0)
    lane.beam.becomes(None)
    lane.loop.becomes(True)
    assert lane.says is None


def test_without_an_arming_loop_the_last_seconds_count():
    lane = Lane(ahead=8, loop=False)
    lane.blink()
    assert lane.after(5).says is LARGE
    assert lane.after(5).says is None
