"""Words for tests about simulated lots: a lot, its traffic, and a gatekeeper that vends."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from models.ids import LaneName
from models.tickets import Direction
from simulator.arm import BarrierMake
from simulator.cars import Traffic
from simulator.happenings import Happening, What
from simulator.lanes import Manners
from simulator.orders import Signal, Vend
from simulator.world import World, a_world, step

IN, OUT = LaneName("north-in"), LaneName("north-out")
TICK = 0.05


def a_lot(
    *,
    wanted: int | None = None,
    patience: float = 60.0,
    backing_out: float = 0.0,
    seed: int = 1,
    per_minute: float = 20.0,
) -> World:
    traffic = Traffic(seed, per_minute, shortest_stay=5, longest_stay=15, backing_out=backing_out)
    lanes = ((IN, Direction.ENTRY), (OUT, Direction.EXIT))
    return a_world(lanes, traffic, wanted, Manners(patience=patience))


@dataclass
class Drive:
    """A world under way, and all that has happened in it."""

    world: World
    happened: list[Happening]

    def on(self, seconds: float, signals: Iterable[Signal] = ()) -> Drive:
        self.world, happened = step(self.world, seconds, signals)
        self.happened += happened
        return self

    def for_seconds(self, seconds: float, gatekeeper: Gatekeeper | None = None) -> Drive:
        return self.until(lambda world, ends=self.world.now + seconds: world.now >= ends, gatekeeper)

    def until(self, over: Callable[[World], bool], gatekeeper: Gatekeeper | None = None, within: float = 900) -> Drive:
        ends = self.world.now + within
        while not over(self.world):
            assert self.world.now < ends, f"not after {within} s"
            before = len(self.happened)
            self.on(TICK, gatekeeper.orders(self.world.now) if gatekeeper else ())
            if gatekeeper:
                gatekeeper.saw(self.happened[before:])
        return self

    def of(self, *what: What) -> list[Happening]:
        return [happening for happening in self.happened if happening.what in what]

    def plates(self, what: What) -> list[str]:
        return [happening.car.text for happening in self.of(what) if happening.car]


def driving(world: World) -> Drive:
    return Drive(world, [])


class Gatekeeper:
    """Raises the arm for every car, some time after it came to the arming loop."""

    def __init__(self, after: float = 1.5, lanes: Iterable[LaneName] = (IN, OUT)) -> None:
        self._after, self._lanes = after, tuple(lanes)
        self._due: list[tuple[float, Vend]] = []
        self._count = 0

    def saw(self, happened: Iterable[Happening]) -> None:
        for happening in happened:
            if happening.what is What.AT_LOOP and happening.lane in self._lanes:
                self._count += 1
                self._due.append((happening.at + self._after, Vend(happening.lane, f"vend-{self._count}")))

    def orders(self, now: float) -> list[Vend]:
        due = [vend for at, vend in self._due if at <= now]
        self._due = [(at, vend) for at, vend in self._due if at > now]
        return due


def arm_angle(world: World, lane: LaneName) -> float:
    return world.lane(lane).arm.angle


def with_hasty_arms(world: World, closes_unused_after: float) -> World:
    """Barriers that close so soon after opening that a car may still be under them."""
    make = BarrierMake(closes_unused_after=closes_unused_after, closes_after_passing=0.0)
    lanes = tuple(replace(lane, arm=replace(lane.arm, make=make)) for lane in world.lanes)
    return replace(world, lanes=lanes)


def with_arm_up(world: World, lane: LaneName) -> World:
    """The arm stands open although nobody asked for it."""
    opened = replace(world.lane(lane), arm=replace(world.lane(lane).arm, angle=1.0, rising=True))
    return replace(world, lanes=tuple(opened if old.name == lane else old for old in world.lanes))
