"""What a lane does with cars, arms and loops: the machine alone, with no clock and no hardware."""

from __future__ import annotations

import itertools
import typing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.contract import Position
from edge.lane import signals as said
from edge.lane.actions import Action, Confirm, Decide, RecordRefusal, StartTimer, Unresolve, Watch, Withdraw
from edge.lane.lane import Lane
from edge.lane.machine import TRANSITIONS, step
from edge.lane.signals import (
    Allowed,
    Arm,
    Asked,
    Phase,
    Presence,
    Read,
    Refused,
    Signal,
    TimeUp,
    UnderArm,
    Vend,
    VendFailed,
    Which,
)
from models.ids import TicketId
from models.instants import Monotonic
from models.refusals import Refusal
from models.tickets import Direction
from tests.edge.lanes import ANOTHER, PLATE, TICKET, a_story, a_vended_lane, in_phase, risen

IN = Direction.ENTRY


def decided(read: Read, story_plate: Read | None = None) -> Decide:
    return Decide(Asked(read, plate=(story_plate or read).plate), IN)


def test_a_car_that_passes_is_vended_once_and_confirmed_once() -> None:
    story = a_vended_lane().then(UnderArm(True), Presence(False), UnderArm(False))
    assert story.asked(Vend) == [Vend(TICKET)]
    assert story.asked(Confirm) == [Confirm(TICKET, IN)]
    assert story.asked(Withdraw) == []
    assert story.lane.phase is Phase.IDLE


def test_nothing_moves_before_a_vehicle_was_seen_live() -> None:
    story = a_story().then(PLATE, Presence(None), PLATE, TimeUp(1), Arm(Position.CLOSED))
    assert story.asked(Vend) == [] == story.asked(Decide)


def test_a_car_that_backs_out_gives_its_ticket_back() -> None:
    story = a_vended_lane().then(Presence(False)).time_up()
    assert story.asked(Withdraw) == [Withdraw(TICKET, IN, vended=True)]
    assert story.asked(Confirm) == []


def test_a_car_between_the_two_loops_has_not_backed_out() -> None:
    story = a_vended_lane().then(Presence(False), UnderArm(True), UnderArm(False)).time_up()
    assert story.asked(Withdraw) == []
    assert story.asked(Confirm) == [Confirm(TICKET, IN)]


def test_a_car_that_leaves_while_the_lot_decides_is_not_vended() -> None:
    story = a_story().then(Presence(True), PLATE, Presence(False), Allowed(TICKET, "Welcome"))
    assert story.asked(Vend) == []
    assert story.asked(Withdraw) == [Withdraw(TICKET, IN, vended=False)]


def test_the_next_car_is_not_let_in_on_the_read_of_one_that_left() -> None:
    story = a_story().then(Presence(True), PLATE, Presence(False), Presence(True), Allowed(TICKET, "Welcome"))
    assert story.asked(Vend) == []
    assert story.lane.phase is Phase.READING


def test_an_arming_loop_that_goes_unknown_while_the_lot_decides_allows_no_vend() -> None:
    story = a_story().then(Presence(True), PLATE, Presence(None), Allowed(TICKET, "Welcome"))
    assert story.asked(Vend) == []


def test_a_closing_loop_out_of_reach_for_a_moment_before_the_car_moved_changes_nothing() -> None:
    story = a_vended_lane().then(UnderArm(None), UnderArm(False), UnderArm(True), Presence(False), UnderArm(False))
    assert story.asked(Confirm) == [Confirm(TICKET, IN)]


def test_a_car_that_left_while_the_closing_loop_was_unknown_has_neither_backed_out_nor_passed() -> None:
    story = a_vended_lane().then(UnderArm(None), Presence(False)).time_up()
    assert story.asked(Unresolve) == [Unresolve(TICKET, IN)]
    assert story.asked(Withdraw) == [] == story.asked(Confirm)


def test_a_closing_loop_that_was_never_heard_resolves_nothing() -> None:
    story = a_story().then(Presence(True), PLATE, Allowed(TICKET, ""), Arm(Position.OPEN), Presence(False)).time_up()
    assert story.asked(Unresolve) == [Unresolve(TICKET, IN)]
    assert story.asked(Withdraw) == []


@pytest.mark.parametrize("closing_loop", [True, False])
def test_after_a_blind_spell_the_vend_goes_to_nobody_else(closing_loop: bool) -> None:
    story = a_vended_lane(closing_loop=closing_loop).then(Presence(None), Presence(True))
    assert story.asked(Unresolve) == [Unresolve(TICKET, IN)]
    assert story.lane.phase is Phase.READING, "whoever stands there now is looked at afresh"
    assert len(story.asked(Vend)) == 1


def test_a_loop_that_answers_before_the_other_after_an_outage_confirms_nothing() -> None:
    story = a_vended_lane().then(Presence(None), UnderArm(None), UnderArm(False), Presence(True))
    assert story.asked(Confirm) == []
    assert story.asked(Unresolve) == [Unresolve(TICKET, IN)]


def test_a_closing_loop_that_sticks_on_does_not_hold_the_lane() -> None:
    story = a_vended_lane().then(UnderArm(True), Presence(False)).wait(61)
    assert story.raised == ["lane.closing_loop_stuck"]
    assert story.asked(Unresolve) == [Unresolve(TICKET, IN)]
    second = TicketId("ticket-2")
    story.then(Presence(True), PLATE, Allowed(second, ""), Presence(False)).time_up()
    assert story.asked(Vend)[-1] == Vend(second), "the next car is served"
    assert story.asked(Unresolve)[-1] == Unresolve(second, IN)


def test_a_queue_is_served_one_car_at_a_time() -> None:
    story = a_vended_lane().then(Presence(False), UnderArm(True), Presence(True))
    assert len(story.asked(Decide)) == 1, "the follower waits until the first has passed"
    story.then(UnderArm(False), ANOTHER)
    assert story.asked(Confirm) == [Confirm(TICKET, IN)]
    assert story.asked(Decide)[-1] == decided(ANOTHER)


def test_a_full_lot_keeps_asking_for_the_car_that_waits_but_records_the_refusal_once() -> None:
    story = a_story().then(Presence(True), PLATE, Refused(Refusal.LOT_FULL)).time_up()
    assert story.asked(Decide) == [decided(PLATE), decided(PLATE)]
    story.then(Refused(Refusal.LOT_FULL))
    assert story.asked(RecordRefusal) == [RecordRefusal(Refusal.LOT_FULL, PLATE.plate, IN)]
    assert story.line == "Car park full"


def test_an_unknown_plate_at_the_exit_is_read_again_not_just_asked_again() -> None:
    story = a_story().then(Presence(True), PLATE, Refused(Refusal.NO_TICKET)).time_up()
    assert story.lane.phase is Phase.READING
    assert story.asked(Watch) == [Watch(True), Watch(True)]


def test_a_plate_that_cannot_be_read_is_said_to_the_driver_and_recorded_once() -> None:
    story = a_story().then(Presence(True)).time_up().time_up()
    assert story.asked(RecordRefusal) == [RecordRefusal(Refusal.NOT_READ, None, IN)]
    assert story.line == Refusal.NOT_READ.driver


def test_an_arm_that_stays_closed_is_told_again_and_said_to_be_silent() -> None:
    story = a_vended_lane().time_up()
    assert story.asked(Vend) == [Vend(TICKET), Vend(TICKET)]
    assert story.raised == ["barrier.silent"]


def test_an_open_arm_is_not_told_again_while_the_driver_looks_for_a_glove() -> None:
    story = a_vended_lane().then(Arm(Position.MOVING), Arm(Position.OPEN)).time_up().time_up()
    assert len(story.asked(Vend)) == 1


def test_a_barrier_that_cannot_be_reached_is_told_again_on_the_same_ticket() -> None:
    story = a_vended_lane().then(VendFailed()).time_up().then(VendFailed()).time_up()
    assert story.asked(Vend) == [Vend(TICKET)] * 3
    assert story.asked(Withdraw) == [], "no void ticket for each try"
    assert story.asked(RecordRefusal) == [RecordRefusal(Refusal.ARM_UNREACHABLE, PLATE.plate, IN)]


def test_an_arm_that_rose_though_its_order_seemed_to_fail_is_not_told_again() -> None:
    # A second pulse on a raised arm would let a second vehicle in: the board had obeyed, and answered late.
    story = risen(a_vended_lane().then(VendFailed(maybe=True))).time_up().time_up()
    assert story.asked(Vend) == [Vend(TICKET)]
    assert story.line == "Please drive on"


def test_an_arm_that_came_down_again_after_such_an_order_is_told_again() -> None:
    story = risen(a_vended_lane().then(VendFailed(maybe=True))).then(Arm(Position.MOVING), Arm(Position.CLOSED))
    assert story.time_up().asked(Vend) == [Vend(TICKET), Vend(TICKET)]


def test_a_driver_who_gives_up_at_an_arm_that_never_moved_has_backed_out() -> None:
    story = a_vended_lane().then(VendFailed(), Presence(False)).time_up()
    assert story.asked(Withdraw) == [Withdraw(TICKET, IN, vended=True)]


def test_a_refusal_is_recorded_once_for_each_vehicle_and_reason_however_they_alternate() -> None:
    story = a_story().then(Presence(True))
    for _ in range(3):
        story.time_up().then(PLATE, Refused(Refusal.NO_TICKET)).time_up()
    assert {action.reason for action in story.asked(RecordRefusal)} == {
        Refusal.NOT_READ,
        Refusal.NO_TICKET,
    }
    assert len(story.asked(RecordRefusal)) == 2


def test_without_a_closing_loop_nobody_passes_an_arm_that_was_never_told() -> None:
    story = a_vended_lane(closing_loop=False).then(VendFailed(), Presence(False))
    assert story.asked(Withdraw) == [Withdraw(TICKET, IN, vended=True)]
    assert story.asked(Confirm) == []


def test_without_a_closing_loop_nobody_passes_an_arm_that_stayed_down() -> None:
    story = a_vended_lane(closing_loop=False).then(Presence(False))
    assert story.asked(Withdraw) == [Withdraw(TICKET, IN, vended=True)]


def test_a_lane_without_a_closing_loop_takes_the_cars_leaving_for_its_passage() -> None:
    story = a_vended_lane(closing_loop=False).then(Arm(Position.OPEN), Presence(False))
    assert story.asked(Confirm) == [Confirm(TICKET, IN)]


def test_a_timer_of_another_time_changes_nothing() -> None:
    story = a_vended_lane()
    old = story.lane.timer - 1
    said_before, phase = len(story.actions), story.lane.phase
    story.then(TimeUp(old))
    assert (len(story.actions), story.lane.phase) == (said_before, phase)


def test_every_pair_of_phase_and_signal_is_named() -> None:
    kinds = typing.get_args(said.Signal)
    assert set(TRANSITIONS) == set(itertools.product(Phase, kinds))


LEVELS = st.sampled_from([True, False, None])
OUTSIDE = st.one_of(
    st.builds(Presence, LEVELS),
    st.builds(UnderArm, LEVELS),
    st.builds(Arm, st.sampled_from(Position)),
    st.just(PLATE),
    st.just(VendFailed()),
    st.just("answer yes"),
    st.just("answer no"),
    st.just("time up"),
)


def live_through(events: list[Signal | str]) -> tuple[list[TicketId], list[Action], list[tuple[Lane, Action]]]:
    """Play a lane with an honest parking service: it answers what it was asked, in order, with a new ticket each."""
    story, asked, issued = a_story(), 0, list[TicketId]()
    vends: list[tuple[Lane, Action]] = []
    for event in events:
        before = len(story.actions)
        if event == "time up":
            story.time_up()
        elif event in ("answer yes", "answer no"):
            if len(story.asked(Decide)) == asked:
                continue
            asked += 1
            if event == "answer no":
                story.then(Refused(Refusal.LOT_FULL))
            else:
                issued.append(TicketId(f"t{asked}"))
                story.then(Allowed(issued[-1], ""))
        elif isinstance(event, VendFailed) and story.lane.phase is not Phase.VENDED:
            continue
        else:
            assert not isinstance(event, str)
            story.then(event)
        vends += [(story.lane, action) for action in story.actions[before:] if isinstance(action, Vend)]
    return issued, story.actions, vends


@settings(max_examples=500, deadline=None)
@given(st.lists(OUTSIDE, max_size=60))
def test_whatever_happens_a_ticket_is_confirmed_or_withdrawn_at_most_once(events: list[Signal | str]) -> None:
    issued, actions, _ = live_through(events)
    settled = [action.ticket for action in actions if isinstance(action, Confirm | Withdraw | Unresolve)]
    assert len(settled) == len(set(settled))
    assert set(settled) <= set(issued)
    assert len(issued) - len(settled) <= 1, "at most the one that is in the lane now is open"


@settings(max_examples=500, deadline=None)
@given(st.lists(OUTSIDE, max_size=60))
def test_whatever_happens_no_arm_is_raised_without_a_vehicle_and_a_ticket(events: list[Signal | str]) -> None:
    issued, _, vends = live_through(events)
    for lane, action in vends:
        assert lane.present is True
        assert isinstance(action, Vend)
        assert action.ticket in issued


@settings(max_examples=300, deadline=None)
@given(st.lists(OUTSIDE, max_size=60))
def test_no_timer_is_ever_used_twice(events: list[Signal | str]) -> None:
    _, actions, _ = live_through(events)
    for which in Which:
        timers = [action.timer for action in actions if isinstance(action, StartTimer) and action.which is which]
        assert timers == sorted(set(timers))


@pytest.mark.parametrize("phase", list(Phase))
def test_a_late_answer_is_taken_back_unless_the_lane_waits_for_it(phase: Phase) -> None:
    actions = step(in_phase(phase), Allowed(TICKET, ""), Monotonic(2_000_000_000)).actions
    if phase is Phase.DECIDING:
        assert Vend(TICKET) in actions
    else:
        assert Withdraw(TICKET, IN, vended=False) in actions
        assert not any(isinstance(action, Vend) for action in actions)
