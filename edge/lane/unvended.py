"""A vehicle on the closing loop that nothing was vended for: tailgate, wrong way, forced, or under an arm kept up."""

from __future__ import annotations

from functools import partial

from drivers.contract import Position
from edge.lane.actions import Action, Clear, Count, Raise, Watch
from edge.lane.approach import passed_by, to_idle
from edge.lane.changed import replace
from edge.lane.faults import FORCED_PASSAGE, TAILGATE, WRONG_WAY
from edge.lane.lane import Lane, Side, Step, Unvended, gone_through, opposite, sensed
from edge.lane.signals import FarPresence, Phase, Presence, UnderArm
from models.instants import SECOND
from models.lanes import HoldCause, PassageKind

_KEPT_UP = (PassageKind.HELD, PassageKind.FIRE)


def under_arm(lane: Lane, signal: UnderArm) -> Step:
    """The closing loop changes while nothing is vended."""
    here = sensed(lane, signal)
    if signal.occupied:
        return _comes(here) if here.unvended is None else Step(here)
    if lane.unvended is None:
        return Step(here)
    if signal.occupied is None:
        return Step(_lost_sight_of(here, lane.unvended), (Clear(lane.unvended.fault.code),))
    return _goes(here, lane.unvended)


def _lost_sight_of(lane: Lane, passing: Unvended) -> Lane:
    """Nobody will see where it goes. If it is the one that the desk is asked about, and has left, whoever stands there
    now is another: the answer isn't for that one."""
    lane = replace(lane, unvended=None)
    if passing.asked and passing.left and lane.phase is Phase.DECIDING:
        return replace(lane, asked=None, read=None, order=None)
    return lane


def presence(lane: Lane, signal: Presence | FarPresence) -> Lane:
    """The lane, with what the arming loops are about to tell of the vehicle that is under the arm."""
    passing = lane.unvended
    if passing is None:
        return lane
    side = lane.side if isinstance(signal, Presence) else lane.side.other
    if side is passing.came_from and signal.present is False:
        return replace(lane, unvended=replace(passing, left=True))
    if side is passing.came_from.other and signal.present:
        return replace(lane, unvended=replace(passing, reached_other=True), outgoing=side)
    return lane


def _comes(lane: Lane) -> Step:
    left = _left_lately(lane)
    if lane.present is None and left is None and lane.hold is None and lane.fitted.arming_loop:
        # Nobody saw where it came from: it is neither a passage nor none. A restart has left its ticket unresolved.
        return Step(lane)
    came_from = left or (lane.side if lane.present else lane.side.other)
    lane, own = replace(lane, just_left=None), came_from is lane.side
    asked = own and lane.phase is Phase.DECIDING and lane.asked is not None and not lane.answer_passed
    waited = own and lane.present is True
    plate = lane.plate if own and (left is None or asked) else None
    comes = partial(Unvended, came_from=came_from, waited=waited, plate=plate, left=left is not None, asked=asked)
    if lane.hold is not None:
        kind = PassageKind.FIRE if lane.hold is HoldCause.FIRE else PassageKind.HELD
        return Step(replace(lane, unvended=comes(kind, WRONG_WAY)))
    if not own and not lane.fitted.two_way:
        kind, fault = PassageKind.WRONG_WAY, WRONG_WAY
    elif lane.fitted.reads_back and lane.arm is Position.CLOSED:
        kind, fault = PassageKind.FORCED, FORCED_PASSAGE
    else:
        kind, fault = PassageKind.TAILGATE, TAILGATE
    return Step(replace(lane, unvended=comes(kind, fault)), (Raise(fault.code, f"arm {lane.arm}"),))


def _left_lately(lane: Lane) -> Side | None:
    """The side of a vehicle that went off the arming loop so lately that it is the one under the arm now."""
    side, closing = lane.just_left, lane.closing_watch
    watch = lane.near_watch if side is Side.NEAR else lane.far_watch
    if watch is None or closing is None or not watch.changes or not closing.changes:
        return side
    late = closing.changes[-1] - watch.changes[-1] > lane.timing.back_out_after * SECOND
    return None if watch.level is False and late else side


def _goes(lane: Lane, passing: Unvended) -> Step:
    """Off the closing loop: through, or back where it came from?"""
    went_through = _went_through(lane, passing) and not lane.was_no_vehicle
    lane = replace(lane, unvended=None)
    if went_through:
        lane = gone_through(lane, passing.came_from.other)
    actions: tuple[Action, ...] = (Clear(passing.fault.code),)
    if went_through and passing.asked and lane.phase is Phase.DECIDING and lane.asked is not None:
        if passing.kind in _KEPT_UP:
            # The desk's answer tells whether that was a stay.
            return Step(replace(lane, answer_passed=True), actions)
        # It didn't wait for the answer, and that is taken back.
        lane = replace(lane, asked=None, read=None, order=None)
    if not went_through and passing.asked and lane.lost_sight and lane.hold is None and lane.order is None:
        # It may have gone either way, and somebody else may stand there now: nobody is let in on its answer.
        lane = replace(lane, asked=None, read=None)
    # Somebody else is being decided about, or has a vend.
    waits = lane.phase in (Phase.DECIDING, Phase.VENDED)
    if went_through:
        same_way = passing.came_from is lane.side
        direction = lane.direction if same_way else opposite(lane.direction)
        plate = (passing.plate or (None if waits else lane.plate)) if same_way else None
        actions = (*actions, Count(passing.kind, direction, plate, lane.hold_order if lane.hold else None))
    if waits:
        return Step(lane, actions)
    if lane.phase is Phase.IDLE or (went_through and passing.came_from is lane.side):
        done = (*actions, Watch(on=False, far=lane.side is Side.FAR))
        drove_on = passing.came_from is lane.side and passing.waited
        return passed_by(lane, passing.left, *done) if drove_on else to_idle(lane, *done)
    return Step(lane, actions)


def given_up(lane: Lane) -> Step:
    """The closing loop is stuck: nobody will see where that vehicle goes, and the next one is served."""
    passing = lane.unvended
    assert passing is not None, "only asked while there is one"
    free = _lost_sight_of(lane, passing)
    ended = Clear(passing.fault.code)
    return to_idle(free, ended) if free.phase is Phase.IDLE else Step(free, (ended,))


def _went_through(lane: Lane, passing: Unvended) -> bool:
    if passing.came_from is lane.side:
        # Where the arming loop was occupied all the time, it stands there still; a stuck one doesn't tell.
        return passing.left or not passing.waited or lane.present is False or lane.presence_is_stuck
    return passing.reached_other
