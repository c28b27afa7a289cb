"""A twin's time always moves on, or the run says that it doesn't."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, cast

import pytest

from models.ids import LaneName
from models.instants import SECOND
from models.tickets import Direction
from simulator.cars import Traffic
from simulator.twin.line import Idle, Line
from simulator.twin.run import Stalled, Twin
from simulator.world import World, a_world

LANES = ((LaneName("in"), Direction.ENTRY), (LaneName("out"), Direction.EXIT))


class Silent:
    """A daemon that has nothing to say; `next`: when it wants to be woken."""

    def __init__(self, next: int | None = None) -> None:
        self.next = next

    def step(self, to: int, events: Any) -> Idle:
        return Idle(self.next, ())

    def greet(self, now: int, wall: int) -> Idle:
        return Idle(self.next, ())


def a_twin(world: World | None = None, daemon: Silent | None = None) -> Twin:
    return Twin(world or a_world(LANES, Traffic(), coming=1), cast(Line, daemon or Silent()), 1)


def a_hair_after(microseconds: int) -> float:
    """Seconds that multiplied are exactly those microseconds, and yet lie beyond them."""
    for moment in range(microseconds, microseconds + 1000):
        hair = math.nextafter(moment / SECOND, math.inf)
        if hair * SECOND == moment:
            return hair
    raise AssertionError("no such moment")


def test_a_car_that_is_due_a_hair_after_now_comes_all_the_same() -> None:
    due = a_hair_after(2_318_484_000)
    twin = a_twin()
    twin.world = replace(twin.world, now=2300.0, next_due=due)
    twin.now = 2300 * SECOND
    twin.run(lambda world: world.came == 1)
    assert twin.now <= due * SECOND + SECOND


def test_a_daemon_that_wants_to_be_woken_at_once_for_ever_ends_the_run() -> None:
    twin = a_twin(daemon=Silent(next=0))
    twin.begin(0)
    with pytest.raises(Stalled, match="time stands still 10"):
        twin.until(twin.now + SECOND)
