"""One lane as a pure machine: a signal comes in, the next lane and what to do about it come out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from drivers.contract import Position
from edge.lane.faults import SILENT_ARM, STUCK_LOOP, UNVENDED_PASSAGE
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
    Unresolve,
    Vend,
    VendFailed,
    Watch,
    Withdraw,
)
from edge.lane.timing import LaneTiming
from models.ids import TicketId
from models.refusals import Refusal

# These are asked again with the same plate; the others want a fresh look at the vehicle.
_ASK_AGAIN = {Refusal.LOT_FULL, Refusal.PAYMENT_DECLINED, Refusal.NOT_RECORDED}


@dataclass(frozen=True, slots=True)
class Lane:
    """Everything that the machine knows about its lane.

    `present` and `under_arm` are None while they are unknown. `refusal` is what the vehicle that is there was
    told last, `recorded` all that is on record for it. `blind`: the closing loop couldn't be believed during this
    passage. `lost_sight`: the arming loop was unknown during it, so another vehicle may stand there now. `risen`:
    the arm was seen to move or stand open since the vend.
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
    recorded: frozenset[Refusal] = frozenset()
    timer: int = 0
    blind: bool = False
    lost_sight: bool = False
    risen: bool = False


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
    vended = replace(
        lane,
        phase=Phase.VENDED,
        ticket=signal.ticket,
        refusal=None,
        blind=lane.has_closing_loop and lane.under_arm is not False,
        lost_sight=False,
        risen=lane.arm in (Position.OPEN, Position.MOVING),
    )
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
    fresh = _begin_reading(replace(lane, refusal=None, recorded=frozenset()))
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
    sensed = replace(lane, present=signal.present, lost_sight=lane.lost_sight or signal.present is None)
    if signal.present is None:
        return Step(sensed)
    if sensed.lost_sight:
        return _nobody_knows(sensed)
    if signal.present:
        return _with_timer(sensed, lane.timing.rise_within)
    if not lane.has_closing_loop:
        return _backed_out(sensed) if _arm_never_rose(lane) else _passed(sensed)
    return _with_timer(sensed, lane.timing.back_out_after)


def _vended_under_arm(lane: Lane, signal: UnderArm) -> Step:
    sensed = replace(lane, under_arm=signal.occupied)
    if signal.occupied:
        return _with_timer(replace(sensed, phase=Phase.PASSING), lane.timing.clear_within)
    # Seen clear while the vehicle stands before it all the time: nothing was missed.
    nothing_missed = signal.occupied is False and lane.present is True and not lane.lost_sight
    return Step(replace(sensed, blind=not nothing_missed and (lane.blind or signal.occupied is None)))


def _vended_failed(lane: Lane, signal: VendFailed) -> Step:
    """The order didn't get out. The ticket stands, and the arm is told again while the vehicle is there."""
    refused = _recorded(lane, Refusal.ARM_UNREACHABLE)
    again = _with_timer(refused.lane, lane.timing.retry_after)
    return Step(again.lane, refused.actions + again.actions)


def _vended_arm(lane: Lane, signal: Arm) -> Step:
    risen = signal.position in (Position.OPEN, Position.MOVING)
    sensed = replace(lane, arm=signal.position, risen=lane.risen or risen)
    return Step(sensed, (Clear(SILENT_ARM.code),) if risen else ())


def _vended_time_up(lane: Lane, signal: TimeUp) -> Step:
    if signal.timer != lane.timer:
        return Step(lane)
    if lane.present is False:
        return _nobody_knows(lane) if lane.blind else _backed_out(lane)
    if lane.present is None:
        return _with_timer(lane, lane.timing.rise_within)
    if lane.refusal is Refusal.ARM_UNREACHABLE:
        return _with_timer(replace(lane, refusal=None), lane.timing.rise_within, Vend(_ticket(lane)))
    if lane.arm is Position.CLOSED:
        silent = Raise(SILENT_ARM.code, "told to rise, still closed; told again")
        return _with_timer(lane, lane.timing.rise_within, silent, Vend(_ticket(lane)))
    return _with_timer(lane, lane.timing.rise_within, Show("Please drive on"))


def _passing_presence(lane: Lane, signal: Presence) -> Step:
    return Step(replace(lane, present=signal.present))


def _passing_under_arm(lane: Lane, signal: UnderArm) -> Step:
    sensed = replace(lane, under_arm=signal.occupied, blind=lane.blind or signal.occupied is None)
    if signal.occupied is not False:
        return Step(sensed)
    # It was seen under the arm; only if the loop was out of reach since then may it have gone back.
    return _passed(sensed) if not sensed.blind or lane.under_arm else _nobody_knows(sensed)


def _passing_time_up(lane: Lane, signal: TimeUp) -> Step:
    if signal.timer != lane.timer:
        return Step(lane)
    stuck = Raise(STUCK_LOOP.code, f"not clear for {lane.timing.clear_within:g} s")
    return _nobody_knows(lane, stuck)


def _arm_never_rose(lane: Lane) -> bool:
    """The order didn't get out, or the arm says that it stayed down: nobody drove through there."""
    return lane.refusal is Refusal.ARM_UNREACHABLE or (lane.arm is Position.CLOSED and not lane.risen)


def _passed(lane: Lane) -> Step:
    return _somebody_else(lane, Confirm(_ticket(lane)))


def _backed_out(lane: Lane) -> Step:
    return _somebody_else(lane, Withdraw(_ticket(lane), vended=True))


def _nobody_knows(lane: Lane, *actions: Action) -> Step:
    """Neither passed nor backed out for certain: the ticket is left to the vehicle's next passage or to a person."""
    return _somebody_else(lane, Unresolve(_ticket(lane)), *actions)


# --- what is alike in several phases ---


def _note_arm(lane: Lane, signal: Arm) -> Step:
    return Step(replace(lane, arm=signal.position))


def _unvended_under_arm(lane: Lane, signal: UnderArm) -> Step:
    sensed = replace(lane, under_arm=signal.occupied)
    if signal.occupied:
        return Step(sensed, (Raise(UNVENDED_PASSAGE.code, "closing loop occupied without a vend"),))
    if signal.occupied is None:
        return Step(sensed)
    return Step(sensed, (Clear(UNVENDED_PASSAGE.code), Clear(STUCK_LOOP.code)))


def _late_allowed(lane: Lane, signal: Allowed) -> Step:
    """An answer that nobody waits for any more: what it put on record is taken back."""
    return Step(lane, (Withdraw(signal.ticket, vended=False),))


def _ignore(lane: Lane, signal: Signal) -> Step:
    return Step(lane)


def _recorded(lane: Lane, reason: Refusal) -> Step:
    """Show the refusal; put it on record once for each vehicle and reason."""
    told = replace(lane, refusal=reason, recorded=lane.recorded | {reason})
    shown = Show(reason.driver)
    if reason in lane.recorded:
        return Step(told, (shown,))
    plate = lane.read.plate if lane.read else None
    return Step(told, (RecordRefusal(reason, plate), shown))


def _to_idle(lane: Lane, *actions: Action) -> Step:
    idle = replace(
        lane,
        phase=Phase.IDLE,
        read=None,
        ticket=None,
        refusal=None,
        recorded=frozenset(),
        blind=False,
        lost_sight=False,
        timer=lane.timer + 1,
    )
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
    (Phase.PASSING, Presence): _passing_presence,
    (Phase.PASSING, UnderArm): _passing_under_arm,
    (Phase.PASSING, Read): _ignore,
    (Phase.PASSING, Allowed): _late_allowed,
    (Phase.PASSING, Refused): _ignore,
    (Phase.PASSING, VendFailed): _ignore,
    (Phase.PASSING, Arm): _vended_arm,
    (Phase.PASSING, TimeUp): _passing_time_up,
}
