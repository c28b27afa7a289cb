"""What a lane does when things go wrong in it: tailgates, wrong ways, stuck arms, chattering loops, fire, people."""

from __future__ import annotations

import pytest

from drivers.contract import Position, PrintedTicket
from edge.lane.actions import (
    Call,
    Clear,
    Confirm,
    Count,
    Decide,
    Hold,
    Lower,
    Print,
    RecordHold,
    Release,
    Unresolve,
    Withdraw,
)
from edge.lane.lane import WhenUnread
from edge.lane.signals import (
    Allowed,
    Arm,
    Asked,
    Blind,
    Button,
    Code,
    FarPresence,
    Fire,
    Guess,
    HoldFailed,
    Phase,
    Presence,
    Pressed,
    Read,
    Refused,
    Signal,
    UnderArm,
    Unread,
    Vend,
    VendFailed,
)
from models.ids import TicketId
from models.lanes import HoldCause, LaneState, OrderKind
from models.plates import Plate
from models.refusals import Refusal
from models.tickets import Direction
from tests.edge.lanes import ANOTHER, PLATE, TICKET, Story, a_quiet_lane, a_story, a_vended_lane, risen

IN, OUT = Direction.ENTRY, Direction.EXIT


def it_passes(story: Story) -> Story:
    return story.then(UnderArm(True), Presence(False), UnderArm(False))


def the_arm_falls(story: Story) -> Story:
    return story.then(Arm(Position.MOVING), Arm(Position.CLOSED))


# --- vehicles that nothing was vended for ---


def test_a_car_that_follows_through_on_anothers_vend_is_counted_as_a_tailgate() -> None:
    story = it_passes(risen(a_vended_lane()))
    it_passes(story.then(Presence(True)))
    assert story.counted == ["entry tailgate"]
    assert story.raised == ["lane.tailgate"]
    assert Clear("lane.tailgate") in story.actions
    assert len(story.asked(Confirm)) == 1


def test_a_car_that_follows_so_close_that_the_closing_loop_never_clears_is_counted_too() -> None:
    story = risen(a_vended_lane()).then(UnderArm(True), Presence(False), Presence(True), Presence(False))
    assert story.then(UnderArm(False)).counted == ["entry tailgate"]
    assert story.asked(Confirm) == [Confirm(TICKET, IN)]


def test_a_car_that_waits_close_behind_while_the_first_is_under_the_arm_is_no_tailgate() -> None:
    story = risen(a_vended_lane()).then(UnderArm(True), Presence(False), Presence(True), UnderArm(False))
    assert story.counted == []
    assert story.lane.phase is Phase.READING


@pytest.mark.parametrize("answer", [Allowed(TicketId("its-own"), "Goodbye"), Refused(Refusal.PAYMENT_DECLINED)])
def test_a_car_that_follows_through_while_it_is_asked_to_pay_is_a_tailgate_at_once(answer: Allowed | Refused) -> None:
    story = it_passes(risen(a_vended_lane(direction=OUT)))
    it_passes(story.then(Presence(True), ANOTHER))
    assert story.counted == ["exit tailgate"]
    assert story.asked(Count)[-1].plate == ANOTHER.plate
    story.then(answer)
    assert story.counted == ["exit tailgate"], "the arm wasn't kept up"
    assert len(story.asked(Confirm)) == 1, "its stay isn't over: it left unpaid"
    assert len(story.asked(Vend)) == 1
    assert story.lane.phase is Phase.IDLE


def test_a_car_that_comes_the_wrong_way_while_the_arm_is_up_is_counted_against_the_lane() -> None:
    story = it_passes(risen(a_vended_lane()))
    story.then(UnderArm(True), Presence(True), UnderArm(False), Presence(False))
    assert story.counted == ["exit wrong_way"]
    assert story.raised == ["lane.wrong_way"]
    assert story.lane.phase is Phase.IDLE
    assert len(story.asked(Decide)) == 1, "its plate isn't read as if it wanted in"


def test_a_car_that_is_under_the_arm_before_the_arming_loop_was_heard_is_neither_wrong_nor_a_tailgate() -> None:
    story = a_story().then(UnderArm(True), Presence(True), UnderArm(False))
    assert story.counted == []
    assert story.raised == []


def test_a_car_that_rolls_under_the_arm_while_its_arming_loop_goes_out_of_reach_gets_no_vend() -> None:
    story = a_quiet_lane().then(Presence(True), PLATE, UnderArm(True), Presence(None), Allowed(TICKET, ""))
    assert story.asked(Vend) == []


def test_who_stands_there_gets_no_vend_on_the_answer_for_one_that_went_under_the_arm_out_of_sight() -> None:
    story = a_quiet_lane().then(Presence(True), PLATE, UnderArm(True), Presence(False), Presence(True))
    story.then(UnderArm(None), Allowed(TICKET, ""))
    assert story.asked(Vend) == []


def test_somebody_who_only_walks_over_the_closing_loop_is_not_counted() -> None:
    story = a_quiet_lane().then(UnderArm(True), UnderArm(False))
    assert story.counted == []
    assert story.actions[-3:].count(Clear("lane.wrong_way")) == 1


def test_a_car_that_drives_through_a_closed_arm_is_a_forced_passage() -> None:
    story = a_quiet_lane().then(Presence(True), PLATE, Refused(Refusal.LOT_FULL))
    it_passes(story)
    assert story.counted == ["entry forced"]
    assert story.raised == ["lane.forced_passage"]


def test_the_next_car_is_served_after_a_tailgater() -> None:
    story = it_passes(risen(a_vended_lane())).then(Presence(True), UnderArm(True), Presence(False))
    story.then(Presence(True), UnderArm(False))
    assert story.lane.phase is Phase.READING


# --- rolled back, or passed with another one close behind? ---


def test_a_car_that_rolls_back_from_under_the_arm_keeps_its_ticket_and_is_vended_again() -> None:
    story = risen(a_vended_lane()).then(UnderArm(True), UnderArm(False))
    assert story.lane.phase is Phase.UNSURE
    story.then(PLATE)
    assert story.lane.phase is Phase.VENDED
    assert story.asked(Vend) == [Vend(TICKET), Vend(TICKET)]
    assert story.asked(Confirm) == []
    the_arm_falls(story.then(Presence(False)).wait(4))
    assert story.asked(Withdraw) == [Withdraw(TICKET, IN, vended=True)]


def test_the_plate_of_the_next_car_shows_that_the_first_has_passed() -> None:
    story = risen(a_vended_lane()).then(UnderArm(True), UnderArm(False), ANOTHER)
    assert story.asked(Confirm) == [Confirm(TICKET, IN)]
    assert story.asked(Decide)[-1].asked.credential == ANOTHER


def test_when_nothing_tells_whether_it_rolled_back_the_ticket_stays_unresolved() -> None:
    story = risen(a_vended_lane()).then(UnderArm(True), UnderArm(False)).wait(13)
    assert story.asked(Unresolve) == [Unresolve(TICKET, IN)]


def test_the_next_car_is_not_let_in_on_the_ticket_of_one_that_backed_out_a_moment_ago() -> None:
    story = risen(a_vended_lane()).then(Presence(False), Presence(True), ANOTHER)
    assert story.asked(Withdraw) == [Withdraw(TICKET, IN, vended=True)]
    assert story.asked(Decide)[-1].asked.credential == ANOTHER


def test_a_driver_who_takes_their_time_between_the_loops_keeps_the_vend_while_the_arm_is_up() -> None:
    story = risen(a_vended_lane()).then(Presence(False)).wait(10)
    story.then(UnderArm(True), UnderArm(False))
    assert story.asked(Confirm) == [Confirm(TICKET, IN)]
    assert story.asked(Withdraw) == []


def test_a_closing_loop_that_sees_nobody_though_cars_go_from_a_raised_arm_is_silent() -> None:
    story = a_vended_lane()
    for _ in range(3):
        the_arm_falls(risen(story).then(Presence(False)).wait(4)).then(Presence(True), PLATE, Allowed(TICKET, ""))
    assert story.raised == ["lane.closing_loop_silent"]
    assert Clear("lane.closing_loop_silent") in story.then(UnderArm(True)).actions


def test_what_is_under_the_arm_twice_without_a_plate_is_nobodys_for_certain() -> None:
    story = risen(a_vended_lane()).then(UnderArm(True), UnderArm(False), UnderArm(True), Presence(False))
    story.then(UnderArm(False))
    assert story.asked(Confirm) == []
    assert story.asked(Unresolve) == [Unresolve(TICKET, IN)]


def test_a_car_let_in_by_hand_that_rolls_back_and_drives_on_is_counted_once() -> None:
    story = a_quiet_lane()
    story.then(Presence(True)).order(OrderKind.OPEN)
    risen(story).then(UnderArm(True), UnderArm(False), UnderArm(True), Presence(False), UnderArm(False))
    assert story.counted == ["entry manual"]


def test_a_car_that_came_with_a_code_and_rolls_back_shows_its_code_again() -> None:
    story = a_quiet_lane(direction=OUT).then(Presence(True), Code("PG1:ABCD12"), Allowed(TICKET, ""))
    risen(story).then(UnderArm(True), UnderArm(False))
    assert story.asked(Confirm) == []
    story.then(Code("PG1:ABCD12"))
    assert story.asked(Vend) == [Vend(TICKET), Vend(TICKET)]


def test_a_closing_loop_that_sticks_while_nobody_is_served_does_not_stop_the_lane() -> None:
    story = a_quiet_lane().then(UnderArm(True)).wait(61)
    story.then(Presence(True), PLATE, Allowed(TICKET, ""))
    assert story.asked(Vend) == [Vend(TICKET)]
    assert story.then(Presence(False)).wait(4).asked(Unresolve) == [Unresolve(TICKET, IN)]


@pytest.mark.parametrize("heard", [(Presence(None),), (Presence(None), Presence(True))])
def test_nobody_is_let_in_on_the_answer_for_one_who_drove_on_while_the_arming_loop_was_unknown(
    heard: tuple[Signal, ...],
) -> None:
    story = a_quiet_lane().then(Presence(True), PLATE, UnderArm(True), *heard, UnderArm(False))
    story.then(Allowed(TICKET, ""))
    assert story.asked(Vend) == []
    assert story.asked(Withdraw) == [Withdraw(TICKET, IN, vended=False)]


def test_whom_a_person_let_through_is_let_through_though_the_arming_loop_was_unknown_meanwhile() -> None:
    story = a_quiet_lane().then(Presence(True), PLATE, UnderArm(True))
    assert story.order(OrderKind.OPEN) == ""
    story.then(Presence(None), UnderArm(False)).wait(10)
    assert len(story.asked(Vend)) == 1


# --- the arm ---


def test_an_arm_that_rises_by_itself_was_forced() -> None:
    story = a_quiet_lane().wait(60).then(Arm(Position.MOVING))
    assert story.raised == ["barrier.forced"]
    assert story.order(OrderKind.RESET_FAULTS) == ""
    assert Clear("barrier.forced") in story.actions


def test_an_arm_that_rises_on_its_vend_was_not_forced() -> None:
    assert risen(a_vended_lane()).raised == []


def test_an_arm_between_up_and_down_for_too_long_is_stuck() -> None:
    story = a_vended_lane().then(Arm(Position.MOVING)).wait(9)
    assert story.raised == ["barrier.stuck_half_way"]
    assert Clear("barrier.stuck_half_way") in story.then(Arm(Position.OPEN)).actions


@pytest.mark.parametrize("can_lower", [True, False])
def test_an_arm_that_stays_up_after_the_last_car_is_stuck_and_told_to_close_once_if_it_can(can_lower: bool) -> None:
    story = it_passes(risen(a_vended_lane(can_lower=can_lower))).wait(200)
    assert story.raised == ["barrier.stuck_up"]
    assert len(story.asked(Lower)) == can_lower
    assert Clear("barrier.stuck_up") in the_arm_falls(story).actions


def test_an_arm_that_was_kept_open_for_hours_is_not_stuck_when_that_ends() -> None:
    story = a_quiet_lane(can_lower=True)
    story.order(OrderKind.KEEP_OPEN)
    risen(story).wait(7200).order(OrderKind.RELEASE)
    assert story.raised == []
    assert story.asked(Lower) == []
    assert story.wait(60).raised == ["barrier.stuck_up"]


def test_an_arm_is_never_told_to_close_while_something_may_be_under_it() -> None:
    story = it_passes(risen(a_vended_lane(can_lower=True))).then(UnderArm(None)).wait(200)
    assert story.asked(Lower) == []
    assert story.order(OrderKind.CLOSE) == "something is, or may be, under the arm"


def test_an_arm_that_says_it_is_broken_is_a_fault_until_it_says_otherwise() -> None:
    story = a_quiet_lane().then(Arm(Position.FAULTED))
    assert story.raised == ["barrier.faulted"]
    assert Clear("barrier.faulted") in story.then(Arm(Position.CLOSED)).actions


def test_an_assumed_position_is_no_evidence_of_anything() -> None:
    story = a_vended_lane(reads_back=False).wait(20)
    assert story.raised == []
    assert len(story.asked(Vend)) == 1


# --- the loops ---


def test_a_loop_that_chatters_is_not_believed_and_vends_nothing() -> None:
    story = a_quiet_lane()
    for _ in range(8):
        story.then(Presence(True), Presence(False))
    assert story.raised == ["lane.arming_loop_chatters"]
    assert story.lane.present is None
    story.then(Presence(True), PLATE)
    assert story.asked(Decide) == []
    story.wait(6)
    assert Clear("lane.arming_loop_chatters") in story.actions
    assert story.lane.phase is Phase.READING, "quiet again, and somebody stands there"


def test_an_arming_loop_that_never_clears_is_stuck_and_the_lane_works_on() -> None:
    story = a_quiet_lane().then(Presence(True)).wait(1000)
    assert "lane.arming_loop_stuck" in story.raised
    assert story.then(PLATE, Allowed(TICKET, "")).asked(Vend) == [Vend(TICKET)]


# --- kept open, closed, full ---


def test_an_arm_that_is_kept_open_lets_everybody_through_and_counts_whom_it_has_no_ticket_for() -> None:
    story = a_quiet_lane()
    assert story.order(OrderKind.KEEP_OPEN) == ""
    story.then(Arm(Position.HELD))
    it_passes(story.then(Presence(True)))
    assert story.counted == ["entry held"]
    assert len(story.asked(Hold)) == 1
    assert story.asked(Vend) == []


def test_a_car_whose_plate_is_read_under_an_arm_kept_open_has_its_ticket() -> None:
    story = a_quiet_lane()
    story.order(OrderKind.KEEP_OPEN)
    story.then(Arm(Position.HELD), Presence(True), PLATE, Allowed(TICKET, ""))
    it_passes(story)
    assert story.asked(Confirm) == [Confirm(TICKET, IN)]
    assert story.asked(Vend) == []
    assert story.counted == []


def test_a_car_that_is_through_before_the_desk_answers_has_its_ticket_confirmed() -> None:
    story = a_quiet_lane()
    story.order(OrderKind.KEEP_OPEN)
    story.then(Arm(Position.HELD), Presence(True), PLATE)
    it_passes(story)
    assert story.counted == []
    assert story.then(Allowed(TICKET, "")).asked(Confirm) == [Confirm(TICKET, IN)]


def test_nobody_is_asked_for_money_at_an_exit_that_is_kept_open() -> None:
    story = a_quiet_lane(direction=OUT)
    story.order(OrderKind.KEEP_OPEN)
    story.then(Presence(True), PLATE)
    by_hand = story.asked(Decide)[0].asked.by_hand
    assert by_hand is not None
    assert by_hand.kind is OrderKind.KEEP_OPEN


def test_the_end_of_keep_open_waits_until_nothing_is_under_the_arm() -> None:
    story = a_quiet_lane()
    story.order(OrderKind.KEEP_OPEN)
    story.then(Arm(Position.HELD), Presence(True), UnderArm(True))
    assert story.order(OrderKind.RELEASE) == ""
    assert story.asked(Release) == []
    story.then(Presence(False), UnderArm(False))
    assert story.asked(Release) == [Release()]


def test_the_end_of_a_hold_waits_for_the_car_that_is_being_let_through() -> None:
    story = a_quiet_lane()
    story.order(OrderKind.KEEP_OPEN)
    story.then(Arm(Position.HELD), Presence(True), PLATE, Allowed(TICKET, ""))
    assert story.order(OrderKind.RELEASE) == ""
    assert story.asked(Release) == []
    assert it_passes(story).asked(Release) == [Release()]
    assert story.asked(Confirm) == [Confirm(TICKET, IN)]


def test_a_person_can_have_an_arm_that_should_be_up_told_so_again() -> None:
    story = a_quiet_lane().then(Fire(True))
    assert story.order(OrderKind.OPEN) == ""
    assert len(story.asked(Hold)) == 2


def test_the_end_of_a_hold_that_did_not_get_out_is_told_again() -> None:
    story = a_quiet_lane()
    story.order(OrderKind.KEEP_OPEN)
    story.order(OrderKind.RELEASE)
    story.then(HoldFailed()).wait(5)
    assert len(story.asked(Release)) == 2


def test_a_hold_that_was_ordered_before_the_restart_is_told_again() -> None:
    story = a_story(hold=HoldCause.KEEP_OPEN).begins()
    assert story.asked(Hold) == [Hold()]


def test_a_lane_that_was_not_held_moves_nothing_when_it_starts() -> None:
    assert a_story().begins().actions == []


def test_a_barrier_that_can_not_hold_is_told_to_rise_again_and_again() -> None:
    story = a_quiet_lane(can_hold=False)
    story.order(OrderKind.KEEP_OPEN)
    assert len(story.wait(21).asked(Vend)) == 5
    story.order(OrderKind.RELEASE)
    assert len(story.wait(21).asked(Vend)) == 5


def test_a_closed_lane_says_so_and_asks_nobody() -> None:
    story = a_quiet_lane()
    assert story.order(OrderKind.SET_STATE, LaneState.CLOSED) == ""
    story.then(Presence(True), PLATE)
    assert story.line == Refusal.LANE_CLOSED.driver
    assert story.asked(Decide) == []
    assert story.order(OrderKind.SET_STATE, LaneState.OPEN) == ""
    assert story.lane.phase is Phase.READING


def test_a_lane_closed_to_transients_leaves_the_decision_to_the_desk() -> None:
    story = a_quiet_lane()
    story.order(OrderKind.SET_STATE, LaneState.CLOSED_TO_TRANSIENTS)
    story.then(Presence(True), PLATE)
    assert story.asked(Decide)[0].asked.state is LaneState.CLOSED_TO_TRANSIENTS


def test_an_exit_is_open_or_closed() -> None:
    assert a_quiet_lane(direction=OUT).order(OrderKind.SET_STATE, LaneState.FULL) == "an exit is open or closed"


# --- fire ---


def test_fire_raises_the_arm_over_any_fault_and_keeps_it_up_until_a_person_resets_it() -> None:
    story = a_quiet_lane(fire_input=True).then(Arm(Position.FAULTED), UnderArm(None), Fire(True))
    assert story.asked(Hold) == [Hold()]
    story.then(Fire(False)).wait(600)
    assert story.asked(Release) == []
    assert story.order(OrderKind.RELEASE) != ""
    story.then(UnderArm(False))
    assert story.order(OrderKind.RESET_FIRE) == ""
    assert story.asked(Release) == [Release()]
    assert story.asked(RecordHold)[-1].cause is None


def test_a_fire_that_still_burns_can_not_be_reset() -> None:
    story = a_quiet_lane(fire_input=True).then(Fire(True))
    assert story.order(OrderKind.RESET_FIRE) == "the fire contact still says fire"
    story.then(Fire(None))
    assert story.order(OrderKind.RESET_FIRE) == "the fire contact can't be read"


def test_in_a_fire_nobody_is_asked_for_anything_and_everybody_is_counted() -> None:
    story = a_quiet_lane(direction=OUT).then(Presence(True), PLATE, Fire(True), Allowed(TICKET, ""))
    assert story.asked(Withdraw) == [Withdraw(TICKET, OUT, vended=False)]
    it_passes(story)
    it_passes(story.then(Presence(True)))
    assert story.counted == ["exit fire", "exit fire"]
    assert len(story.asked(Decide)) == 1


def test_after_a_fire_an_arm_that_was_kept_open_stays_open() -> None:
    story = a_quiet_lane()
    story.order(OrderKind.KEEP_OPEN)
    story.then(Fire(True), Fire(False))
    assert story.order(OrderKind.RESET_FIRE) == ""
    assert story.asked(Release) == []
    assert story.lane.hold is HoldCause.KEEP_OPEN


def test_an_arm_that_does_not_rise_for_a_fire_is_told_again() -> None:
    story = a_quiet_lane().then(Fire(True)).wait(11)
    assert len(story.asked(Hold)) == 3
    assert set(story.raised) == {"barrier.silent"}


# --- a person opens ---


def test_a_person_opens_for_somebody_whom_no_plate_is_known_of_and_the_passage_is_counted() -> None:
    story = a_quiet_lane()
    assert story.order(OrderKind.OPEN) == ""
    assert story.asked(Vend) == [Vend(None, "order-1")]
    it_passes(risen(story).then(Presence(True)))
    assert story.counted == ["entry manual"]


def test_a_person_opens_for_a_refused_car_and_what_can_be_put_on_record_is() -> None:
    story = a_quiet_lane(direction=OUT).then(Presence(True), PLATE, Refused(Refusal.PAYMENT_DECLINED))
    story.order(OrderKind.OPEN)
    assert story.asked(Decide)[-1].asked.by_hand is not None
    story.then(Allowed(TICKET, ""))
    assert story.asked(Vend) == [Vend(TICKET, "order-1")]


def test_a_person_opens_whatever_the_desk_says() -> None:
    story = a_quiet_lane(direction=OUT).then(Presence(True), PLATE, Refused(Refusal.NO_TICKET))
    story.order(OrderKind.OPEN)
    story.then(Refused(Refusal.NOT_RECORDED))
    it_passes(risen(story))
    assert story.counted == ["exit manual"]


def test_a_person_who_opens_does_not_wait_for_a_desk_that_hangs() -> None:
    story = a_quiet_lane(direction=OUT).then(Presence(True), PLATE)
    assert story.order(OrderKind.OPEN) == ""
    assert story.wait(4).asked(Vend) == [Vend(None, "order-1")]
    story.then(Allowed(TICKET, ""))
    assert story.asked(Withdraw) == [Withdraw(TICKET, OUT, vended=False)], "the late answer is taken back"
    assert it_passes(risen(story)).counted == ["exit manual"]


def test_a_refusal_that_was_on_its_way_when_a_person_opened_is_asked_again_by_hand() -> None:
    story = a_quiet_lane(direction=OUT).then(Presence(True), PLATE)
    story.order(OrderKind.OPEN)
    story.then(Refused(Refusal.PAYMENT_DECLINED))
    assert story.asked(Decide)[-1].asked.by_hand is not None
    assert story.then(Allowed(TICKET, "")).asked(Vend) == [Vend(TICKET, "order-1")]


def test_a_person_opens_for_what_the_driver_showed_last() -> None:
    story = a_quiet_lane(direction=OUT).then(Presence(True), Code("PG1:ABCD12"), Refused(Refusal.PAYMENT_DECLINED))
    story.order(OrderKind.OPEN)
    assert story.asked(Decide)[-1].asked.credential == Code("PG1:ABCD12")


def test_an_order_to_open_that_nobody_uses_is_over_after_a_while() -> None:
    story = a_quiet_lane()
    story.order(OrderKind.OPEN)
    story.wait(31)
    assert story.lane.phase is Phase.IDLE
    assert story.counted == []


# --- degraded ---


def test_where_no_plate_can_be_read_the_driver_presses_for_a_ticket() -> None:
    story = a_quiet_lane(when_unread=WhenUnread.BUTTON).then(Presence(True), Pressed(Button.TICKET))
    assert story.asked(Decide) == [], "not before the camera has had its time"
    story.wait(13)
    assert story.line == "Press for a ticket"
    printed = PrintedTicket("North", "ABCD-12", "PG1:ABCD12", "12:00")
    story.then(Pressed(Button.TICKET), Allowed(TICKET, "Welcome", printed))
    assert story.asked(Decide)[0].asked == Asked(Unread(by_policy=False))
    assert story.asked(Print) == [Print(printed)]
    assert story.asked(Vend) == [Vend(TICKET)]


def test_with_the_reader_down_nobody_waits_for_it() -> None:
    story = a_quiet_lane(when_unread=WhenUnread.BUTTON).then(Blind(True), Presence(True))
    assert story.line == "Press for a ticket"


def test_an_exit_that_opens_by_policy_counts_what_it_could_not_collect() -> None:
    story = a_quiet_lane(direction=OUT, when_unread=WhenUnread.OPEN).then(Presence(True)).wait(13)
    assert story.asked(Decide)[0].asked.credential == Unread(by_policy=True)
    story.then(Allowed(None, "goodbye"))
    it_passes(risen(story))
    assert story.counted == ["exit policy"]


def test_a_permit_that_is_let_out_without_a_stay_is_counted_as_one() -> None:
    story = a_quiet_lane(direction=OUT).then(Presence(True), PLATE, Allowed(None, "Goodbye"))
    assert it_passes(risen(story)).counted == ["exit permit"]


def test_a_code_opens_an_exit_whose_camera_is_blind() -> None:
    story = a_quiet_lane(direction=OUT).then(Blind(True), Presence(True))
    assert story.line == "Please scan your ticket"
    story.then(Code("PG1:ABCD12"), Allowed(TICKET, ""))
    assert story.asked(Vend) == [Vend(TICKET)]


def test_a_code_shown_while_nobody_stands_there_opens_nothing() -> None:
    assert a_quiet_lane(direction=OUT).then(Code("PG1:ABCD12")).asked(Decide) == []


def test_a_driver_confirms_a_plate_that_the_camera_is_not_sure_of() -> None:
    story = a_quiet_lane().then(Presence(True), Guess(Plate("AB12CDE"), 0.6))
    assert story.line == "Is this your plate? AB12CDE"
    assert story.asked(Decide) == []
    story.then(Pressed(Button.CONFIRM))
    assert story.asked(Decide)[0].asked.credential == Read(Plate("AB12CDE"), 0.6, by_driver=True)


def test_a_driver_who_says_no_is_not_taken_for_that_plate() -> None:
    story = a_quiet_lane().then(Presence(True), Guess(Plate("AB12CDE"), 0.6), Pressed(Button.DENY))
    story.then(Pressed(Button.CONFIRM))
    assert story.asked(Decide) == []


def test_a_call_for_help_is_made_once_however_long_the_button_sticks() -> None:
    story = a_quiet_lane().then(Presence(True), *[Pressed(Button.HELP)] * 50)
    assert story.asked(Call) == [Call(Button.HELP, None)]


# --- both ways ---


def a_two_way_lane() -> Story:
    return a_quiet_lane(two_way=True).then(FarPresence(False))


def test_a_two_way_lane_lets_in_from_the_street() -> None:
    story = a_two_way_lane().then(Presence(True), PLATE, Allowed(TICKET, ""))
    risen(story).then(UnderArm(True), Presence(False), FarPresence(True), UnderArm(False), FarPresence(False))
    assert story.asked(Confirm) == [Confirm(TICKET, IN)]
    assert story.lane.phase is Phase.IDLE
    assert len(story.asked(Decide)) == 1, "the far loop doesn't take it for somebody who wants out"


def test_a_two_way_lane_lets_out_from_the_far_side() -> None:
    story = a_two_way_lane().then(FarPresence(True), PLATE)
    assert story.asked(Decide)[0].direction is OUT
    story.then(Allowed(TICKET, ""))
    risen(story).then(UnderArm(True), FarPresence(False), Presence(True), UnderArm(False), Presence(False))
    assert story.asked(Confirm) == [Confirm(TICKET, OUT)]
    assert story.lane.phase is Phase.IDLE


def test_in_a_two_way_lane_the_one_on_the_other_side_is_served_next() -> None:
    story = a_two_way_lane().then(Presence(True), FarPresence(True), PLATE, Allowed(TICKET, ""))
    story.then(Presence(False)).wait(4)
    assert story.asked(Withdraw) == [Withdraw(TICKET, IN, vended=True)]
    story.then(ANOTHER)
    assert story.asked(Decide)[-1].direction is OUT


def test_who_comes_towards_one_that_went_back_long_ago_is_not_let_through_on_its_ticket() -> None:
    story = a_quiet_lane(two_way=True).then(FarPresence(False), Presence(True), PLATE, Allowed(TICKET, "Welcome"))
    risen(story).then(Presence(False)).wait(4).then(FarPresence(True))
    assert story.asked(Withdraw) == [Withdraw(TICKET, IN, vended=True)]
    it_passes(story.then(ANOTHER))
    assert story.asked(Confirm) == []
    assert story.lane.direction is OUT


def test_an_order_to_open_is_for_whoever_comes_after_one_from_the_other_side_has_gone_back() -> None:
    story = a_quiet_lane(two_way=True).then(FarPresence(False))
    story.order(OrderKind.OPEN)
    risen(story).then(FarPresence(True), FarPresence(False)).wait(4)
    it_passes(story.then(Presence(True)))
    assert story.counted == ["entry manual"]


def test_a_vend_that_fails_after_its_car_has_gone_is_not_the_next_cars() -> None:
    story = a_vended_lane().then(Presence(False)).wait(4).then(Presence(True), ANOTHER, Allowed(TicketId("second"), ""))
    story.then(VendFailed(vend=Vend(TICKET))).wait(1)
    assert story.line == "" or "moment" not in story.line
    assert len(story.asked(Vend)) == 2


def test_a_vend_that_failed_is_not_told_while_nobody_stands_there() -> None:
    story = a_vended_lane().then(VendFailed(), Presence(None)).wait(60)
    assert len(story.asked(Vend)) == 1
