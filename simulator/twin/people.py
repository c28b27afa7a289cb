"""What people do at the twin's lanes beside driving: they are read, press, show their ticket, pay, call and are helped.

Everything is due at a moment; the twin asks what is due next and what is due now. Times in microseconds.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Literal

from models.ids import LaneName
from models.instants import SECOND
from models.tickets import Direction
from simulator.cars import Car, Habit
from simulator.lanes import STOP_LINE, Driving, Lane
from simulator.troubles import Trouble
from simulator.twin.devices import Devices
from simulator.twin.line import Event
from simulator.world import World

SEEN_UNTIL = STOP_LINE + 0.4
"""The camera looks at what stands before the arm: a plate beyond this is out of its picture."""
_PRESSES_AFTER, _SHOWS_AFTER, _CALLS_AFTER = 14.0, 5.0, 20.0
_AGAIN_AFTER = 9.0
_HELP_COMES_AFTER = 10.0
_LONG_ENOUGH = 60.0
_RESET_AFTER = 30.0
_PAYS_WITHIN = (2.0, 8.0)
_VOTE_TAKES = (0.3, 1.0)
_KEEPS_PRESSED = 0.4


@dataclass(frozen=True, slots=True)
class Paper:
    """A printed ticket, in a driver's hands."""

    code: str
    qr: str


@dataclass(frozen=True, slots=True)
class Carried:
    """What a driver shows at a lane beside the plate: a text for a part of it, such as its card reader."""

    part: Literal["code_scanner", "card_reader"]
    text: str


@dataclass(slots=True)
class Guest:
    """A car at a lane's arming loop, and what its driver has done there so far."""

    car: Car
    lane: LaneName
    far: bool
    direction: Direction
    came: int
    vended: bool = False
    read: bool = False
    does_next: int | None = None
    helped_at: int | None = None


@dataclass(slots=True)
class Watching:
    """A camera that was told to read plates. `since` the car in its picture is there, `read` when that is voted."""

    on: bool = False
    car: Car | None = None
    votes_at: int | None = None
    told: bool = False


@dataclass(slots=True)
class People:
    """`papers` are the tickets in drivers' hands, by car; `orders` those that attendants have given, with the car that
    they were for."""

    seed: int
    devices: Devices
    papers: dict[int, Paper] = field(default_factory=dict[int, Paper])
    carried: dict[tuple[int, Direction], Carried] = field(default_factory=dict[tuple[int, Direction], Carried])
    """What the driver of a car shows on the way in or out"""
    ticketless: set[int] = field(default_factory=set[int])
    """Cars that are inside without a ticket, and know it."""
    orders: dict[str, int] = field(default_factory=dict[str, int])
    shown_at: dict[int, int] = field(default_factory=dict[int, int])
    """When each car last showed who it is: a plate, a press for a ticket."""
    reads: dict[int, list[int]] = field(default_factory=dict[int, list[int]])
    """When the plate of each car was read."""
    codes: dict[int, list[int]] = field(default_factory=dict[int, list[int]])
    """When the driver of each car showed a ticket."""
    _guests: dict[tuple[LaneName, bool], Guest] = field(default_factory=dict[tuple[LaneName, bool], Guest])
    _cameras: dict[str, Watching] = field(default_factory=dict[str, Watching])
    _resets: list[tuple[int, LaneName]] = field(default_factory=list[tuple[int, LaneName]])
    _empty: dict[LaneName, bool] = field(default_factory=dict[LaneName, bool])
    _released: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])

    # --- what the daemon says ---

    def watch(self, camera: str, on: bool) -> None:
        self._cameras[camera] = Watching(on)

    def vended(self, lane: LaneName) -> None:
        for far in (False, True):
            guest = self._guests.get((lane, far))
            if guest is not None:
                guest.vended = True

    def takes(self, lane: LaneName, paper: Paper) -> None:
        """A ticket comes out of the printer: whoever stands there takes it."""
        guest = self._guests.get((lane, False)) or self._guests.get((lane, True))
        if guest is not None:
            self.papers[guest.car.number] = paper

    def fire_is_over(self, lanes: Iterable[LaneName], now: int) -> None:
        """Somebody walks round and resets the arms."""
        self._resets += [(now + round(_RESET_AFTER * SECOND), lane) for lane in lanes]

    # --- what is due ---

    def look(self, world: World, now: int) -> None:
        """Take in who stands where now."""
        for lane in world.lanes:
            if not lane.cars and self._empty.get(lane.name):
                continue
            self._empty[lane.name] = not lane.cars
            for far in (False, True) if lane.two_way else (False,):
                self._look_at(lane, far, now)

    def next_due(self) -> int | None:
        guests = [due for guest in self._guests.values() for due in (guest.does_next, guest.helped_at) if due]
        votes = [camera.votes_at for camera in self._cameras.values() if camera.votes_at and not camera.told]
        return min([*guests, *votes, *(due for due, _ in (*self._released, *self._resets))], default=None)

    def due(self, now: int, pays: Callable[[int], bool] = lambda car: False) -> list[Event]:
        """`pays` tells whether a car's driver has been asked to pay and waits for the terminal."""
        events: list[Event] = [(part, False) for due, part in self._released if due <= now]
        self._released = [(due, part) for due, part in self._released if due > now]
        events += [(f"@{lane}", _reset(lane, due)) for due, lane in self._resets if due <= now]
        self._resets = [(due, lane) for due, lane in self._resets if due > now]
        for camera, watching in self._cameras.items():
            if watching.votes_at is not None and watching.votes_at <= now and not watching.told:
                self._read(camera, watching, now, events)
        for guest in self._guests.values():
            if guest.does_next is not None and guest.does_next <= now:
                guest.does_next = now + round(_AGAIN_AFTER * SECOND)
                if not pays(guest.car.number):
                    self._does(guest, now, events)
            if guest.helped_at is not None and guest.helped_at <= now:
                guest.helped_at = None
                self._is_helped(guest, events)
        return events

    def pays_in(self, car: int | None, asked: int) -> int:
        """How long this driver takes to pay."""
        return round(random.Random(f"pays {self.seed} {car} {asked}").uniform(*_PAYS_WITHIN) * SECOND)

    # --- who stands there ---

    def _look_at(self, lane: Lane, far: bool, now: int) -> None:
        there = _waiting(lane, far)
        key = (lane.name, far)
        guest = self._guests.get(key)
        if there is None:
            self._guests.pop(key, None)
        elif guest is None or guest.car.number != there.car.number:
            direction = lane.direction_of(there)
            guest = self._guests[key] = Guest(there.car, lane.name, far, direction, now)
            guest.does_next = self._first(guest)
        camera = self._cameras.get(f"{lane.name}.far" if far else lane.name)
        if camera is not None and camera.on:
            self._looks(camera, lane, _in_view(lane, far), now)

    def _looks(self, camera: Watching, lane: Lane, there: Driving | None, now: int) -> None:
        blind = Trouble.CAMERA_BLIND in lane.troubles
        covered = there is not None and there.habit is Habit.BREAKS_THROUGH
        if there is None or not there.car.readable or covered or blind:
            camera.car = camera.votes_at = None
        elif camera.car is None or camera.car.number != there.car.number:
            dice = random.Random(f"vote {self.seed} {there.car.number} {now}")
            camera.car, camera.votes_at = there.car, now + round(dice.uniform(*_VOTE_TAKES) * SECOND)

    def _read(self, camera: str, watching: Watching, now: int, events: list[Event]) -> None:
        lane = LaneName(camera.removesuffix(".far"))
        if watching.car is None:
            return
        watching.told = True
        number = watching.car.number
        self.shown_at[number] = now
        self.reads.setdefault(number, []).append(now)
        guest = self._guests.get((lane, camera != lane))
        if guest is not None and guest.car.number == number:
            guest.read = True
        events.append((f"@{lane}", {"read": watching.car.text, "confidence": 0.98}))

    # --- what they do ---

    def _first(self, guest: Guest) -> int:
        """When the driver begins to do something beside waiting."""
        number = guest.car.number
        if (number, guest.direction) in self.carried:
            after = _SHOWS_AFTER
        elif guest.direction is Direction.ENTRY:
            after = _PRESSES_AFTER
        else:
            after = _SHOWS_AFTER if number in self.papers else _CALLS_AFTER
        return guest.came + round(after * SECOND)

    def _does(self, guest: Guest, now: int, events: list[Event]) -> None:
        if guest.vended:
            return
        number = guest.car.number
        carried = self.carried.get((number, guest.direction))
        if carried is not None:
            self.shown_at[number] = now
            events.append((f"{guest.lane}.{carried.part}", carried.text))
        elif guest.direction is Direction.ENTRY:
            if not guest.read:
                self._presses(guest, "ticket", now, events)
                self.shown_at[number] = now
        elif number in self.papers:
            self.codes.setdefault(number, []).append(now)
            events.append(self._showing(guest, self.papers[number].qr))
        elif guest.helped_at is None and (number in self.ticketless or now - guest.came > _LONG_ENOUGH * SECOND):
            self._presses(guest, "help", now, events)
            guest.helped_at = now + round(_HELP_COMES_AFTER * SECOND)

    def _presses(self, guest: Guest, button: str, now: int, events: list[Event]) -> None:
        part = f"{guest.lane}.buttons.{button}"
        if self.devices.has(part):
            events.append((part, True))
            self._released.append((now + round(_KEEPS_PRESSED * SECOND), part))
        else:
            events.append((f"@{guest.lane}", {"pressed": button}))

    def _showing(self, guest: Guest, code: str) -> Event:
        part = f"{guest.lane}.code_scanner"
        return (part, code) if self.devices.has(part) else (f"@{guest.lane}", {"code": code})

    def _is_helped(self, guest: Guest, events: list[Event]) -> None:
        """An attendant opens for a driver who has no ticket."""
        if guest.vended:
            return
        order = str(uuid.UUID(int=random.Random(f"order {self.seed} {guest.car.number} {guest.came}").getrandbits(128)))
        self.orders[order] = guest.car.number
        said = {"order": "open", "id": order, "by": "attendant", "reason": "has no ticket"}
        events.append((f"@{guest.lane}", said))


def _reset(lane: LaneName, due: int) -> dict[str, str]:
    return {"order": "reset_fire", "id": f"reset-{lane}-{due}", "by": "attendant", "reason": "the fire is out"}


def _in_view(lane: Lane, far: bool) -> Driving | None:
    """The car whose plate is in the camera's picture."""
    cars = (car for car in lane.cars if car.far is far and car.on_arming_loop)
    return next((car for car in cars if car.front <= SEEN_UNTIL), None)


def _waiting(lane: Lane, far: bool) -> Driving | None:
    """The car before the arm on that side: the one on the arming loop that isn't under the arm yet."""
    return next((car for car in lane.cars if car.far is far and car.on_arming_loop and car.how is None), None)
