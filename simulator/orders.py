"""What can be done to a lane from outside: an arm's orders, and troubles and drivers on demand. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from models.ids import LaneName
from simulator.arm import broken_off, hold, lower, mended, release, vend
from simulator.cars import Habit
from simulator.happenings import Happening, What
from simulator.lanes import Ill, Lane, detected
from simulator.troubles import Trouble


@dataclass(frozen=True, slots=True)
class Vend:
    """A command to raise a lane's arm, as the barrier received it."""

    lane: LaneName
    vend_id: str
    far: bool = False
    """For a car on the lane's far side"""


@dataclass(frozen=True, slots=True)
class Hold:
    """Raise the arm and keep it up, or (`held` false) end that."""

    lane: LaneName
    held: bool


@dataclass(frozen=True, slots=True)
class Lower:
    """Bring the arm down."""

    lane: LaneName


@dataclass(frozen=True, slots=True)
class BackOut:
    """An injected fault: the car at this lane's stop line reverses, whatever the arm does. Without one, nothing."""

    lane: LaneName


@dataclass(frozen=True, slots=True)
class Behave:
    """The last driver in the lane who hasn't come under the arm yet does this from now on, or else the next to come."""

    lane: LaneName
    habit: Habit


@dataclass(frozen=True, slots=True)
class Break:
    """Something of the lane's hardware goes wrong, until a moment or until it is mended."""

    lane: LaneName
    trouble: Trouble
    until: float | None = None


@dataclass(frozen=True, slots=True)
class Mend:
    lane: LaneName
    trouble: Trouble


Signal = Vend | Hold | Lower | BackOut | Behave | Break | Mend


def obey(lane: Lane, signal: Signal, now: float, happened: list[Happening]) -> Lane:
    """The lane after that; what happened by it is added to the list."""
    match signal:
        case Vend():
            return _vended(lane, signal, now, happened)
        case Hold(_, held):
            happened.append(Happening(What.TOLD, now, lane.name, order="hold" if held else "release"))
            return replace(lane, arm=hold(lane.arm) if held else release(lane.arm))
        case Lower():
            happened.append(Happening(What.TOLD, now, lane.name, order="lower"))
            return replace(lane, arm=lower(lane.arm, detected(lane, now)))
        case BackOut():
            head = next((car for car in lane.cars if car.may_turn_back), None)
            cars = tuple(replace(car, reversing=True, speed=0.0) if car is head else car for car in lane.cars)
            return replace(lane, cars=cars)
        case Behave(_, habit):
            return _behaves(lane, habit)
        case Break(_, trouble, until):
            return broken(lane, trouble, until, now, happened)
        case Mend(_, trouble):
            return mended_of(lane, trouble, now, happened)


def _vended(lane: Lane, signal: Vend, now: float, happened: list[Happening]) -> Lane:
    at_loop = lane.at_arming_loop(signal.far)
    car = at_loop.car if at_loop else None
    told = Happening(What.VENDED, now, lane.name, car, signal.vend_id, at_loop is not None, far=signal.far)
    arm = vend(lane.arm, signal.vend_id)
    happened.append(told if arm else replace(told, what=What.VEND_REPEATED))
    if arm is None:
        return lane
    cars = tuple(replace(car, cleared=True) if car is at_loop else car for car in lane.cars)
    return replace(lane, arm=arm, cars=cars)


def _behaves(lane: Lane, habit: Habit) -> Lane:
    chosen = next((car for car in reversed(lane.cars) if car.how is None and not car.reversing), None)
    if chosen is None:
        return replace(lane, next_habit=habit)
    return replace(lane, cars=tuple(replace(car, habit=habit) if car is chosen else car for car in lane.cars))


def broken(lane: Lane, trouble: Trouble, until: float | None, now: float, happened: list[Happening]) -> Lane:
    """The lane with that trouble; one that it has already lasts until the new moment."""
    others = tuple(ill for ill in lane.ills if ill.trouble is not trouble)
    if len(others) == len(lane.ills):
        happened.append(Happening(What.WENT_WRONG, now, lane.name, trouble=trouble))
    ill = replace(lane, ills=(*others, Ill(trouble, until)))
    return replace(ill, arm=broken_off(ill.arm)) if trouble is Trouble.ARM_BROKEN_OFF else ill


def mended_of(lane: Lane, trouble: Trouble, now: float, happened: list[Happening]) -> Lane:
    """The lane without that trouble."""
    others = tuple(ill for ill in lane.ills if ill.trouble is not trouble)
    if len(others) == len(lane.ills):
        return lane
    happened.append(Happening(What.MENDED, now, lane.name, trouble=trouble))
    arm = lane.arm
    if trouble is Trouble.ARM_BROKEN_OFF:
        arm = mended(arm)
    return replace(lane, ills=others, arm=arm)
