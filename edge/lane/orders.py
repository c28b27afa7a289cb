"""What people and the fire contact tell a lane: open, close, keep open, whom to let in, and fire over everything."""

from __future__ import annotations

from edge.lane.actions import Action, Clear, Hold, Lower, RecordHold, RecordOrder, Release, Show, ToBarrier, Watch
from edge.lane.approach import BY_HAND_WITHIN, ask, begin, counted_held, idle_line, to_idle
from edge.lane.changed import replace
from edge.lane.deciding import vend
from edge.lane.faults import ENDED_BY_A_PERSON
from edge.lane.lane import Lane, Side, Step, refused, with_timer
from edge.lane.signals import Fire, HoldFailed, Order, Ordered, Phase, Vend
from models.lanes import HoldCause, LaneState, OrderKind
from models.phrases.phrase import Phrase
from models.refusals import Refusal

_PASSAGE = (Phase.VENDED, Phase.PASSING, Phase.UNSURE)


def ordered(lane: Lane, signal: Ordered) -> Step:
    """A person's order: obeyed and recorded, or refused with one line that says why, and recorded."""
    order = signal.order
    match order.kind:
        case OrderKind.OPEN:
            return _open(lane, order)
        case OrderKind.CLOSE:
            return _close(lane, order)
        case OrderKind.KEEP_OPEN:
            return _keep_open(lane, order)
        case OrderKind.RELEASE:
            return _release(lane, order)
        case OrderKind.SET_STATE:
            return _set_state(lane, order)
        case OrderKind.RESET_FIRE:
            return _reset_fire(lane, order)
        case OrderKind.RESET_FAULTS:
            return _obeyed(lane, order, *(Clear(fault.code) for fault in ENDED_BY_A_PERSON))


def _obeyed(lane: Lane, order: Order, *actions: Action) -> Step:
    return Step(lane, (RecordOrder(order), *actions))


def _not_obeyed(lane: Lane, order: Order, why: str) -> Step:
    return Step(lane, (RecordOrder(order, why),))


# --- open and close ---


def _open(lane: Lane, order: Order) -> Step:
    if lane.hold is not None:
        # It should be up already; it is told so again, in case it isn't.
        return _obeyed(lane, order, *raised_and_held(lane))
    if lane.phase in _PASSAGE:
        return _obeyed(lane, order, Vend(lane.ticket, order.id))
    if lane.phase is Phase.DECIDING and lane.asked is not None and not lane.answer_passed:
        # The desk is at it; its answer is a vend now, whatever it is, and so is no answer.
        return with_timer(replace(lane, order=order), BY_HAND_WITHIN, RecordOrder(order))
    before: tuple[Action, ...] = ()
    if lane.answer_passed:
        # Who was asked about is through; the order is for who stands there now.
        through = to_idle(lane, counted_held(lane), Watch(on=False, far=lane.side is Side.FAR))
        lane, before = through.lane, through.actions
    by_hand = replace(lane, order=order, refusal=None)
    shown = lane.asked.credential if lane.asked is not None else lane.read
    if shown is not None and lane.present:
        # What can be put on record of this vehicle is; it is let through whatever comes of that.
        asked = ask(by_hand, shown)
    else:
        asked = vend(replace(by_hand, ticket=None), greeting=Phrase.DRIVE_ON)
    return Step(asked.lane, (RecordOrder(order), *before, *asked.actions))


def _close(lane: Lane, order: Order) -> Step:
    if lane.hold is not None:
        return _not_obeyed(lane, order, "the arm is kept up: end that first")
    if not lane.fitted.can_lower:
        return _not_obeyed(lane, order, "this barrier can't be told to close; it does so by itself")
    if not may_come_down(lane):
        return _not_obeyed(lane, order, "something is, or may be, under the arm")
    if lane.phase in _PASSAGE:
        return _not_obeyed(lane, order, "a vehicle is being let through")
    return _obeyed(lane, order, Lower())


def still_meant(lane: Lane, told: ToBarrier) -> bool:
    """Whether the lane still means what it is about to tell its barrier, now that the order for it is on record."""
    match told:
        case Lower():
            return may_come_down(lane) and lane.hold is None
        case Release():
            return lane.hold is None
        case Hold() | Vend(order="hold"):
            return lane.hold is not None
        case Vend():
            return True


def may_come_down(lane: Lane) -> bool:
    """Whether nothing is under the arm for certain. Without a closing loop nobody knows."""
    return lane.fitted.closing_loop and lane.under_arm is False


# --- held up ---


def _keep_open(lane: Lane, order: Order) -> Step:
    if lane.hold is HoldCause.FIRE:
        kept = replace(lane, kept_open_before=True, hold_order=order)
        return _obeyed(kept, order, *raised_and_held(kept))
    if lane.hold is HoldCause.KEEP_OPEN:
        return _obeyed(lane, order, *raised_and_held(lane))
    held = replace(lane, hold=HoldCause.KEEP_OPEN, hold_order=order, releasing=False)
    return _obeyed(held, order, RecordHold(HoldCause.KEEP_OPEN, order), *raised_and_held(held))


def _release(lane: Lane, order: Order) -> Step:
    if lane.hold is HoldCause.FIRE:
        if lane.kept_open_before:
            return _obeyed(replace(lane, kept_open_before=False), order)
        return _not_obeyed(lane, order, "the arm is up for a fire: that needs reset-fire")
    if lane.hold is None:
        return _not_obeyed(lane, order, "the arm isn't kept up")
    return _end_of_hold(lane, order)


def _end_of_hold(lane: Lane, order: Order) -> Step:
    # The arm watch tells the barrier, once nothing is under the arm.
    free = replace(lane, hold=None, hold_order=None, kept_open_before=False, releasing=lane.fitted.can_hold)
    if free.phase is Phase.DECIDING and not _still_there(free):
        # It drove on towards the arm that was kept up: nobody is waiting for that answer.
        free = replace(free, asked=None, read=None, order=None)
    looked = _look_again(free)
    return Step(looked.lane, (RecordOrder(order), RecordHold(None, order), Show(idle_line(free)), *looked.actions))


def _still_there(lane: Lane) -> bool:
    """Whether the vehicle that the desk is asked about is known to be where it was, or under the arm, or through."""
    under_way = lane.unvended is not None and lane.unvended.asked
    waits = lane.present is True and lane.just_left is None
    return waits or under_way or lane.answer_passed


def may_release(lane: Lane) -> bool:
    """Whether the barrier may be told that a hold has ended: its own controller brings the arm down then."""
    return lane.phase not in _PASSAGE and is_vacant(lane)


def is_vacant(lane: Lane) -> bool:
    """Whether nothing is under the arm. Without a closing loop: nobody stands before it on either side, for certain."""
    if lane.fitted.closing_loop:
        return lane.under_arm is False
    return lane.near is False and (lane.far is False or not lane.fitted.two_way)


def hold_failed(lane: Lane, signal: HoldFailed) -> Step:
    """What didn't get out, a hold or its end, is told again by the arm watch."""
    if lane.hold is None:
        return Step(replace(lane, releasing=lane.fitted.can_hold))
    return Step(replace(lane, arm_watch=replace(lane.arm_watch, hold_failed=True)))


def raised_and_held(lane: Lane) -> tuple[Action, ...]:
    return (Hold(),) if lane.fitted.can_hold else (Vend(None, "hold"),)


def _look_again(lane: Lane) -> Step:
    """Whoever stands there is served as usual from now on."""
    if lane.phase is Phase.IDLE and lane.present and lane.outgoing is not lane.side and lane.unvended is None:
        return begin(lane)
    return Step(lane)


# --- fire ---


def fire(lane: Lane, signal: Fire) -> Step:
    """Every arm goes up, over any fault and any order. It stays up until a person resets it."""
    heard = replace(lane, fire=signal.active)
    if not signal.active or lane.hold is HoldCause.FIRE:
        return Step(heard)
    held = replace(heard, hold=HoldCause.FIRE, kept_open_before=lane.hold is HoldCause.KEEP_OPEN, releasing=False)
    up = (RecordHold(HoldCause.FIRE), *raised_and_held(held))
    if held.phase in _PASSAGE:
        return Step(held, up)
    # Nothing is asked of anybody any more; an answer that is still on its way is taken back.
    through = (counted_held(lane),) if lane.answer_passed else ()
    stopped = to_idle(held, *through, Watch(on=False, far=held.side is Side.FAR))
    return Step(stopped.lane, (*up, *stopped.actions))


def _reset_fire(lane: Lane, order: Order) -> Step:
    if lane.hold is not HoldCause.FIRE:
        return _not_obeyed(lane, order, "the arm isn't up for a fire")
    if lane.fitted.fire_input and lane.fire is not False:
        said = "still says fire" if lane.fire else "can't be read"
        return _not_obeyed(lane, order, f"the fire contact {said}")
    if lane.kept_open_before:
        kept = replace(lane, hold=HoldCause.KEEP_OPEN, kept_open_before=False)
        return _obeyed(kept, order, RecordHold(HoldCause.KEEP_OPEN, order), Show(idle_line(kept)))
    return _end_of_hold(lane, order)


# --- whom the lane lets in ---


def _set_state(lane: Lane, order: Order) -> Step:
    state = order.state
    if state is None:
        return _not_obeyed(lane, order, "which state? open, full, closed_to_transients or closed")
    if lane.is_exit and not lane.fitted.two_way and state in (LaneState.FULL, LaneState.CLOSED_TO_TRANSIENTS):
        return _not_obeyed(lane, order, "an exit is open or closed")
    changed = replace(lane, state=state)
    looked = _under_the_new_state(changed)
    shown = (Show(idle_line(changed)),) if changed.phase is Phase.IDLE else ()
    return Step(looked.lane, (RecordOrder(order), *shown, *looked.actions))


def _under_the_new_state(lane: Lane) -> Step:
    if lane.phase not in (Phase.READING, Phase.REFUSED) or lane.hold is not None:
        return Step(lane)
    if lane.state is LaneState.CLOSED:
        closed = replace(lane, phase=Phase.REFUSED, guess=None, unreadable=False, timer=lane.timer + 1)
        told = refused(closed, Refusal.LANE_CLOSED)
        return Step(told.lane, (Watch(on=False, far=lane.side is Side.FAR), *told.actions))
    if lane.refusal not in (Refusal.LANE_CLOSED, Refusal.CLOSED_TO_TRANSIENTS):
        return Step(lane)
    # What it was told then holds no longer: what is read of it counts again.
    return begin(replace(lane, refusal=None))
