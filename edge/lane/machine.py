"""One lane as a pure machine: a signal comes in, the next lane and what to do about it come out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from drivers.contract import Position
from edge.lane.faults import SILENT_ARM, UNVENDED_PASSAGE
from edge.lane.signals import (
    Action,
    Allowed,
    Arm,
    Clear,
    Confirm,
    Decide,
    Phase,
    Presence,
    Raise,
    Read,
    RecordRefusal,
    Refused,
    Show,
    Signal,
    StartTimer,
    TimeUp,
    UnderArm,
    Vend,
    VendFailed,
    Watch,
    Withdraw,
)
from edge.lane.timing import LaneTiming
from models.ids import TicketId
from models.refusals import Refusal

# These are asked again with the same plate; the others want a fresh look at the vehicle.
_ASK_AGAIN = {Refusal.LOT_FULL, Refusal.PAYMENT_DECLINED, Refusal.NOT_RECORDED, Refusal.ARM_UNREACHABLE}


@dataclass(frozen=True, slots=True)
class Lane:
    """Everything that the machine knows about its lane.

    `present` and `under_arm` are None while they are unknown. `refusal` is the last one on record for the
    vehicle that is there. `blind`: the closing loop was unknown during this passage.
    """

    timing: LaneTiming
    has_closing_loop: bool
    rereads: bool
    phase: Phase = Phase.IDLE
    present: bool | None = None
    under_arm: bool | None = None
    arm: Position = Position.UNKNOWN
    read: Read | None = None
    ticket: TicketId | None = None
    refusal: Refusal | None = None
    timer: int = 0
    blind: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    lane: Lane
    actions: tuple[Action, ...] = field(default=())


def step(lane: Lane, signal: Signal) -> Step:
    """One signal, one answer: the lane as it is afterwards and what to do about it, in order.

    Pure: no clock, no I/O, no exceptions. Every pair of phase and signal stands in TRANSITIONS.
    """
    return TRANSITIONS[lane.phase, type(signal)](lane, signal)


# --- no vehicle, or one that hasn't been decided about ---


def _idle_presence(lane: Lane, signal: Presence) -> Step:
    sensed = replace(lane, present=signal.present)
    return _begin_reading(sensed) if signal.present else Step(sensed)


def _begin_reading(lane: Lane) -> Step:
    fresh = replace(lane, phase=Phase.READING, read=None, ticket=None)
    return _with_timer(fresh, lane.timing.read_within, Watch(on=True), Show("Reading your plate"))


def _reading_presence(lane: Lane, signal: Presence) -> Step:
    sensed = replace(lane, present=signal.present)
    return Step(sensed) if signal.present else _to_idle(sensed, Watch(on=False))


def _reading_read(lane: Lane, signal: Read) -> Step:
    return _ask(replace(lane, read=signal))


def _reading_time_up(lane: Lane, signal: TimeUp) -> Step:
    if signal.timer != lane.timer:
        return Step(lane)
    refused = _recorded(lane, Refusal.NOT_READ)
    again = _with_timer(refused.lane, lane.timing.read_within)
    return Step(again.lane, refused.actions + again.actions)


def _ask(lane: Lane) -> Step:
    if lane.read is None:
        return _begin_reading(lane)
    return Step(replace(lane, phase=Phase.DECIDING), (Decide(lane.read), Show("One moment")))


def _deciding_presence(lane: Lane, signal: Presence) -> Step:
    """A vehicle that leaves while the lot decides takes its read with it: the next one isn't let in on it."""
    sensed = replace(lane, present=signal.present)
    return Step(sensed if signal.present else replace(sensed, read=None))


def _deciding_allowed(lane: Lane, signal: Allowed) -> Step:
    if lane.read is None:
        return _somebody_else(lane, Withdraw(signal.ticket, vended=False))
    vended = replace(lane, phase=Phase.VENDED, ticket=signal.ticket, refusal=None, blind=False)
    return _with_timer(vended, lane.timing.rise_within, Vend(signal.ticket), Show(signal.greeting))


def _deciding_refused(lane: Lane, signal: Refused) -> Step:
    if lane.read is None:
        return _somebody_else(lane)
    recorded = _recorded(replace(lane, phase=Phase.REFUSED), signal.reason)
    waiting = _with_timer(recorded.lane, lane.timing.retry_after)
    return Step(waiting.lane, recorded.actions + waiting.actions)


def _somebody_else(lane: Lane, *actions: Action) -> Step:
    """The vehicle that was decided about is gone. No vend; whoever stands there now is looked at afresh."""
    done = (*actions, Watch(on=False))
    if not lane.present:
        return _to_idle(lane, *done)
    fresh = _begin_reading(replace(lane, refusal=None))
    return Step(fresh.lane, done + fresh.actions)


def _refused_presence(lane: Lane, signal: Presence) -> Step:
    sensed = replace(lane, present=signal.present)
    return Step(sensed) if signal.present else _to_idle(sensed, Watch(on=False))


def _refused_read(lane: Lane, signal: Read) -> Step:
    return _ask(replace(lane, read=signal))


def _refused_time_up(lane: Lane, signal: TimeUp) -> Step:
    if signal.timer != lane.timer:
        return Step(lane)
    if lane.refusal in _ASK_AGAIN or not lane.rereads:
        return _ask(lane)
    return _begin_reading(lane)


# --- the arm was told to rise ---


def _vended_presence(lane: Lane, signal: Presence) -> Step:
    sensed = replace(lane, present=signal.present)
    if signal.present is None:
        return Step(sensed)
    if signal.present:
        return _with_timer(sensed, lane.timing.rise_within)
    if not lane.has_closing_loop:
        return _passed(sensed)
    return _with_timer(sensed, lane.timing.back_out_after)


def _vended_under_arm(lane: Lane, signal: UnderArm) -> Step:
    sensed = replace(lane, under_arm=signal.occupied)
    if signal.occupied is False:
        return Step(sensed)
    return Step(replace(sensed, phase=Phase.PASSING, blind=signal.occupied is None))


def _vended_failed(lane: Lane, signal: VendFailed) -> Step:
    withdrawn = Withdraw(_ticket(lane), vended=False)
    if not lane.present:
        return _to_idle(lane, withdrawn, Watch(on=False))
    refused = _recorded(replace(lane, phase=Phase.REFUSED, ticket=None), Refusal.ARM_UNREACHABLE)
    waiting = _with_timer(refused.lane, lane.timing.retry_after)
    return Step(waiting.lane, (withdrawn, *refused.actions, *waiting.actions))


def _vended_arm(lane: Lane, signal: Arm) -> Step:
    risen = signal.position in (Position.OPEN, Position.MOVING)
    return Step(replace(lane, arm=signal.position), (Clear(SILENT_ARM.code),) if risen else ())


def _vended_time_up(lane: Lane, signal: TimeUp) -> Step:
    if signal.timer != lane.timer:
        return Step(lane)
    if lane.present is False:
        return _to_idle(lane, Withdraw(_ticket(lane), vended=True), Watch(on=False))
    if lane.present and lane.arm is Position.CLOSED:
        silent = Raise(SILENT_ARM.code, "told to rise, still closed; told again")
        return _with_timer(lane, lane.timing.rise_within, silent, Vend(_ticket(lane)))
    return _with_timer(lane, lane.timing.rise_within, Show("Please drive on"))


def _passing_under_arm(lane: Lane, signal: UnderArm) -> Step:
    sensed = replace(lane, under_arm=signal.occupied)
    if signal.occupied is not False:
        return Step(sensed)
    if lane.blind and lane.present:
        # The loop was only out of reach; the vehicle never got there.
        return _with_timer(replace(sensed, phase=Phase.VENDED, blind=False), lane.timing.rise_within)
    return _passed(sensed)


def _passed(lane: Lane) -> Step:
    confirmed = Confirm(_ticket(lane))
    return _somebody_else(lane, confirmed)


# --- what is alike in several phases ---


def _note_presence(lane: Lane, signal: Presence) -> Step:
    return Step(replace(lane, present=signal.present))


def _note_arm(lane: Lane, signal: Arm) -> Step:
    return Step(replace(lane, arm=signal.position))


def _unvended_under_arm(lane: Lane, signal: UnderArm) -> Step:
    sensed = replace(lane, under_arm=signal.occupied)
    if signal.occupied:
        return Step(sensed, (Raise(UNVENDED_PASSAGE.code, "closing loop occupied without a vend"),))
    cleared = lane.under_arm is True and signal.occupied is False
    return Step(sensed, (Clear(UNVENDED_PASSAGE.code),) if cleared else ())


def _late_allowed(lane: Lane, signal: Allowed) -> Step:
    """An answer that nobody waits for any more: what it put on record is taken back."""
    return Step(lane, (Withdraw(signal.ticket, vended=False),))


def _ignore(lane: Lane, signal: Signal) -> Step:
    return Step(lane)


def _recorded(lane: Lane, reason: Refusal) -> Step:
    """Show the refusal; put it on record once for each vehicle and reason."""
    shown = Show(reason.driver)
    if lane.refusal is reason:
        return Step(lane, (shown,))
    plate = lane.read.plate if lane.read else None
    return Step(replace(lane, refusal=reason), (RecordRefusal(reason, plate), shown))


def _to_idle(lane: Lane, *actions: Action) -> Step:
    idle = replace(lane, phase=Phase.IDLE, read=None, ticket=None, refusal=None, blind=False, timer=lane.timer + 1)
    return Step(idle, (*actions, Show("")))


def _with_timer(lane: Lane, seconds: float, *actions: Action) -> Step:
    timed = replace(lane, timer=lane.timer + 1)
    return Step(timed, (*actions, StartTimer(timed.timer, seconds)))


def _ticket(lane: Lane) -> TicketId:
    assert lane.ticket is not None, "a lane that vended has a ticket"
    return lane.ticket


Transition = Callable[[Lane, Any], Step]

TRANSITIONS: dict[tuple[Phase, type[Signal]], Transition] = {
    (Phase.IDLE, Presence): _idle_presence,
    (Phase.IDLE, UnderArm): _unvended_under_arm,
    (Phase.IDLE, Read): _ignore,
    (Phase.IDLE, Allowed): _late_allowed,
    (Phase.IDLE, Refused): _ignore,
    (Phase.IDLE, VendFailed): _ignore,
    (Phase.IDLE, Arm): _note_arm,
    (Phase.IDLE, TimeUp): _ignore,
    (Phase.READING, Presence): _reading_presence,
    (Phase.READING, UnderArm): _unvended_under_arm,
    (Phase.READING, Read): _reading_read,
    (Phase.READING, Allowed): _late_allowed,
    (Phase.READING, Refused): _ignore,
    (Phase.READING, VendFailed): _ignore,
    (Phase.READING, Arm): _note_arm,
    (Phase.READING, TimeUp): _reading_time_up,
    (Phase.DECIDING, Presence): _deciding_presence,
    (Phase.DECIDING, UnderArm): _unvended_under_arm,
    (Phase.DECIDING, Read): _ignore,
    (Phase.DECIDING, Allowed): _deciding_allowed,
    (Phase.DECIDING, Refused): _deciding_refused,
    (Phase.DECIDING, VendFailed): _ignore,
    (Phase.DECIDING, Arm): _note_arm,
    (Phase.DECIDING, TimeUp): _ignore,
    (Phase.REFUSED, Presence): _refused_presence,
    (Phase.REFUSED, UnderArm): _unvended_under_arm,
    (Phase.REFUSED, Read): _refused_read,
    (Phase.REFUSED, Allowed): _late_allowed,
    (Phase.REFUSED, Refused): _ignore,
    (Phase.REFUSED, VendFailed): _ignore,
    (Phase.REFUSED, Arm): _note_arm,
    (Phase.REFUSED, TimeUp): _refused_time_up,
    (Phase.VENDED, Presence): _vended_presence,
    (Phase.VENDED, UnderArm): _vended_under_arm,
    (Phase.VENDED, Read): _ignore,
    (Phase.VENDED, Allowed): _late_allowed,
    (Phase.VENDED, Refused): _ignore,
    (Phase.VENDED, VendFailed): _vended_failed,
    (Phase.VENDED, Arm): _vended_arm,
    (Phase.VENDED, TimeUp): _vended_time_up,
    (Phase.PASSING, Presence): _note_presence,
    (Phase.PASSING, UnderArm): _passing_under_arm,
    (Phase.PASSING, Read): _ignore,
    (Phase.PASSING, Allowed): _late_allowed,
    (Phase.PASSING, Refused): _ignore,
    (Phase.PASSING, VendFailed): _ignore,
    (Phase.PASSING, Arm): _vended_arm,
    (Phase.PASSING, TimeUp): _ignore,
}
