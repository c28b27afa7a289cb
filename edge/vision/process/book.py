"""What the daemon has heard of each lane's vehicles: their numbers go on rising while vision processes come and go."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from edge.vision.events import (
    CameraCleared,
    CameraFault,
    PlateDecided,
    PlateGuessed,
    PlateRead,
    VehicleGone,
    VehicleInView,
    VehiclePictured,
    VisionEvent,
)
from edge.vision.faults import CRASHED, INTERRUPTED
from edge.vision.process.protocol import KnownOrder, LaterOrder, Surroundings, SurroundingsOrder, WatchOrder
from models.ids import LaneName
from models.instants import SECOND, Monotonic
from models.plates import Plate

MAY_BE_SEEN = 60 * SECOND
"""For so long after it has passed, a vehicle is one that a new process may still see drive away"""


@dataclass(frozen=True)
class _LaneState:
    loop_gated: bool
    base: int = 0
    vehicle: int = 0
    present: bool = False
    decided: bool = False
    guessed: Plate | None = None
    last: PlateRead | None = None
    """What was read of that vehicle"""
    passed_at: Monotonic | None = None
    """When the lane was done with it, which may still be seen"""
    waited: bool = False
    """It was in view when the process before this one was lost"""


class Book:
    """Of all lanes. `heard` is told of everything, under the numbers that count for the daemon."""

    def __init__(self, loop_gated: Mapping[LaneName, bool], heard: Callable[[VisionEvent], None]) -> None:
        self._lanes = {lane: _LaneState(loop_gated=gated) for lane, gated in loop_gated.items()}
        self._heard = heard
        self._faults: set[tuple[LaneName, str]] = set()
        self._of_the_last: set[tuple[LaneName, str]] = set()
        """Faults of which the process that reads now hasn't spoken yet"""
        self._blind: set[LaneName] = set()
        self._interrupted: set[LaneName] = set()
        self._surroundings: dict[LaneName, Surroundings] = {}

    def watched(self, lane: LaneName, present: bool) -> int | None:
        """A vehicle is on the arming loop, or off it: its number, for the vision process."""
        state = self._lanes[lane]
        if not present:
            self._lanes[lane] = replace(state, present=False)
            if state.present:
                self._heard(VehicleGone(lane, state.vehicle))
            return None
        self._lanes[lane] = _LaneState(state.loop_gated, state.base, state.vehicle + 1, present=True)
        return state.vehicle + 1

    def let_go(self, lane: LaneName, vehicle: int, at: Monotonic) -> int | None:
        """A lane without an arming loop is done with this vehicle: which one that is for the vision process, if it may
        still see it. Said again of one that has gone, it is nothing."""
        state = self._lanes.get(lane)
        if state is None or vehicle != state.vehicle or state.passed_at is not None:
            return None
        self._lanes[lane] = replace(state, present=False, passed_at=at)
        if state.present:
            self._heard(VehicleGone(lane, vehicle))
        return vehicle - state.base if vehicle > state.base else None

    def begins(self, at: Monotonic) -> Iterable[LaterOrder]:
        """A process begins to look: what it has to be told of the vehicles that are there."""
        for lane in sorted(self._blind):
            self._heard(CameraCleared(lane, CRASHED.code))
        self._blind.clear()
        around = [SurroundingsOrder(lane=each.lane, standing=each.standing) for each in self._surroundings.values()]
        return [*around, *(order for lane, state in self._lanes.items() for order in _orders(lane, state, at))]

    def stands_around(self, said: Surroundings) -> None:
        """The process has looked at an empty loop: the next one needn't take a parked car for the vehicle on it."""
        self._surroundings[said.lane] = said

    def lost(self, why: str, *, replaced: bool) -> None:
        """Without the process nobody is in view, no camera's fault is known, and every lane is blind; but where another
        process reads at once (`replaced`), no driver before a loop is sent to the button for a blink of an eye."""
        self._of_the_last |= self._faults
        self._faults.clear()
        if not replaced:
            self._forget(self._of_the_last)
        for lane, state in self._lanes.items():
            if not state.loop_gated:
                # Not gone: nobody knows. The fault tells the lane that it is blind.
                waited = state.waited or state.present
                self._lanes[lane] = replace(state, base=state.vehicle, present=False, waited=waited)
            if replaced and state.loop_gated:
                self._interrupted.add(lane)
                self._heard(CameraFault(lane, INTERRUPTED.code, why))
            else:
                self._blind.add(lane)
                self._heard(CameraFault(lane, CRASHED.code, why))

    def pictures_come(self, lane: LaneName) -> None:
        """This lane's camera works: what was wrong before another process began, and wasn't said again, is over."""
        self._forget({each for each in self._of_the_last if each[0] == lane})
        self._lanes[lane] = replace(self._lanes[lane], waited=False)

    def _forget(self, faults: set[tuple[LaneName, str]]) -> None:
        for lane, code in sorted(faults):
            self._heard(CameraCleared(lane, code))
        self._of_the_last -= faults

    def has_been_well(self) -> None:
        """Nothing was lost for a while."""
        for lane in sorted(self._interrupted):
            self._heard(CameraCleared(lane, INTERRUPTED.code))
        self._interrupted.clear()

    def take(self, said: VisionEvent) -> None:
        """What the process says."""
        match said:
            case VehicleInView(lane, number):
                self._in_view(lane, number)
            case PlateDecided(lane, number, _):
                self._decided(said, lane, number)
            case PlateGuessed(lane, number, _):
                self._guessed(said, lane, number)
            case VehicleGone(lane, number):
                self._gone(lane, number)
            case VehiclePictured(lane, number, _):
                if self._is_there(lane, number):
                    self._heard(replace(said, vehicle=self._lanes[lane].vehicle))
            case CameraFault(lane, code, _):
                self._faults.add((lane, code))
                self._of_the_last.discard((lane, code))
                self._heard(said)
            case CameraCleared(lane, code):
                self._faults.discard((lane, code))
                self._of_the_last.discard((lane, code))
                self._heard(said)

    def _in_view(self, lane: LaneName, number: int) -> None:
        state = self._lanes[lane]
        vehicle = state.base + number
        self._lanes[lane] = _LaneState(state.loop_gated, state.base, vehicle, present=True)
        self._heard(VehicleInView(lane, vehicle))

    def _decided(self, said: PlateDecided, lane: LaneName, number: int) -> None:
        state = self._lanes[lane]
        if not _is_open(state, number):
            return  # A vote that was on its way when the vehicle had left the loop already.
        self._lanes[lane] = replace(state, decided=True, last=said.read)
        self._heard(replace(said, vehicle=state.vehicle))

    def _guessed(self, said: PlateGuessed, lane: LaneName, number: int) -> None:
        state = self._lanes[lane]
        if not _is_open(state, number) or said.read.plate == state.guessed:
            return  # A new process begins the vote anew, but the driver has been asked.
        self._lanes[lane] = replace(state, guessed=said.read.plate, last=said.read)
        self._heard(replace(said, vehicle=state.vehicle))

    def _is_there(self, lane: LaneName, number: int) -> bool:
        state = self._lanes[lane]
        return state.present and state.vehicle == (number if state.loop_gated else state.base + number)

    def _gone(self, lane: LaneName, number: int) -> None:
        state = self._lanes[lane]
        if state.passed_at is not None:
            return  # It was told already.
        self._lanes[lane] = replace(state, present=False)
        self._heard(VehicleGone(lane, state.base + number))


def _orders(lane: LaneName, state: _LaneState, at: Monotonic) -> Iterable[LaterOrder]:
    if state.loop_gated:
        if state.present:
            yield WatchOrder(lane=lane, vehicle=state.vehicle)
        if state.present and state.decided and state.last is not None:
            yield KnownOrder(lane=lane, plate=state.last.plate, box=state.last.box)
        return
    passed = state.passed_at is not None and at - state.passed_at < MAY_BE_SEEN
    if state.last is not None and (passed or (state.waited and state.passed_at is None)):
        yield KnownOrder(lane=lane, plate=state.last.plate, box=state.last.box, passed=passed)


def _is_open(state: _LaneState, number: int) -> bool:
    """Whether the child's vehicle of that number is still there and without a plate."""
    vehicle = number if state.loop_gated else state.base + number
    return state.present and not state.decided and vehicle == state.vehicle
