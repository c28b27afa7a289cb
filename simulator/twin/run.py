"""The twin at work: it moves the world and the daemon's clock on together, from one happening to the next."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, Protocol

from models.ids import LaneName
from models.instants import SECOND
from simulator.happenings import Happening, What
from simulator.lanes import How, Lane
from simulator.orders import Hold, Lower, Signal, Vend
from simulator.scenario import Scenario
from simulator.troubles import Trouble
from simulator.twin.devices import Devices
from simulator.twin.line import Event, Idle, Line, Word
from simulator.twin.people import Paper, People
from simulator.twin.terminal import Terminals
from simulator.twin.truth import Truth
from simulator.world import World, next_change, step

TICK = 80_000
"""Microseconds from one look to the next at cars near the loops: short enough to see each loop clear between two."""
_APPROACHING_TICK = 240_000
"""While cars are only on their way to a lane."""
_STANDING_TICK = 500_000
"""While whoever is in the lanes stands still."""
_LONGEST = 3600 * SECOND
_MOST_AT_ONCE = 10_000
"""Steps, and words with the daemon, at one moment: time that stands still for longer will never move again."""
_MOST_VISITS = 8
"""A car that comes so often to a lane and doesn't get through never will."""


class Errands(Protocol):
    """What else people do at the lot, each thing at its moment."""

    def next_due(self) -> int | None: ...

    def due(self, now: int) -> list[Event]: ...


class Stalled(Exception):
    """The world doesn't come to an end: some cars never get in, or never out. The text says which."""


class Twin:
    """One run. `now` is microseconds since its beginning; the daemon's clock is never elsewhere."""

    def __init__(
        self, world: World, line: Line, seed: int, *, begins: int = 10 * SECOND, scenario: Scenario | None = None
    ) -> None:
        self.world = replace(world, now=begins / SECOND, next_due=world.next_due + begins / SECOND)
        self.now = begins
        self.truth = Truth()
        self.devices = Devices()
        self.people = People(seed, self.devices)
        self.terminals = Terminals(self.people.pays_in)
        self.errands: list[Errands] = []
        self.at_stations: dict[str, int] = {}
        """Whose driver stands at which pay station"""
        self._line = line
        self._scenario = (scenario or Scenario()).starting(begins / SECOND)
        self._next: int | None = None
        self._ordered: dict[str, int] = {}
        self.steps = 0
        self._at_once = 0
        self.crossings = 0
        """How often the twin and the daemon spoke with each other."""

    def begin(self, wall_at_zero: int) -> None:
        """Greet the daemon and let it start. Raises LineError."""
        for lane in self.world.lanes:
            self.truth.begins(lane.name, "arm", lane.arm.position, self.now)
        self._hear(self._line.greet(self.now, wall_at_zero))

    def run(
        self,
        over: Callable[[World], bool],
        looking: Callable[[World, int], None] = lambda world, now: None,
    ) -> None:
        """Until `over` says so; `looking` is called now and then. Raises LineError, Stalled."""
        while not over(self.world):
            self._on()
            if self.steps % 64 == 0:
                looking(self.world, self.now)
        looking(self.world, self.now)

    def until(self, moment: int) -> None:
        """Let time go by whatever happens. Raises LineError, Stalled."""
        while self.now < moment:
            self._on(moment)

    def give(self, signals: Iterable[Signal]) -> None:
        """Do something to the world, now."""
        self.world, happened = step(self.world, 0.0, signals)
        self._note(happened)

    # --- one step ---

    def _on(self, latest: int | None = None) -> None:
        to = self._moment(latest)
        seconds = max(0.0, to / SECOND - self.world.now)
        self._moves_on(to)
        self.world, happened = step(self.world, seconds, self._planned(to))
        self._note(happened)
        self._tell()
        self.steps += 1
        self._watch_for_a_stall(happened)

    def _moves_on(self, to: int) -> None:
        """Raises Stalled when time stands still."""
        self._at_once = self._at_once + 1 if to == self.now else 0
        if self._at_once > _MOST_AT_ONCE:
            raise Stalled(f"time stands still {to / SECOND:.6f} s after the beginning")
        self.now = to

    def _planned(self, now: int) -> list[Signal]:
        names = [lane.name for lane in self.world.lanes]
        moment = now / SECOND
        return [signal for wish in self._scenario.due(moment) for signal in wish.signals(names, moment)]

    def _tell(self) -> None:
        """Say what there is to be said, until the daemon and the world have nothing to do with each other now."""
        while True:
            self.people.look(self.world, self.now)
            events = self._events()
            if not events and (self._next is None or self._next > self.now):
                return
            self._moves_on(self.now)
            self._hear(self._line.step(self.now, events))

    def _events(self) -> list[Event]:
        events = self.devices.changes(self.world.lanes, self.world.now)
        due = self.people.due(self.now, self.terminals.keeps_waiting)
        self._ordered = {
            said["id"]: self.people.orders[said["id"]]
            for _, said in due
            if isinstance(said, dict) and "order" in said and said["id"] in self.people.orders
        }
        errands = [event for each in self.errands for event in each.due(self.now)]
        return [*events, *due, *errands, *self.terminals.due(self._troubles, self._is_there, self.now)]

    def _moment(self, latest: int | None) -> int:
        """The next moment at which anything can happen."""
        quiet_until = next_change(self.world)
        if quiet_until > self.world.now:
            # The world's seconds are rounded: what is due now by the clock may lie a hair ahead of it there, for ever.
            soonest = max(self.now + 1, math.ceil(min(quiet_until * SECOND, self.now + _LONGEST)))
        else:
            soonest = self.now + _tick(self.world)
        wish = self._scenario.next_due()
        planned = None if wish is None else math.ceil(wish * SECOND)
        errands = [each.next_due() for each in self.errands]
        due = (self._next, self.people.next_due(), self.terminals.next_due(), planned, latest, *errands)
        return max(self.now, min([soonest, *(moment for moment in due if moment is not None)]))

    def _hear(self, idle: Idle) -> None:
        self._next = idle.next
        self.crossings += 1
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
        if name in self.at_stations:
            self.terminals.charge(name, self.at_stations[name], detail, self.now)
            return
        lane = self.world.lane(name)
        there = lane.at_arming_loop() if not lane.two_way else lane.at_arming_loop() or lane.at_arming_loop(far=True)
        self.terminals.charge(name, there.car.number if there else None, detail, self.now)

    def _troubles(self, name: LaneName) -> frozenset[Trouble]:
        return frozenset() if name in self.at_stations else self.world.lane(name).troubles

    def _is_there(self, name: LaneName, number: int) -> bool:
        if name in self.at_stations:
            return self.at_stations[name] == number
        return any(car.car.number == number and car.on_arming_loop for car in self.world.lane(name).cars)

    def _note(self, happened: list[Happening]) -> None:
        for lane in self.world.lanes:
            self.truth.loop(lane.name, False, lane.arming_loop, self.now)
            self.truth.loop(lane.name, True, lane.two_way and lane.far_loop, self.now)
        self.truth.note(happened, self.now, self.people.shown_at, self._ordered)
        out = any(happening.what is What.MENDED and happening.trouble is Trouble.FIRE for happening in happened)
        if out and not any(Trouble.FIRE in lane.troubles for lane in self.world.lanes):
            self.people.fire_is_over([lane.name for lane in self.world.lanes], self.now)
        entered = [happening.car.number for happening in happened if happening.what is What.ENTERED and happening.car]
        self.people.ticketless.update(number for number in entered if not self._has_a_ticket(number))

    def _has_a_ticket(self, number: int) -> bool:
        entry = self.truth.lives[number].entry
        return entry is not None and entry.how is How.VEND and entry.by_order is None

    def _watch_for_a_stall(self, happened: list[Happening]) -> None:
        for happening in happened:
            if happening.what is What.CAME_TO_EXIT and happening.car is not None:
                tries = len(self.truth.lives[happening.car.number].visits)
                if tries > _MOST_VISITS:
                    raise Stalled(f"car {happening.car.number} comes to {happening.lane} for the {tries}th time")


def _tick(world: World) -> int:
    """How soon the world has to be looked at again."""
    tick = _STANDING_TICK
    for lane in world.lanes:
        if lane.cars and not _stands_still(lane):
            if not lane.arm.at_rest or any(car.front > _FAR_AWAY for car in lane.cars):
                return TICK
            tick = _APPROACHING_TICK
        elif not (lane.arm.at_rest or lane.arm.held) or lane.ills:
            return TICK
    return tick


_FAR_AWAY = -8.0
"""From here on a car may reach a loop, or its stop line, before the next look."""


def _stands_still(lane: Lane) -> bool:
    """Whether nothing in the lane moves but the patience of who waits."""
    return lane.arm.at_rest and lane.cars[0].waited > 0 and all(car.speed == 0 for car in lane.cars)
