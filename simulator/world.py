"""A lot and its cars as values: cars queue, wait for the arm, pass, park and come out again.

Pure: no clock, no I/O. Time passes as the seconds given to `step`; what happens comes back as a list.
"""

from __future__ import annotations

import math
from bisect import insort
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from models.ids import LaneName
from models.tickets import Direction
from simulator.arm import UP
from simulator.cars import FOLLOWERS, Car, Habit, Traffic
from simulator.driving import advance, distance
from simulator.happenings import Happening, What
from simulator.lanes import Driving, How, Lane, Lurking, Manners, opposite
from simulator.orders import Behave, Signal, obey
from simulator.troubles import Trouble
from simulator.wear import meet, mend

__all__ = ["Happening", "Parked", "What", "World", "a_world", "next_change", "step"]


@dataclass(frozen=True, slots=True, order=True)
class Parked:
    leaves_at: float
    car: Car = field(compare=False)


@dataclass(frozen=True, slots=True)
class World:
    """Everything there is. Each car that ever came is in exactly one place."""

    traffic: Traffic
    lanes: tuple[Lane, ...]
    manners: Manners = field(default_factory=Manners)
    wanted: int | None = None
    """How many cars shall enter altogether; None: they keep coming."""
    coming: int | None = None
    """How many cars shall come altogether, whether they enter or not."""
    now: float = 0.0
    came: int = 0
    next_due: float = 0.0
    street: tuple[Car, ...] = ()
    """Cars that find no room in their entry lane yet."""
    parked: tuple[Parked, ...] = ()
    """In the order in which they want to leave."""
    entered: int = 0
    left: int = 0
    turned_away: tuple[Car, ...] = field(default=())

    def lane(self, name: LaneName) -> Lane:
        return next(lane for lane in self.lanes if lane.name == name)

    @property
    def finished(self) -> bool:
        """As many cars as were wanted have entered, and all of them have left."""
        if self.coming is not None:
            gone = not self.street and not self.parked and not any(lane.cars or lane.lurking for lane in self.lanes)
            return self.came >= self.coming and gone
        return self.wanted is not None and self.left >= self.wanted

    @property
    def inside(self) -> int:
        return self.entered - self.left

    def cars(self) -> list[Car]:
        """Everyone on the street, in a lane, beside one, or parked."""
        driving = [driving.car for lane in self.lanes for driving in lane.cars]
        lurking = [lurking.car for lane in self.lanes for lurking in lane.lurking]
        return [*self.street, *driving, *lurking, *(parked.car for parked in self.parked)]


def a_world(
    lanes: Iterable[tuple[LaneName, Direction]],
    traffic: Traffic,
    wanted: int | None = None,
    manners: Manners | None = None,
    *,
    coming: int | None = None,
    two_way: Iterable[LaneName] = (),
) -> World:
    """An empty lot before its first car. Raises ValueError when cars couldn't get in, or out again."""
    both = frozenset(two_way)
    built = tuple(Lane(name, direction, two_way=name in both) for name, direction in lanes)
    if len({lane.name for lane in built}) < len(built):
        raise ValueError("two lanes have the same name")
    for direction in Direction:
        if not any(lane.direction is direction or lane.two_way for lane in built):
            raise ValueError(f"a lot needs at least one {direction.value} lane")
    world = World(traffic, built, manners or Manners(), wanted, coming)
    return replace(world, next_due=min(traffic.gap_before(0), 3.0))


def step(world: World, seconds: float, signals: Iterable[Signal] = ()) -> tuple[World, list[Happening]]:
    """The world some seconds later, and what happened meanwhile, in order."""
    world = replace(world, now=world.now + seconds)
    happened: list[Happening] = []
    stood = [lane.arm.position for lane in world.lanes]
    for signal in signals:
        if isinstance(signal, Behave) and signal.habit is Habit.WRONG_WAY:
            world = _sent_the_wrong_way(world, world.lane(signal.lane))
        else:
            world = _with_lane(world, obey(world.lane(signal.lane), signal, world.now, happened))
    for lane in world.lanes:
        if not (lane.at_rest and not lane.lurking and not lane.ills and not lane.arm.held):
            world = _advance(world, lane, seconds, happened)
    # Whoever comes now hasn't moved yet, however long the step was.
    if world.next_due <= world.now:
        world = _arrivals(world)
    if world.street:
        world = _out_of_the_street(world, happened)
    if world.parked and world.parked[0].leaves_at <= world.now:
        world = _departures(world, happened)
    for lane, position in zip(world.lanes, stood, strict=True):
        if lane.arm.position is not position:
            happened.append(Happening(What.ARM, world.now, lane.name, position=lane.arm.position))
    return world, happened


def next_change(world: World) -> float:
    """Until when, in seconds since the beginning, nothing at all happens unless somebody moves an arm; now, when
    anything is under way."""
    if world.street or any(not _is_quiet(lane) for lane in world.lanes):
        return world.now
    ends = (ill.until for lane in world.lanes for ill in lane.ills if ill.until is not None)
    mostly = min((lurking.since for lane in world.lanes for lurking in lane.lurking), default=math.inf)
    leaves = world.parked[0].leaves_at if world.parked else math.inf
    comes = world.next_due if _more_are_wanted(world) else math.inf
    return max(world.now, min(comes, leaves, mostly + world.manners.lurks_for, *ends))


_RESTLESS = (Trouble.ARMING_LOOP_CHATTERS, Trouble.CLOSING_LOOP_CHATTERS, Trouble.ARM_FORCED_UP)


def _is_quiet(lane: Lane) -> bool:
    arm = lane.arm
    still = arm.at_rest or (arm.held and arm.angle >= UP)
    return not lane.cars and still and not any(ill.trouble in _RESTLESS for ill in lane.ills)


def _with_lane(world: World, lane: Lane) -> World:
    return replace(world, lanes=tuple(lane if old.name == lane.name else old for old in world.lanes))


def _arrivals(world: World) -> World:
    while world.next_due <= world.now and _more_are_wanted(world):
        car = world.traffic.car(world.came)
        came = world.came + 1
        due = world.next_due + world.traffic.gap_before(came)
        world = replace(world, street=(*world.street, car), came=came, next_due=due)
    # Nobody makes up for cars that weren't wanted meanwhile.
    return world if world.next_due > world.now else replace(world, next_due=world.now)


def _more_are_wanted(world: World) -> bool:
    if world.coming is not None:
        return world.came < world.coming
    if world.wanted is None:
        return True
    on_their_way = [
        car for lane in world.lanes for car in lane.cars if lane.direction_of(car) is Direction.ENTRY and not car.passed
    ]
    return world.entered + len(on_their_way) + len(world.street) < world.wanted


def _take_lane(world: World, car: Car, direction: Direction) -> tuple[Lane, bool]:
    """The lane that this car takes, and whether it comes from the lane's far side."""
    sides = [(lane, False) for lane in world.lanes if lane.direction is direction]
    sides += [(lane, True) for lane in world.lanes if lane.two_way and lane.direction is not direction]
    return sides[world.traffic.choice(car.number, direction.value, len(sides))]


def _against(world: World, car: Car, direction: Direction) -> Lane | None:
    """The lane of the other direction through which a driver might slip."""
    lanes = [lane for lane in world.lanes if lane.direction is opposite(direction) and not lane.two_way]
    return lanes[world.traffic.choice(car.number, "against", len(lanes))] if lanes else None


def _drive_up(world: World, lane: Lane, far: bool, car: Car, direction: Direction, happened: list[Happening]) -> World:
    what = What.ARRIVED if direction is Direction.ENTRY else What.CAME_TO_EXIT
    happened.append(Happening(what, world.now, lane.name, car, far=far))
    habit = lane.next_habit or car.habit(direction)
    driving = Driving(car, front=world.manners.comes_from, habit=habit, far=far)
    return _with_lane(world, replace(lane, cars=(*lane.cars, driving), next_habit=None))


def _lurk(world: World, lane: Lane, car: Car) -> World:
    return _with_lane(world, replace(lane, lurking=(*lane.lurking, Lurking(car, world.now))))


def _sent_the_wrong_way(world: World, lane: Lane) -> World:
    """Somebody who is inside slips out by an entry, or the next who comes slips in by an exit. With nobody, nothing."""
    if lane.is_exit:
        car = world.traffic.car(world.came)
        return _lurk(replace(world, came=world.came + 1), lane, car)
    if not world.parked:
        return world
    first, *others = world.parked
    return _lurk(replace(world, parked=tuple(others)), lane, first.car)


def _out_of_the_street(world: World, happened: list[Happening]) -> World:
    for car in world.street:
        against = _against(world, car, Direction.ENTRY) if car.at_entry is Habit.WRONG_WAY else None
        lane, far = _take_lane(world, car, Direction.ENTRY)
        if against is None and not lane.has_room(world.manners, distance(car.at_entry), far):
            continue
        world = replace(world, street=tuple(other for other in world.street if other is not car))
        if against is not None:
            world = _lurk(world, against, car)
        else:
            world = _drive_up(world, lane, far, car, Direction.ENTRY, happened)
    return world


_SOMEBODY_COMES_WITHIN = 1800.0
_JUST_CAME = 12.0


def _departures(world: World, happened: list[Happening]) -> World:
    for parked in world.parked:
        if parked.leaves_at > world.now:
            break
        car = parked.car
        against = _against(world, car, Direction.EXIT) if car.at_exit is Habit.WRONG_WAY else None
        lane, far = _lane_out(world, parked)
        if against is None and not lane.has_room(world.manners, distance(car.at_exit), far):
            continue
        if against is None and _waits_for_a_leader(world, parked, lane):
            continue
        world = replace(world, parked=tuple(other for other in world.parked if other is not parked))
        if against is not None:
            world = _lurk(world, against, car)
        else:
            world = _drive_up(world, lane, far, car, Direction.EXIT, happened)
    return world


def _lane_out(world: World, parked: Parked) -> tuple[Lane, bool]:
    if parked.car.at_exit in FOLLOWERS:
        for lane in world.lanes:
            if lane.is_exit and _just_came(world, lane):
                return lane, False
    return _take_lane(world, parked.car, Direction.EXIT)


def _just_came(world: World, lane: Lane) -> bool:
    last = lane.cars[-1] if lane.cars else None
    return last is not None and not last.far and last.front <= world.manners.comes_from + _JUST_CAME


def _waits_for_a_leader(world: World, parked: Parked, lane: Lane) -> bool:
    """Who wants to follow another car out waits for one, but not for ever."""
    if parked.car.at_exit not in FOLLOWERS or world.now - parked.leaves_at > _SOMEBODY_COMES_WITHIN:
        return False
    return not _just_came(world, lane)


def _advance(world: World, lane: Lane, seconds: float, happened: list[Happening]) -> World:
    lane = mend(lane, world.now, happened)
    after, gone = advance(lane, seconds, world.now, world.manners)
    before = {driving.car.number: driving for driving in lane.cars} if lane.cars else {}
    for driving in (*after.cars, *gone):
        was = before.get(driving.car.number)
        world, after = _told(
            world, after, was or replace(driving, front=world.manners.comes_from, how=None), driving, happened
        )
    if after.arm.angle < lane.arm.angle and not after.arm.broken:
        for driving in after.cars:
            if driving.under_the_arm:
                happened.append(Happening(What.CRUSHED, world.now, lane.name, driving.car))
    world = _with_lane(world, after)
    for driving in gone:
        world = _gone(world, after, driving, happened)
    return _tired_of_lurking(world, lane.name) if after.lurking else world


def _told(world: World, lane: Lane, before: Driving, after: Driving, happened: list[Happening]) -> tuple[World, Lane]:
    car, name = after.car, lane.name
    if after.on_arming_loop and not before.on_arming_loop and not after.reversing and before.how is None:
        happened.append(Happening(What.AT_LOOP, world.now, name, car, far=after.far))
        lane = meet(lane, car, lane.direction_of(after), world.now, world.manners, happened)
    if after.how is not None and before.how is None:
        happened.append(Happening(What.UNDER_ARM, world.now, name, car, how=after.how, far=after.far))
        if lane.arm.broken and after.how is How.FORCED:
            lane = meet(lane, car, None, world.now, world.manners, happened)
    if after.passed and not before.passed:
        enters = lane.direction_of(after) is Direction.ENTRY
        what = What.ENTERED if enters else What.LEFT
        behind = any(other.car is not car and other.on_arming_loop for other in lane.cars if other.far is after.far)
        passed = Happening(What.PASSED, world.now, name, car, on_loop=behind, how=after.how, far=after.far)
        happened.append(passed)
        happened.append(Happening(what, world.now, name, car, how=after.how, far=after.far))
        return replace(world, left=world.left + (not enters), entered=world.entered + enters), lane
    return world, lane


def _gone(world: World, lane: Lane, driving: Driving, happened: list[Happening]) -> World:
    outwards = lane.direction_of(driving) is Direction.EXIT
    if driving.reversing:
        what = What.GAVE_UP if driving.gave_up else What.BACKED_OUT
        happened.append(
            Happening(what, world.now, lane.name, driving.car, waited=driving.waited, how=driving.how, far=driving.far)
        )
        if outwards:
            again = replace(driving.car, at_exit=Habit.ORDERLY, meets_at_exit=None)
            return _park(world, Parked(world.now + world.manners.tries_again_after, again))
        return replace(world, turned_away=(*world.turned_away, driving.car))
    return world if outwards else _park(world, Parked(world.now + driving.car.stay, driving.car))


def _park(world: World, parked: Parked) -> World:
    there = list(world.parked)
    insort(there, parked)
    return replace(world, parked=tuple(there))


def _tired_of_lurking(world: World, name: LaneName) -> World:
    """Who found no chance to slip through takes the right lane after all."""
    lane = world.lane(name)
    tired = [lurking for lurking in lane.lurking if world.now - lurking.since >= world.manners.lurks_for]
    if not tired:
        return world
    world = _with_lane(world, replace(lane, lurking=tuple(one for one in lane.lurking if one not in tired)))
    for lurking in tired:
        if lane.is_exit:
            world = replace(world, street=(*world.street, replace(lurking.car, at_entry=Habit.ORDERLY)))
        else:
            world = _park(world, Parked(world.now, replace(lurking.car, at_exit=Habit.ORDERLY)))
    return world
