"""One lane as a pure machine: a signal comes in, the next lane and what to do about it come out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from edge.lane import approach, deciding, orders, passage, unvended
from edge.lane.actions import Action, Clear, Release, Show
from edge.lane.arm_watch import Around, supervise
from edge.lane.changed import replace
from edge.lane.faults import SILENT_LOOP
from edge.lane.lane import Lane, Side, Step, sensed
from edge.lane.loop_watch import Heard, LoopWatch, heard, time_up
from edge.lane.signals import (
    Allowed,
    Arm,
    Blind,
    Card,
    Chosen,
    Code,
    FarPresence,
    Fire,
    Guess,
    HoldFailed,
    Ordered,
    Phase,
    Presence,
    Pressed,
    Read,
    Refused,
    Signal,
    TimeUp,
    UnderArm,
    VendFailed,
    Which,
)
from models.instants import Monotonic
from models.lanes import HoldCause

Transition = Callable[[Lane, Any], Step]


def step(lane: Lane, signal: Signal, now: Monotonic) -> Step:
    """One signal, one answer: the lane as it is afterwards and what to do about it, in order.

    Pure: no clock, no I/O, no exceptions. Every pair of phase and signal stands in TRANSITIONS; loops are believed
    by `loop_watch` before they get there, and `arm_watch` looks at what was ordered after it.
    """
    believed = _believed(lane, signal, now)
    lane, actions = believed.lane, list(believed.actions)
    for known in believed.signals:
        stepped = TRANSITIONS[lane.phase, type(known)](lane, known)
        lane = stepped.lane
        actions += stepped.actions
    if lane.unseen and lane.under_arm:
        lane = replace(lane, unseen=0)
        actions.append(Clear(SILENT_LOOP.code))
    if lane.unvended is not None and lane.closing_watch is not None and lane.closing_watch.is_stuck:
        stuck = unvended.given_up(lane)
        lane = stuck.lane
        actions += stuck.actions
    return _supervised(lane, tuple(actions), now)


def started(lane: Lane, now: Monotonic) -> Step:
    """The first thing that a lane does: only an arm that was kept up before is told so again."""
    held = orders.raised_and_held(lane) if lane.hold is not None else ()
    shown = approach.idle_line(lane)
    return _supervised(lane, (*held, *((Show(shown),) if shown else ())), now)


def vend_is_over(before: Lane, after: Lane) -> bool:
    """Whether the vehicle that the arm was told to rise for went away without coming under it, and nobody else wants
    the arm up."""
    went = before.phase is Phase.VENDED and after.phase not in (Phase.VENDED, Phase.PASSING)
    return went and after.hold is None


# --- what a lane hears before its phases do ---


class _Believed:
    __slots__ = ("actions", "lane", "signals")

    def __init__(self, lane: Lane, signals: tuple[Signal, ...], actions: tuple[Action, ...] = ()) -> None:
        self.lane, self.signals, self.actions = lane, signals, actions


def _believed(lane: Lane, signal: Signal, now: Monotonic) -> _Believed:
    match signal:
        case Presence(present):
            return _loop(lane, Which.ARMING_LOOP, present, now)
        case FarPresence(present):
            return _loop(lane, Which.FAR_LOOP, present, now)
        case UnderArm(occupied):
            return _loop(lane, Which.CLOSING_LOOP, occupied, now)
        case TimeUp(_, Which.ARM):
            watch = replace(lane.arm_watch, due=None) if signal.timer == lane.arm_watch.timer else lane.arm_watch
            return _Believed(replace(lane, arm_watch=watch), ())
        case TimeUp(timer, which) if which is not Which.PHASE:
            watch = _watch(lane, which)
            return _taken_in(lane, which, time_up(watch, timer)) if watch else _Believed(lane, ())
        case _:
            return _Believed(lane, (signal,))


def _loop(lane: Lane, which: Which, level: bool | None, now: Monotonic) -> _Believed:
    watch = _watch(lane, which)
    if watch is None:
        return _Believed(lane, (_said(lane, which, level),))
    return _taken_in(lane, which, heard(watch, level, now))


def _taken_in(lane: Lane, which: Which, news: Heard) -> _Believed:
    lane = _with_watch(lane, which, news.watch)
    signals = (_said(lane, which, news.watch.believed),) if news.changed else ()
    return _Believed(lane, signals, tuple(action for action in news.actions if not _stands_elsewhere(lane, action)))


def _stands_elsewhere(lane: Lane, action: Action) -> bool:
    """Both arming loops have the same faults: one that ends at one of them may still stand at the other."""
    if not isinstance(action, Clear):
        return False
    return any(watch is not None and action.code in watch.wrong for watch in (lane.near_watch, lane.far_watch))


def _said(lane: Lane, which: Which, level: bool | None) -> Signal:
    """The loop of the side that is served speaks of the vehicle there; the other one is then the far one."""
    if which is Which.CLOSING_LOOP:
        return UnderArm(level)
    side = Side.NEAR if which is Which.ARMING_LOOP else Side.FAR
    return Presence(level) if side is lane.side else FarPresence(level)


def _watch(lane: Lane, which: Which) -> LoopWatch | None:
    watches = {
        Which.ARMING_LOOP: lane.near_watch,
        Which.FAR_LOOP: lane.far_watch,
        Which.CLOSING_LOOP: lane.closing_watch,
    }
    return watches.get(which)


def _with_watch(lane: Lane, which: Which, watch: LoopWatch) -> Lane:
    match which:
        case Which.ARMING_LOOP:
            return replace(lane, near_watch=watch)
        case Which.FAR_LOOP:
            return replace(lane, far_watch=watch)
        case _:
            return replace(lane, closing_watch=watch)


# --- what follows whatever happened ---


def _supervised(lane: Lane, actions: tuple[Action, ...], now: Monotonic) -> Step:
    fitted = lane.fitted
    around = Around(
        fitted.timing,
        fitted.reads_back,
        fitted.can_hold,
        fitted.can_lower,
        held=lane.hold is not None,
        fire=lane.hold is HoldCause.FIRE,
        clear=orders.may_come_down(lane),
        busy=lane.phase in (Phase.VENDED, Phase.PASSING, Phase.UNSURE) or lane.unvended is not None,
        release=lane.releasing and orders.may_release(lane),
        vacant=orders.is_vacant(lane),
        vacant_for=0.0 if fitted.closing_loop else fitted.timing.used_within,
    )
    watch, more = supervise(lane.arm_watch, lane.arm, actions, around, now)
    releasing = lane.releasing and not any(isinstance(action, Release) for action in more)
    if watch is lane.arm_watch and releasing is lane.releasing:
        return Step(lane, (*actions, *more))
    return Step(replace(lane, arm_watch=watch, releasing=releasing), (*actions, *more))


# --- the table ---


def _ignore(lane: Lane, signal: Signal) -> Step:
    return Step(lane)


def _far_side(lane: Lane, signal: FarPresence) -> Step:
    return Step(sensed(lane, signal))


def _reader(lane: Lane, signal: Blind) -> Step:
    return approach.reader(lane, signal.blind)


def _tracked(of_phase: Transition) -> Transition:
    """What the arming loop says also tells of a vehicle that is under the arm without a vend."""

    def with_unvended(lane: Lane, signal: Presence | FarPresence) -> Step:
        return of_phase(unvended.presence(lane, signal), signal)

    return with_unvended


_ALIKE: dict[type[Signal], Transition] = {
    Presence: _ignore,
    FarPresence: _tracked(_far_side),
    UnderArm: unvended.under_arm,
    Read: _ignore,
    Guess: _ignore,
    Code: _ignore,
    Card: _ignore,
    Pressed: approach.called,
    Chosen: approach.chosen,
    Blind: _reader,
    Allowed: deciding.late_allowed,
    Refused: deciding.late_refused,
    VendFailed: _ignore,
    HoldFailed: orders.hold_failed,
    Arm: passage.note_arm,
    Fire: orders.fire,
    Ordered: orders.ordered,
    TimeUp: _ignore,
}
"""What a phase does that says nothing else."""

_OWN: dict[Phase, dict[type[Signal], Transition]] = {
    Phase.IDLE: {
        Code: approach.idle_shown,
        Card: approach.idle_shown,
        Presence: _tracked(approach.idle_presence),
        FarPresence: _tracked(approach.idle_far_presence),
        TimeUp: approach.idle_time_up,
    },
    Phase.READING: {
        Presence: _tracked(approach.reading_presence),
        Read: approach.shown,
        Guess: approach.guessed,
        Code: approach.shown,
        Card: approach.shown,
        Pressed: approach.pressed,
        TimeUp: approach.reading_time_up,
    },
    Phase.DECIDING: {
        Presence: _tracked(deciding.deciding_presence),
        Read: deciding.deciding_read,
        Allowed: deciding.deciding_allowed,
        Refused: deciding.deciding_refused,
        TimeUp: deciding.deciding_time_up,
    },
    Phase.REFUSED: {
        Presence: _tracked(approach.reading_presence),
        Read: approach.shown,
        Guess: approach.guessed,
        Code: approach.shown,
        Card: approach.shown,
        Pressed: approach.pressed,
        TimeUp: approach.refused_time_up,
    },
    Phase.VENDED: {
        Presence: _tracked(passage.vended_presence),
        FarPresence: _tracked(passage.vended_far_presence),
        UnderArm: passage.vended_under_arm,
        Read: passage.vended_read,
        Code: passage.vended_shown,
        Card: passage.vended_shown,
        VendFailed: passage.vend_failed,
        Arm: passage.vended_arm,
        TimeUp: passage.vended_time_up,
    },
    Phase.PASSING: {
        Presence: passage.passing_presence,
        FarPresence: passage.passing_far_presence,
        Read: passage.passing_read,
        UnderArm: passage.passing_under_arm,
        TimeUp: passage.passing_time_up,
    },
    Phase.UNSURE: {
        Presence: passage.unsure_presence,
        UnderArm: passage.unsure_under_arm,
        Read: passage.unsure_shown,
        Code: passage.unsure_shown,
        Card: passage.unsure_shown,
        TimeUp: passage.unsure_time_up,
    },
}

TRANSITIONS: dict[tuple[Phase, type[Signal]], Transition] = {
    (phase, signal): _OWN[phase].get(signal, alike) for phase in Phase for signal, alike in _ALIKE.items()
}
