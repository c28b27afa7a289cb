"""How drivers take a lane: they come, stop, wait, drive on, follow too closely, roll back, turn back. Pure."""

from __future__ import annotations

import math
from dataclasses import replace

from simulator.arm import DOWN, broken_off, moved
from simulator.cars import Habit
from simulator.lanes import (
    ARMING_LOOP,
    CLOSING_LOOP,
    CROWDING,
    HEADWAY,
    OUT_OF_THE_LANE,
    ROOM_TO_REVERSE,
    STOP_LINE,
    TAILGATING,
    TURNED_BACK,
    Driving,
    How,
    Lane,
    Manners,
    detected,
)

HESITATES_AT = -0.8
ROLLS_BACK_AT = 0.6
STOPS_AT = 1.0
LURKS_AT = -0.45
"""A hand's breadth off the closing loop, on the wrong side."""
_SLIPS_THROUGH_ABOVE = 0.3
"""An arm that has come down further than this deters a driver on the wrong side."""
_STOPS = {
    Habit.HESITATES: HESITATES_AT,
    Habit.STOPS_UNDER_ARM: STOPS_AT,
    Habit.ROLLS_BACK: ROLLS_BACK_AT,
    Habit.COMES_AGAIN: ROLLS_BACK_AT,
}
_DISTANCES = {Habit.TAILGATES: TAILGATING, Habit.CROWDS: CROWDING}
_UNVENDED = (Habit.TAILGATES, Habit.BREAKS_THROUGH)
_REVERSING_SPEED = 1.2
_ROOM_TO_ROLL_BACK = 8.0


def distance(habit: Habit, ahead: Habit = Habit.ORDERLY, *, held: bool = False) -> float:
    """What a driver keeps to the car in front.

    Nobody crowds one that goes without a vend, or under an arm that is kept up: what passed there, no loop could tell.
    """
    no_crowding = habit is Habit.CROWDS and (held or ahead in _UNVENDED)
    return TAILGATING if no_crowding else _DISTANCES.get(habit, HEADWAY)


def advance(lane: Lane, seconds: float, now: float, manners: Manners) -> tuple[Lane, tuple[Driving, ...]]:
    """The lane some seconds later, and the cars that are no longer in it."""
    arm = moved(lane.arm, seconds, detected(lane, now), lane.troubles)
    if not lane.cars and not lane.lurking:
        return (lane if arm is lane.arm else replace(lane, arm=arm)), ()
    lane = _slips_in(replace(lane, arm=arm))
    cars: list[Driving] = []
    for car in lane.cars:
        ahead = cars[-1] if cars else None
        driven = _back(car, seconds, manners) if car.reversing else _forward(car, ahead, lane, seconds, manners)
        cars.append(_noted_under_arm(driven, lane))
    if any(car.habit is Habit.BREAKS_THROUGH and car.how is How.FORCED for car in cars) and not arm.lets_pass:
        arm = broken_off(arm)
    cars = _minds_changed(cars, lane, manners)
    gone = tuple(car for car in cars if _is_gone(car))
    return replace(lane, arm=arm, cars=tuple(car for car in cars if car not in gone) if gone else tuple(cars)), gone


def _is_gone(car: Driving) -> bool:
    return car.rear >= OUT_OF_THE_LANE or (car.reversing and car.front <= TURNED_BACK)


def _slips_in(lane: Lane) -> Lane:
    """A driver on the wrong side takes the chance: somebody has just passed, and the arm is still up."""
    chance = lane.arm.clear_for is not None and lane.arm.angle > _SLIPS_THROUGH_ABOVE
    if not lane.lurking or lane.cars or not chance:
        return lane
    first, *others = lane.lurking
    return replace(
        lane, lurking=tuple(others), cars=(Driving(first.car, LURKS_AT, Habit.WRONG_WAY, far=True, speed=1.0),)
    )


def _back(car: Driving, seconds: float, manners: Manners) -> Driving:
    speed = min(car.speed + manners.acceleration * seconds, _REVERSING_SPEED)
    after = replace(car, front=car.front - speed * seconds, speed=speed)
    if car.habit is Habit.COMES_AGAIN and after.front <= STOP_LINE:
        # From here on like everybody: it waits for the arm and drives through.
        return replace(after, front=STOP_LINE, speed=0.0, reversing=False, habit=Habit.ORDERLY, how=None)
    return after


def _forward(car: Driving, ahead: Driving | None, lane: Lane, seconds: float, manners: Manners) -> Driving:
    gap = math.inf if ahead is None else ahead.rear - distance(car.habit, ahead.habit, held=lane.arm.held)
    may_go = car.front > STOP_LINE or _has_leave(car, ahead, lane)
    stop = _own_stop(car) if may_go else STOP_LINE
    limit = min(gap, stop)
    way = max(0.0, limit - car.front)
    # Who follows closely counts on the car before to go on.
    counts_on = ahead is not None and car.habit in _DISTANCES and gap < stop and not ahead.reversing
    theirs = ahead.speed if ahead is not None and counts_on else 0.0
    safe = math.sqrt(theirs**2 + 2 * manners.braking * way)
    wanted = min(car.speed + manners.acceleration * seconds, manners.cruise, safe)
    # The last centimetres: braking along a square root never quite arrives.
    front = max(limit, car.front) if way < 0.02 else car.front + min(wanted * seconds, way)
    waits = seconds if front == STOP_LINE and not may_go else 0.0
    after = car.moved(front, wanted if front < limit else 0.0, waits)
    if front == stop and not waits:
        return _does_what_it_stopped_for(replace(after, paused=car.paused + seconds))
    return after


def _has_leave(car: Driving, ahead: Driving | None, lane: Lane) -> bool:
    """Whether this driver, at the stop line, drives on."""
    match car.habit:
        case Habit.BACKS_OUT:
            return False
        case Habit.BREAKS_THROUGH:
            return car.waited >= car.car.pause
        case Habit.TAILGATES if ahead is not None and ahead.how is not None and not ahead.reversing:
            return lane.arm.lets_pass
        case _:
            return (car.cleared or lane.arm.held) and lane.arm.lets_pass


def _own_stop(car: Driving) -> float:
    """Where it stops of its own will, if it hasn't done so yet. Who will roll back keeps its tail on the arming loop:
    otherwise it couldn't be told from one that drives up behind another."""
    stop = _STOPS.get(car.habit, math.inf)
    return min(stop, car.car.length + ARMING_LOOP[1] - 0.4) if stop == ROLLS_BACK_AT else stop


def _does_what_it_stopped_for(car: Driving) -> Driving:
    if car.paused < car.car.pause:
        return car
    if car.habit in (Habit.ROLLS_BACK, Habit.COMES_AGAIN):
        return replace(car, reversing=True, speed=0.0)
    return replace(car, habit=Habit.ORDERLY)


def _noted_under_arm(car: Driving, lane: Lane) -> Driving:
    """On whose leave it is there, settled as it reaches the closing loop."""
    if car.how is not None or not car.over(CLOSING_LOOP):
        return car
    if car.habit is Habit.WRONG_WAY and car.far:
        how = How.WRONG_WAY
    elif car.cleared:
        how = How.VEND
    elif lane.arm.held:
        how = How.HELD
    elif lane.arm.lets_pass or lane.arm.angle > DOWN:
        how = How.TAILGATE
    else:
        how = How.FORCED
    return replace(car, how=how)


def _minds_changed(cars: list[Driving], lane: Lane, manners: Manners) -> list[Driving]:
    """Who turns back now. A car can't while another stands close behind it; then that one turns back first."""
    changed: list[Driving] = []
    wanted = False
    for place, car in enumerate(cars):
        behind = cars[place + 1] if place + 1 < len(cars) else None
        if car.reversing and car.front > 0 and behind is not None and behind.front > car.rear - _ROOM_TO_ROLL_BACK:
            car = replace(car, reversing=False, habit=Habit.ORDERLY)
        if car.reversing or car.passed:
            changed.append(car)
            continue
        if wanted and car.front < STOP_LINE:
            car = replace(car, pushed_back=True)
        why = _reason_to_turn_back(car, lane, manners)
        blocked = behind is not None and behind.front > car.rear - ROOM_TO_REVERSE
        wanted = why is not None and blocked
        if why is None or blocked:
            changed.append(car)
        else:
            changed.append(replace(car, reversing=True, speed=0.0, gave_up=why == "patience"))
    return changed


def _reason_to_turn_back(car: Driving, lane: Lane, manners: Manners) -> str | None:
    if car.pushed_back:
        return "pushed"
    if not car.may_turn_back:
        return None
    if car.habit is Habit.BACKS_OUT and car.waited >= car.car.pause:
        return "mind"
    return "patience" if car.waited >= manners.patience else None
