"""A closing loop that is occupied for a moment: birds, people, and a computer that stood still while a car passed."""

from __future__ import annotations

import pytest

from drivers.contract import Position
from edge.lane.actions import Clear, Confirm, Decide, Unresolve, Watch, Withdraw
from edge.lane.signals import Allowed, Arm, FarPresence, Phase, Presence, Signal, UnderArm, Vend
from models.ids import TicketId
from models.lanes import OrderKind
from models.tickets import Direction
from tests.edge.lanes import ANOTHER, PLATE, TICKET, Story, a_quiet_lane, a_vended_lane, risen

IN = Direction.ENTRY
BLIP = (UnderArm(True), UnderArm(False))
A_PASSAGE = {
    "a car": (UnderArm(True), Presence(False), UnderArm(False)),
    "a motorcycle": (Presence(False), UnderArm(True), UnderArm(False)),
    "a car, by loops on two boards": (UnderArm(True), UnderArm(False), Presence(False)),
}
each_passage = pytest.mark.parametrize("heard", A_PASSAGE.values(), ids=A_PASSAGE.keys())


def the_arm_falls(story: Story) -> Story:
    return story.then(Arm(Position.MOVING), Arm(Position.CLOSED)).wait(5)


def vended(ticket: TicketId | None, **fitted: bool) -> Story:
    return a_quiet_lane(**fitted).then(Presence(True), PLATE, Allowed(ticket, ""))


def a_two_way_lane(ticket: TicketId | None = TICKET) -> Story:
    return a_quiet_lane(two_way=True).then(FarPresence(False), Presence(True), PLATE, Allowed(ticket, ""))


# --- a passage that is heard in one moment ---


@each_passage
def test_a_passage_that_is_heard_in_one_moment_leaves_the_ticket_to_the_next_one(heard: tuple[Signal, ...]) -> None:
    story = the_arm_falls(risen(a_vended_lane()).at_once(*heard).wait(4))
    assert story.asked(Withdraw) == [] == story.asked(Confirm)
    assert story.asked(Unresolve) == [Unresolve(TICKET, IN)]


@each_passage
def test_a_passage_without_a_ticket_that_is_heard_in_one_moment_is_counted(heard: tuple[Signal, ...]) -> None:
    assert the_arm_falls(risen(vended(None)).at_once(*heard).wait(4)).counted == ["entry permit"]


def test_a_slow_driver_is_between_the_loops_for_a_while_before_that_moment() -> None:
    story = risen(a_vended_lane()).then(Presence(False)).wait(10).at_once(*BLIP)
    assert the_arm_falls(story.wait(4)).asked(Unresolve) == [Unresolve(TICKET, IN)]


@pytest.mark.parametrize("ticket", [TICKET, None])
@pytest.mark.parametrize("later", [0.0, 0.3, 2.0])
def test_the_next_car_is_not_let_in_on_the_vend_of_one_whose_passage_was_heard_in_one_moment(
    ticket: TicketId | None, later: float
) -> None:
    story = risen(vended(ticket)).at_once(*A_PASSAGE["a car"])
    story = story.wait(later).then(Presence(True)) if later else story.at_once(Presence(True))
    story.wait(1).then(ANOTHER)
    assert story.lane.phase is Phase.DECIDING
    assert story.asked(Decide)[-1].asked.credential == ANOTHER
    assert story.asked(Unresolve) == ([Unresolve(ticket, IN)] if ticket else [])
    assert story.counted == ([] if ticket else ["entry permit"])


@pytest.mark.parametrize("ticket", [TICKET, None])
def test_who_only_moved_back_a_little_keeps_the_vend_and_is_counted_once(ticket: TicketId | None) -> None:
    story = risen(vended(ticket)).at_once(*BLIP).wait(1).then(Presence(False)).wait(1)
    story.then(Presence(True), PLATE)
    assert story.asked(Vend) == [Vend(ticket), Vend(ticket)]
    story.then(UnderArm(True), Presence(False), UnderArm(False))
    assert story.asked(Confirm) == ([Confirm(ticket, IN)] if ticket else [])
    assert story.counted == ([] if ticket else ["entry permit"])
    assert story.asked(Withdraw) == [] == story.asked(Unresolve)


def test_a_passage_without_a_ticket_is_counted_also_where_the_next_car_is_never_read() -> None:
    story = risen(vended(None)).at_once(*A_PASSAGE["a car"]).wait(1).then(Presence(True)).wait(13)
    assert story.counted == ["entry permit"]
    assert story.lane.phase is Phase.READING


def test_who_drives_on_before_they_are_looked_at_again_comes_from_no_wrong_way() -> None:
    story = risen(a_vended_lane()).at_once(*BLIP).then(Presence(False), Presence(True), Presence(False))
    story.then(UnderArm(True), UnderArm(False))
    assert story.counted == [] == story.raised
    assert story.asked(Unresolve) == [Unresolve(TICKET, IN)]


def test_in_a_two_way_lane_the_loop_beyond_the_arm_proves_the_passage() -> None:
    story = risen(a_two_way_lane()).at_once(*A_PASSAGE["a car"], FarPresence(True)).then(FarPresence(False))
    assert story.asked(Confirm) == [Confirm(TICKET, IN)]
    long = risen(a_two_way_lane()).at_once(UnderArm(True), FarPresence(True), Presence(False), UnderArm(False))
    assert long.asked(Confirm) == [Confirm(TICKET, IN)]


def test_before_an_arm_without_an_arming_loop_a_blip_may_have_been_the_passage() -> None:
    story = risen(a_vended_lane(arming_loop=False)).at_once(*BLIP).wait(8)
    assert the_arm_falls(story.then(Presence(False)).wait(4)).asked(Unresolve) == [Unresolve(TICKET, IN)]


# --- birds and people ---


def test_who_was_under_the_arm_for_a_moment_after_a_car_had_left_confirms_nobody() -> None:
    """Of a passage that was heard too late no more may be left than that."""
    story = risen(a_vended_lane()).then(Presence(False), UnderArm(True)).at_once(UnderArm(False))
    assert the_arm_falls(story.wait(4)).asked(Confirm) == []
    assert story.asked(Unresolve) == [Unresolve(TICKET, IN)]


def test_a_car_that_passes_after_a_blip_is_confirmed() -> None:
    story = risen(a_vended_lane()).at_once(*BLIP).then(UnderArm(True), Presence(False), UnderArm(False))
    assert story.asked(Confirm) == [Confirm(TICKET, IN)]


def test_a_blip_while_nobody_is_served_is_no_passage() -> None:
    story = a_quiet_lane().at_once(*BLIP)
    assert story.counted == []
    assert Clear("lane.wrong_way") in story.actions


def test_whoever_stays_before_an_arm_under_which_something_was_for_a_moment_has_backed_out_when_they_leave() -> None:
    story = risen(a_vended_lane()).at_once(*BLIP).wait(5).then(Presence(False))
    assert the_arm_falls(story.wait(4)).asked(Withdraw) == [Withdraw(TICKET, IN, vended=True)]


def test_a_blip_before_the_vend_says_nothing_of_the_vehicle() -> None:
    story = a_quiet_lane().then(Presence(True)).at_once(*BLIP).then(PLATE, Allowed(TICKET, ""))
    assert the_arm_falls(risen(story).then(Presence(False)).wait(4)).asked(Withdraw)


@pytest.mark.parametrize("ticket", [TICKET, None])
def test_nobody_passed_an_arm_that_was_down_all_the_time(ticket: TicketId | None) -> None:
    story = vended(ticket).at_once(*BLIP).wait(1).then(Presence(False)).wait(4)
    assert story.asked(Withdraw) == ([Withdraw(ticket, IN, vended=True)] if ticket else [])
    assert story.counted == []


def test_a_blip_under_an_arm_that_was_opened_for_nobody_in_particular_is_nobody() -> None:
    story = a_quiet_lane()
    story.order(OrderKind.OPEN)
    assert risen(story).wait(1).at_once(*BLIP).wait(40).counted == []


def test_whom_an_arm_was_opened_for_comes_from_the_far_side_after_a_blip_as_before_it() -> None:
    story = a_quiet_lane(two_way=True).then(FarPresence(False))
    story.order(OrderKind.OPEN)
    risen(story).wait(1).at_once(*BLIP).wait(1).then(FarPresence(True), UnderArm(True), FarPresence(False))
    story.then(UnderArm(False), Presence(True), Presence(False))
    assert story.counted == ["exit manual"]


def test_whom_a_loop_loses_for_a_moment_after_a_blip_is_known_by_the_plate() -> None:
    story = risen(a_two_way_lane()).at_once(*BLIP).wait(0.5).then(Presence(False), Presence(True), PLATE).wait(3)
    story.then(FarPresence(True))
    assert story.lane.phase is Phase.VENDED
    story.then(FarPresence(False)).wait(15).then(Presence(False))
    assert the_arm_falls(story.wait(4)).asked(Withdraw) == [Withdraw(TICKET, IN, vended=True)]


def test_who_comes_towards_one_that_backed_out_a_while_ago_is_looked_at() -> None:
    story = risen(a_two_way_lane()).at_once(*BLIP).wait(1).then(Presence(False)).wait(20).then(FarPresence(True))
    assert story.asked(Confirm) == []
    assert story.asked(Unresolve) == [Unresolve(TICKET, IN)]
    assert story.asked(Watch)[-1] == Watch(on=True, far=True)
