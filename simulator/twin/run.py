"""The twin at work: it moves the world and the daemon's clock on together, from one happening to the next."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from models.ids import LaneName
from models.instants import SECOND
from simulator.happenings import Happening
from simulator.lanes import How, Lane
from simulator.orders import Hold, Lower, Signal, Vend
from simulator.troubles import Trouble
from simulator.twin.devices import Devices
from simulator.twin.line import Event, Idle, Line, Word
from simulator.twin.people import Paper, People
from simulator.twin.terminal import Terminals
from simulator.twin.truth import Truth
from simulator.world import World, next_change, step

TICK = 50_000
"""Microseconds from one look at cars that move to the next."""
_SLOW_TICK = 250_000
"""While whoever is in the lanes stands still."""
_LONGEST = 3600 * SECOND


class Stalled(Exception):
    """The world doesn't come to an end: some cars never get in, or never out. The text says which."""


Planned = Callable[[World, int], list[Signal]]
"""What a scenario does to the world at a moment."""


class Twin:
    """One run. `now` is microseconds since its beginning; the daemon's clock is never elsewhere."""

    def __init__(
        self, world: World, line: Line, seed: int, *, begins: int = 10 * SECOND, stalls_after: int = 4 * 3600 * SECOND
    ) -> None:
        self.world = replace(world, now=begins / SECOND, next_due=world.next_due + begins / SECOND)
        self.now = begins
        self.truth = Truth()
        self.devices = Devices()
        self.people = People(seed, self.devices)
        self.terminals = Terminals(self.people.pays_in)
        self._line = line
        self._next: int | None = None
        self._ordered: dict[str, int] = {}
        self._stalls_after, self._progress, self._progressed = stalls_after, -1, begins
        self.steps = 0
        self.fire_reset: list[LaneName] = []

    def begin(self, wall_at_zero: int) -> None:
        """Greet the daemon and let it start. Raises LineError."""
        for lane in self.world.lanes:
            self.truth.begins(lane.name, "arm", lane.arm.position, self.now)
        self._hear(self._line.greet(self.now, wall_at_zero))

    def run(
        self,
        over: Callable[[World], bool],
        looking: Callable[[World, int], None] = lambda world, now: None,
        planned: Planned = lambda world, now: [],
    ) -> None:
        """Until `over` says so; `looking` is called now and then. Raises LineError, Stalled."""
        while not over(self.world):
            self._on(planned)
            if self.steps % 64 == 0:
                looking(self.world, self.now)
        looking(self.world, self.now)

    def until(self, moment: int, planned: Planned = lambda world, now: []) -> None:
        """Let time go by whatever happens. Raises LineError, Stalled."""
        while self.now < moment:
            self._on(planned, moment)

    def give(self, signals: Iterable[Signal]) -> None:
        """Do something to the world, now."""
        self.world, happened = step(self.world, 0.0, signals)
        self._note(happened)

    # --- one step ---

    def _on(self, planned: Planned, latest: int | None = None) -> None:
        to = self._moment(latest)
        seconds = max(0.0, to / SECOND - self.world.now)
        self.now = to
        self.world, happened = step(self.world, seconds, planned(self.world, to))
        self._note(happened)
        self._tell()
        self.steps += 1
        self._watch_for_a_stall()

    def _tell(self) -> None:
        """Say what there is to be said, until the daemon and the world have nothing to do with each other now."""
        while True:
            self.people.look(self.world, self.now)
            events = self._events()
            if not events and (self._next is None or self._next > self.now):
                return
            self._hear(self._line.step(self.now, events))

    def _events(self) -> list[Event]:
        events = self.devices.changes(self.world.lanes, self.world.now)
        due = self.people.due(self.now)
        self._ordered = {
            said["id"]: self.people.orders[said["id"]]
            for _, said in due
            if isinstance(said, dict) and "order" in said and said["id"] in self.people.orders
        }
        return [*events, *due, *self.terminals.due(self._troubles, self.now)]

    def _moment(self, latest: int | None) -> int:
        """The next moment at which anything can happen."""
        quiet_until = next_change(self.world)
        if quiet_until > self.world.now:
            soonest = min(
                self.now + _LONGEST, -(-quiet_until * SECOND // 1) if quiet_until < 1e12 else self.now + _LONGEST
            )
        else:
            soonest = self.now + (TICK if _moves(self.world) else _SLOW_TICK)
        due = (self._next, self.people.next_due(), self.terminals.next_due(), latest)
        return max(self.now, min([int(soonest), *(moment for moment in due if moment is not None)]))

    def _hear(self, idle: Idle) -> None:
        self._next = idle.next
        orders: list[Signal] = []
        for word in idle.said:
            self._take(word, orders)
        if orders:
            self.give(orders)
        self._ordered = {}

    def _take(self, word: Word, orders: list[Signal]) -> None:
        part, what, detail = word
        name = part.rpartition(".")[0]
        match what:
            case "join":
                self.devices.join(part)
            case "leave":
                self.devices.leave(part)
            case "watch":
                self.people.watch(part.removeprefix("@"), bool(detail))
            case "vend":
                lane = self.world.lane(LaneName(name))
                far = lane.at_arming_loop() is None and lane.at_arming_loop(far=True) is not None
                orders.append(Vend(lane.name, str(detail), far))
                self.people.vended(lane.name)
            case "hold":
                orders.append(Hold(LaneName(name), bool(detail)))
            case "lower":
                orders.append(Lower(LaneName(name)))
            case "print":
                self.people.takes(LaneName(name), Paper(str(detail["code"]), str(detail["qr"])))
            case "charge":
                self._charge(LaneName(name), detail)
            case _:
                pass

    def _charge(self, name: LaneName, detail: dict[str, Any]) -> None:
        lane = self.world.lane(name)
        there = lane.at_arming_loop() if not lane.two_way else lane.at_arming_loop() or lane.at_arming_loop(far=True)
        self.terminals.charge(name, there.car.number if there else None, detail, self.now)

    def _troubles(self, name: LaneName) -> frozenset[Trouble]:
        return self.world.lane(name).troubles

    def _note(self, happened: list[Happening]) -> None:
        self.truth.note(happened, self.now, self.people.shown_at, self._ordered)
        for happening in happened:
            if (
                happening.car is not None
                and happening.what == "entered"
                and not self._has_a_ticket(happening.car.number)
            ):
                self.people.ticketless.add(happening.car.number)

    def _has_a_ticket(self, number: int) -> bool:
        entry = self.truth.lives[number].entry
        return entry is not None and entry.how is How.VEND and entry.by_order is None

    def _watch_for_a_stall(self) -> None:
        progress = self.world.came + self.world.entered + self.world.left + len(self.world.turned_away)
        if progress != self._progress or not any(lane.cars for lane in self.world.lanes):
            self._progress, self._progressed = progress, self.now
        elif self.now - self._progressed > self._stalls_after:
            stuck = [
                f"{lane.name}: car {car.car.number} ({car.habit}) at {car.front:.1f} m, waited {car.waited:.0f} s"
                for lane in self.world.lanes
                for car in lane.cars
            ]
            raise Stalled("; ".join(stuck))


def _moves(world: World) -> bool:
    return any(not _stands_still(lane) for lane in world.lanes)


def _stands_still(lane: Lane) -> bool:
    """Whether nothing in the lane moves but the patience of who waits."""
    if not lane.cars and not lane.lurking:
        return lane.arm.at_rest or lane.arm.held
    first = all(car.waited > 0 for car in lane.cars[:1])
    return first and lane.arm.at_rest and all(car.speed == 0 and not car.reversing for car in lane.cars)
