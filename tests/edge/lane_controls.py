"""Lanes with one thing broken, each against the law that must notice it: a law that notices nothing is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from hypothesis import HealthCheck, Verbosity, seed, settings
from hypothesis import Phase as Part
from hypothesis.stateful import run_state_machine_as_test

from edge.lane import approach, arm_watch, deciding, machine, orders, passage, unvended
from edge.lane.actions import Action, Clear, Hold, RecordHold, RecordOrder, StartTimer, Withdraw
from edge.lane.changed import replace
from edge.lane.faults import TAILGATE
from edge.lane.lane import Lane, Step, sensed
from edge.lane.machine import TRANSITIONS
from edge.lane.signals import Allowed, Arm, Fire, Ordered, Phase, Presence, Refused, Signal, TimeUp, UnderArm
from models.lanes import LaneState
from tests.edge import lane_laws as laws
from tests.edge.lane_rules import BusyRoad, LaneWithoutLoop, TroubledLane

Broken = Callable[[], AbstractContextManager[Any]]


@dataclass(frozen=True)
class Control:
    law: str
    broken: Broken
    played: type[TroubledLane] | type[BusyRoad] = TroubledLane


# --- ways to break a machine ---


def _instead(of: Any, name: str, does: Callable[..., Any]) -> Broken:
    return lambda: patch.object(of, name, does)


def _transition(signal: type[Signal], does: Callable[[Lane, Any], Step], *phases: Phase) -> Broken:
    return lambda: patch.dict(TRANSITIONS, {(phase, signal): does for phase in phases or Phase})


def _without(signal: type[Signal], *actions: type[Action]) -> Broken:
    """The lane hears that signal as ever, but these actions don't follow."""

    @contextmanager
    def broken() -> Iterator[None]:
        step = machine.step

        def mute(lane: Lane, heard: Signal, now: Any) -> Step:
            done = step(lane, heard, now)
            if not isinstance(heard, signal):
                return done
            return Step(done.lane, tuple(action for action in done.actions if not isinstance(action, actions)))

        with patch.object(machine, "step", mute):
            yield

    return broken


def _deaf(lane: Lane, signal: Signal) -> Step:
    return Step(lane)


def _keeps_the_question(lane: Lane, signal: Presence) -> Step:
    return Step(sensed(lane, signal))


def _vends_whatever_its_state(lane: Lane, signal: Allowed) -> Step:
    done = deciding.deciding_allowed(replace(lane, state=LaneState.OPEN), signal)
    return Step(replace(done.lane, state=lane.state), done.actions)


def _passed_when_it_comes(lane: Lane, signal: UnderArm) -> Step:
    here = sensed(lane, signal)
    return passage.passed(here) if signal.occupied else Step(here)


def _withdraws_too_early(lane: Lane, signal: Presence) -> Step:
    done = passage.vended_presence(lane, signal)
    if signal.present is not False or lane.ticket is None:
        return done
    return done.then(Withdraw(lane.ticket, lane.direction, vended=True))


def _fire_ends_by_itself(lane: Lane, signal: Fire) -> Step:
    done = orders.fire(lane, signal)
    return Step(replace(done.lane, hold=None), done.actions) if signal.active is False else done


@contextmanager
def _without_the_contact() -> Iterator[None]:
    reset = orders._reset_fire  # pyright: ignore[reportPrivateUsage]
    with patch.object(orders, "_reset_fire", lambda lane, order: reset(replace(lane, fire=False), order)):
        yield


def _same_timer_again(lane: Lane, seconds: float, *actions: Action) -> Step:
    return Step(lane, (*actions, StartTimer(max(lane.timer, 1), seconds)))


def _no_transition() -> AbstractContextManager[Any]:
    left = {pair: does for pair, does in TRANSITIONS.items() if pair != (Phase.VENDED, Presence)}
    return patch.dict(TRANSITIONS, left, clear=True)


CONTROLS: dict[str, Control] = {
    "a hold ends whatever is under the arm": Control(
        laws.NO_ARM_CLOSES_ON_A_VEHICLE, _instead(orders, "may_release", lambda lane: True)
    ),
    "a hold ends as soon as nobody is seen before an arm without a loop": Control(
        laws.NO_ARM_CLOSES_ON_A_VEHICLE, _instead(arm_watch, "_release_at", lambda watch, around: 0), LaneWithoutLoop
    ),
    "a person closes the arm on a vehicle": Control(
        laws.NO_ARM_CLOSES_ON_A_VEHICLE, _instead(orders, "may_come_down", lambda lane: True)
    ),
    "the answer counts though the vehicle has left": Control(
        laws.NO_VEND_WITHOUT_VEHICLE_OR_ORDER, _transition(Presence, _keeps_the_question, Phase.DECIDING)
    ),
    "the next vehicle gets the answer of the one before": Control(
        laws.AN_ANSWER_IS_FOR_WHOM_IT_WAS_ASKED, _transition(Presence, _keeps_the_question, Phase.DECIDING)
    ),
    "a passage is confirmed when it begins": Control(
        laws.NO_CONFIRM_WITHOUT_A_PASSAGE, _transition(UnderArm, _passed_when_it_comes, Phase.VENDED)
    ),
    "a ticket that nobody waits for is forgotten": Control(
        laws.A_TICKET_ENDS_ONCE, _instead(deciding, "withdrawn", lambda lane, signal: ())
    ),
    "a ticket is withdrawn and goes on": Control(
        laws.A_TICKET_ENDS_ONCE, _transition(Presence, _withdraws_too_early, Phase.VENDED)
    ),
    "a tailgate stands for ever": Control(laws.EVERY_FAULT_IS_LEFT, _without(UnderArm, Clear)),
    "an arm that moves again is silent for ever": Control(laws.EVERY_FAULT_IS_LEFT, _without(Arm, Clear)),
    "a fault that no catalogue knows": Control(
        laws.EVERY_FAULT_IS_LEFT,
        _instead(unvended, "TAILGATE", TAILGATE.model_copy(update={"code": "lane.follower"})),
    ),
    "one arming loop clears the other's fault": Control(
        laws.NO_FAULT_ENDS_EARLY, _instead(machine, "_stands_elsewhere", lambda lane, action: False)
    ),
    "a fire ends by itself": Control(laws.FIRE_GOES_OVER_EVERYTHING, _transition(Fire, _fire_ends_by_itself)),
    "a fire is reset while it burns": Control(laws.FIRE_GOES_OVER_EVERYTHING, _without_the_contact),
    "a fire that nobody hears": Control(laws.FIRE_GOES_OVER_EVERYTHING, _transition(Fire, _deaf)),
    "an arm that is kept up is told so once": Control(
        laws.A_HELD_ARM_IS_TOLD_UNTIL_IT_IS_UP, _instead(arm_watch, "_hold_again", lambda watch, around: None)
    ),
    "an answer counts though the lane was closed meanwhile": Control(
        laws.A_CLOSED_LANE_LETS_NOBODY_IN, _transition(Allowed, _vends_whatever_its_state, Phase.DECIDING)
    ),
    "a lane raises its arm when it starts": Control(
        laws.NOTHING_MOVES_BY_ITSELF,
        _instead(machine, "started", lambda lane, now: Step(lane, orders.raised_and_held(lane))),
    ),
    "an arm is raised when it is heard of": Control(
        laws.NOTHING_MOVES_BY_ITSELF, _transition(Arm, lambda lane, signal: Step(lane, (Hold(),)), Phase.IDLE)
    ),
    "a timer's number comes again": Control(
        laws.NO_TIMER_IS_USED_TWICE, _instead(approach, "with_timer", _same_timer_again)
    ),
    "an order is obeyed and not recorded": Control(laws.WHAT_PEOPLE_ORDER_IS_RECORDED, _without(Ordered, RecordOrder)),
    "a fire's hold isn't recorded": Control(laws.WHAT_PEOPLE_ORDER_IS_RECORDED, _without(Fire, RecordHold)),
    "a refusal that nobody hears": Control(
        laws.THE_LANE_GETS_BACK_TO_WORK, _transition(Refused, _deaf, Phase.DECIDING)
    ),
    "a vehicle that backed out is waited for without an end": Control(
        laws.THE_LANE_GETS_BACK_TO_WORK, _transition(TimeUp, _deaf, Phase.VENDED)
    ),
    "a loop that one phase doesn't know": Control(laws.NO_SIGNAL_IS_AN_ERROR, _no_transition),
    "nobody counts who follows through": Control(
        laws.COUNTS_EQUAL_THE_CARS_INSIDE, _transition(UnderArm, _deaf, Phase.IDLE), BusyRoad
    ),
    "who rolls back counts as passed": Control(
        laws.COUNTS_EQUAL_THE_CARS_INSIDE, _instead(passage, "_may_have_rolled_back", lambda lane: False), BusyRoad
    ),
    "a passage that is heard in one moment is none": Control(
        laws.COUNTS_EQUAL_THE_CARS_INSIDE, _instead(passage, "_gone_unseen", passage.backed_out), BusyRoad
    ),
    "who backs off the closing loop counts as passed": Control(
        laws.COUNTS_EQUAL_THE_CARS_INSIDE, _instead(unvended, "_went_through", lambda lane, passing: True), BusyRoad
    ),
}


_QUICK = settings(
    max_examples=400,
    stateful_step_count=30,
    deadline=None,
    database=None,
    print_blob=False,
    phases=[Part.generate],
    verbosity=Verbosity.quiet,
    suppress_health_check=list(HealthCheck),
)


def is_noticed(control: Control, rounds: int = 20) -> bool:
    """Whether the law, alone, finds a story in which the broken lane breaks it. A round is some hundred stories; most
    lanes give themselves away in the first."""
    played = type(control.played.__name__, (control.played,), {"only": frozenset({control.law})})
    played.ends_well = control.law == laws.THE_LANE_GETS_BACK_TO_WORK
    try:
        with control.broken():
            for number in range(rounds):
                run_state_machine_as_test(seed(number)(played), settings=_QUICK)
    except laws.LawBroken as broken:
        return broken.law == control.law
    return False
