"""A lot and its cars as values: cars queue, wait for the arm, pass, park and come out again.

Pure: no clock, no I/O. Time passes as the seconds given to `step`; what happens comes back as a list.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum

from drivers.contract import Position
from models.ids import LaneName
from models.spots import VehicleType
from models.tickets import Direction
from simulator.arm import vend
from simulator.cars import Car, Traffic
from simulator.lanes import Driving, Lane, Manners, advance


class What(StrEnum):
    """What can happen to a car or an arm; the names stand in the witness file."""

    ARRIVED = "arrived"
    AT_LOOP = "at_loop"
    VENDED = "vended"
    VEND_REPEATED = "vend_repeated"
    ARM = "arm"
    PASSED = "passed"
    ENTERED = "entered"
    CAME_TO_EXIT = "came_to_exit"
    LEFT = "left"
    BACKED_OUT = "backed_out"
    GAVE_UP = "gave_up"
    """It lost its patience: no vend came."""


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened, `at` seconds after the world began."""

    what: What
    at: float
    lane: LaneName
    car: Car | None = None
    vend: str | None = None
    on_loop: bool | None = None
    """For a vend: whether a car stood on the arming loop."""
    position: Position | None = None
    """For an arm: where it is now."""
    waited: float = 0.0


@dataclass(frozen=True, slots=True)
class Vend:
    """A command to raise a lane's arm, as the barrier received it."""

    lane: LaneName
    vend_id: str


@dataclass(frozen=True, slots=True)
class BackOut:
    """An injected fault: the car at this lane's stop line reverses, whatever the arm does. Without one, nothing."""

    lane: LaneName


Signal = Vend | BackOut


@dataclass(frozen=True, slots=True)
class Parked:
    car: Car
    leaves_at: float


@dataclass(frozen=True, slots=True)
class World:
    """Everything there is. Each car that ever came is in exactly one place."""

    traffic: Traffic
    lanes: tuple[Lane, ...]
    manners: Manners = field(default_factory=Manners)
    wanted: int | None = None
    """How many cars shall enter altogether; None: they keep coming."""
    now: float = 0.0
    came: int = 0
    next_due: float = 0.0
    street: tuple[Car, ...] = ()
    """Cars that find no room in their entry lane yet."""
    parked: tuple[Parked, ...] = ()
    entered: int = 0
    left: int = 0
    turned_away: tuple[Car, ...] = field(default=())

    def lane(self, name: LaneName) -> Lane:
        return next(lane for lane in self.lanes if lane.name == name)

    @property
    def finished(self) -> bool:
        """As many cars as were wanted have entered, and all of them have left."""
        return self.wanted is not None and self.left >= self.wanted

    def cars(self) -> list[Car]:
        """Everyone on the street, in a lane or parked."""
        driving = [driving.car for lane in self.lanes for driving in lane.cars]
        return [*self.street, *driving, *(parked.car for parked in self.parked)]


def a_world(
    lanes: Iterable[tuple[LaneName, Direction]],
    traffic: Traffic,
    wanted: int | None = None,
    manners: Manners | None = None,
) -> World:
    """An empty lot before its first car. Raises ValueError when cars couldn't get in, or out again."""
    built = tuple(Lane(name, direction) for name, direction in lanes)
    if len({lane.name for lane in built}) < len(built):
        raise ValueError("two lanes have the same name")
    for direction in Direction:
        if not any(lane.direction is direction for lane in built):
            raise ValueError(f"a lot needs at least one {direction.value} lane")
    world = World(traffic, built, manners or Manners(), wanted)
    return replace(world, next_due=min(traffic.gap_before(0), 3.0))


def step(world: World, seconds: float, signals: Iterable[Signal] = ()) -> tuple[World, list[Happening]]:
    """The world some seconds later, and what happened meanwhile, in order."""
    world = replace(world, now=world.now + seconds)
    happened: list[Happening] = []
    for signal in signals:
        world = _obey(world, signal, happened) if isinstance(signal, Vend) else _turn_back(world, signal)
    world = _arrivals(world)
    world = _out_of_the_street(world, happened)
    world = _departures(world, happened)
    for lane in world.lanes:
        world = _advance(world, lane, seconds, happened)
    return world, happened


def _with_lane(world: World, lane: Lane) -> World:
    return replace(world, lanes=tuple(lane if old.name == lane.name else old for old in world.lanes))


def _obey(world: World, signal: Vend, happened: list[Happening]) -> World:
    lane = world.lane(signal.lane)
    at_loop = lane.at_arming_loop()
    told = Happening(What.VENDED, world.now, lane.name, at_loop and at_loop.car, signal.vend_id, at_loop is not None)
    arm = vend(lane.arm, signal.vend_id)
    happened.append(told if arm else replace(told, what=What.VEND_REPEATED))
    if arm is None:
        return world
    cars = tuple(replace(car, cleared=True) if car is at_loop else car for car in lane.cars)
    return _with_lane(world, replace(lane, arm=arm, cars=cars))


def _turn_back(world: World, signal: BackOut) -> World:
    lane = world.lane(signal.lane)
    head = next((car for car in lane.cars if car.may_turn_back), None)
    cars = tuple(replace(car, reversing=True, speed=0.0) if car is head else car for car in lane.cars)
    return _with_lane(world, replace(lane, cars=cars))


def _arrivals(world: World) -> World:
    while world.next_due <= world.now and _more_are_wanted(world):
        car = world.traffic.car(world.came)
        came = world.came + 1
        due = world.next_due + world.traffic.gap_before(came)
        world = replace(world, street=(*world.street, car), came=came, next_due=due)
    # Nobody makes up for cars that weren't wanted meanwhile.
    return world if world.next_due > world.now else replace(world, next_due=world.now)


def _more_are_wanted(world: World) -> bool:
    if world.wanted is None:
        return True
    coming = sum(len(lane.cars) for lane in world.lanes if lane.direction is Direction.ENTRY)
    already_counted = sum(driving.passed for lane in world.lanes for driving in lane.cars if not lane.is_exit)
    return world.entered + coming - already_counted + len(world.street) < world.wanted


def _take_lane(world: World, car: Car, direction: Direction) -> Lane:
    lanes = [lane for lane in world.lanes if lane.direction is direction]
    return lanes[world.traffic.choice(car.number, direction.value, len(lanes))]


def _drive_up(world: World, lane: Lane, car: Car, what: What, happened: list[Happening]) -> World:
    happened.append(Happening(what, world.now, lane.name, car))
    return _with_lane(world, replace(lane, cars=(*lane.cars, Driving(car, front=world.manners.comes_from))))


def _out_of_the_street(world: World, happened: list[Happening]) -> World:
    for car in world.street:
        lane = _take_lane(world, car, Direction.ENTRY)
        if lane.has_room(world.manners):
            world = replace(world, street=tuple(other for other in world.street if other is not car))
            world = _drive_up(world, lane, car, What.ARRIVED, happened)
    return world


def _departures(world: World, happened: list[Happening]) -> World:
    for parked in world.parked:
        lane = _take_lane(world, parked.car, Direction.EXIT)
        if parked.leaves_at <= world.now and lane.has_room(world.manners):
            world = replace(world, parked=tuple(other for other in world.parked if other is not parked))
            world = _drive_up(world, lane, parked.car, What.CAME_TO_EXIT, happened)
    return world


def _advance(world: World, lane: Lane, seconds: float, happened: list[Happening]) -> World:
    after, gone = advance(lane, seconds, world.manners)
    before = {driving.car.number: driving for driving in lane.cars}
    for driving in (*after.cars, *gone):
        world = _told(world, lane, before[driving.car.number], driving, happened)
    if after.arm.position is not lane.arm.position:
        happened.append(Happening(What.ARM, world.now, lane.name, position=after.arm.position))
    for driving in gone:
        world = _gone(world, lane, driving, happened)
    return _with_lane(world, after)


def _told(world: World, lane: Lane, before: Driving, after: Driving, happened: list[Happening]) -> World:
    if after.on_arming_loop and not before.on_arming_loop and not after.reversing:
        happened.append(Happening(What.AT_LOOP, world.now, lane.name, after.car))
    if after.passed and not before.passed:
        happened.append(Happening(What.PASSED, world.now, lane.name, after.car))
        what = What.LEFT if lane.is_exit else What.ENTERED
        happened.append(Happening(what, world.now, lane.name, after.car))
        return replace(world, left=world.left + lane.is_exit, entered=world.entered + (not lane.is_exit))
    return world


def _gone(world: World, lane: Lane, driving: Driving, happened: list[Happening]) -> World:
    if driving.reversing:
        what = What.GAVE_UP if driving.gave_up else What.BACKED_OUT
        happened.append(Happening(what, world.now, lane.name, driving.car, waited=driving.waited))
        if lane.is_exit:
            back = Parked(driving.car, world.now + world.manners.tries_again_after)
            return replace(world, parked=(*world.parked, back))
        return replace(world, turned_away=(*world.turned_away, driving.car))
    if lane.is_exit:
        return world
    return replace(world, parked=(*world.parked, Parked(driving.car, world.now + driving.car.stay)))


def shown_class(lane: Lane) -> VehicleType | None:
    """What the lane's classifier sees on the arming loop."""
    at_loop = lane.at_arming_loop()
    return at_loop.car.vehicle_type if at_loop else None
