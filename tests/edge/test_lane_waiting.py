"""Vehicles that wait for long, arms that stay down or come down too early, and lanes without a loop under their arm."""

from __future__ import annotations

import pytest

from drivers.contract import Position
from edge.lane.actions import (
    Call,
    Clear,
    Confirm,
    Decide,
    Hold,
    LetGo,
    Lower,
    Release,
    Show,
    Unresolve,
    Watch,
    Withdraw,
)
from edge.lane.lane import WhenUnread
from edge.lane.signals import (
    Allowed,
    Arm,
    Blind,
    Button,
    Card,
    Code,
    FarPresence,
    Fire,
    Guess,
    Phase,
    Presence,
    Pressed,
    Read,
    Refused,
    UnderArm,
    Vend,
)
from models.lanes import LaneState, OrderKind
from models.plates import Plate
from models.refusals import Refusal
from models.tickets import Direction
from tests.edge.lanes import ANOTHER, PLATE, TICKET, Story, a_quiet_lane, a_vended_lane, risen

IN = Direction.ENTRY
LOOKS_AGAIN = 31


def looks(story: Story) -> int:
    return story.asked(Watch).count(Watch(on=True))


# --- a vehicle that doesn't use its vend ---


def test_a_car_that_stands_before_its_raised_arm_is_looked_at_again() -> None:
    story = risen(a_vended_lane())
    assert looks(story) == 1
    assert looks(story.wait(LOOKS_AGAIN)) == 2
    assert looks(story.wait(30)) == 3
    assert story.lane.ticket == TICKET


def test_a_car_that_came_instead_of_the_one_before_is_not_let_in_on_its_ticket() -> None:
    story = risen(a_vended_lane()).wait(LOOKS_AGAIN).then(ANOTHER)
    assert story.asked(Withdraw) == [Withdraw(TICKET, IN, vended=True)]
    assert story.asked(Decide)[-1].asked.credential == ANOTHER
    assert story.lane.phase is Phase.DECIDING


@pytest.mark.parametrize("misread", ["AB12CDE", "A812CDE", "A812C0E"])
def test_a_plate_that_is_read_a_little_otherwise_the_second_time_is_the_same_car(misread: str) -> None:
    story = risen(a_vended_lane()).wait(LOOKS_AGAIN).then(Read(Plate(misread), 0.9))
    assert story.lane.phase is Phase.VENDED
    assert story.asked(Withdraw) == []


def test_a_car_that_came_with_a_code_keeps_its_vend_whatever_its_plate_is() -> None:
    story = a_quiet_lane(direction=Direction.EXIT).then(Presence(True), Code("PG1:ABCD12"), Allowed(TICKET, ""))
    risen(story).wait(LOOKS_AGAIN).then(PLATE)
    assert story.lane.phase is Phase.VENDED
    assert story.asked(Withdraw) == []


def test_an_arm_that_comes_down_before_a_slow_driver_is_told_again_and_is_not_silent() -> None:
    story = risen(a_vended_lane()).wait(20).then(Arm(Position.MOVING), Arm(Position.CLOSED)).wait(6)
    assert story.asked(Vend) == [Vend(TICKET), Vend(TICKET)]
    assert story.raised == []
    assert story.wait(6).raised == ["barrier.silent"], "told twice, and it stayed down the second time"


def test_an_arm_that_only_seems_to_have_come_down_is_told_again_for_who_stands_there() -> None:
    story = a_vended_lane(reads_back=False).then(Arm(Position.OPEN)).wait(12)
    assert story.asked(Vend) == [Vend(TICKET)]
    story.then(Arm(Position.CLOSED)).wait(6)
    assert story.asked(Vend) == [Vend(TICKET), Vend(TICKET)]
    assert story.raised == [], "nobody saw it come down"


# --- an arming loop that is stuck ---


def test_the_vend_of_a_car_before_a_stuck_loop_is_not_kept_for_whoever_comes_next() -> None:
    story = risen(a_vended_lane()).wait(1000)
    assert "lane.arming_loop_stuck" in story.raised
    assert story.asked(Withdraw) == [Withdraw(TICKET, IN, vended=True)]
    story.then(UnderArm(True), UnderArm(False))
    assert story.asked(Confirm) == []
    assert story.counted == ["entry tailgate"]


def test_a_stuck_loop_is_not_taken_for_cars_that_the_closing_loop_misses() -> None:
    story = risen(a_vended_lane()).wait(1000)
    for _ in range(4):
        story.then(PLATE, Allowed(TICKET, "")).wait(40)
    assert "lane.closing_loop_silent" not in story.raised


def test_an_arm_is_not_opened_by_policy_for_a_loop_that_is_stuck() -> None:
    story = a_quiet_lane(when_unread=WhenUnread.OPEN, direction=Direction.EXIT)
    story.then(Presence(True), Refused(Refusal.NO_TICKET)).wait(20)
    assert len(story.asked(Decide)) == 1, "as long as the loop is believed, somebody is there"
    stuck = a_quiet_lane(when_unread=WhenUnread.OPEN, direction=Direction.EXIT, fire_input=True)
    stuck.then(Fire(True), Presence(True)).wait(1000).then(Fire(False))
    assert "lane.arming_loop_stuck" in stuck.raised
    stuck.order(OrderKind.RESET_FIRE)
    stuck.then(Blind(True)).wait(60)
    assert stuck.asked(Decide) == []


# --- under an arm that is still down ---


def test_an_arm_that_stays_down_on_a_car_that_has_rolled_up_to_it_is_told_again() -> None:
    story = a_vended_lane().then(UnderArm(True)).wait(6)
    assert story.raised == ["barrier.silent"]
    assert story.asked(Vend) == [Vend(TICKET), Vend(TICKET)]
    risen(story).wait(20).then(Presence(False), UnderArm(False))
    assert story.asked(Confirm) == [Confirm(TICKET, IN)]
    assert Clear("barrier.silent") in story.actions


def test_nobody_tells_an_arm_to_rise_for_a_loop_that_sticks_behind_a_car() -> None:
    story = a_vended_lane().then(UnderArm(True), Presence(False)).wait(61)
    assert story.asked(Vend) == [Vend(TICKET)]
    assert story.asked(Unresolve) == [Unresolve(TICKET, IN)]


def test_a_passage_under_an_arm_that_rises_late_is_given_up_when_the_loop_is_stuck_and_not_before() -> None:
    story = risen(a_vended_lane().then(UnderArm(True)).wait(6)).wait(50)
    assert story.asked(Unresolve) == []
    assert story.wait(6).asked(Unresolve) == [Unresolve(TICKET, IN)]


# --- an arm that was kept up ---


def test_an_arm_that_was_kept_up_for_long_has_its_time_to_come_down() -> None:
    story = a_quiet_lane(can_lower=True)
    story.order(OrderKind.KEEP_OPEN)
    story.then(Arm(Position.HELD)).wait(300)
    story.order(OrderKind.RELEASE)
    assert story.asked(Release) == [Release()]
    story.wait(25)
    assert story.asked(Lower) == []
    assert story.raised == []
    assert story.wait(10).raised == ["barrier.stuck_up"]


def kept_open_without_a_closing_loop(*, direction: Direction = IN) -> Story:
    story = a_quiet_lane(closing_loop=False, direction=direction)
    story.order(OrderKind.KEEP_OPEN)
    return story.then(Arm(Position.HELD), Presence(True))


def test_without_a_closing_loop_whoever_drives_on_under_an_arm_kept_up_is_counted() -> None:
    story = kept_open_without_a_closing_loop().then(Presence(False))
    assert story.counted == ["entry held"]
    assert story.lane.phase is Phase.IDLE


def test_without_a_closing_loop_a_car_that_is_through_before_the_answer_has_its_ticket() -> None:
    story = kept_open_without_a_closing_loop().then(PLATE, Presence(False), Allowed(TICKET, ""))
    assert story.asked(Confirm) == [Confirm(TICKET, IN)]
    assert story.asked(Withdraw) == []
    assert story.counted == []


def test_without_a_closing_loop_a_car_that_is_refused_after_it_drove_on_is_counted() -> None:
    story = kept_open_without_a_closing_loop().then(PLATE, Presence(False), Refused(Refusal.LOT_FULL))
    assert story.counted == ["entry held"]


def test_without_a_closing_loop_the_next_car_is_counted_too_while_the_desk_is_at_the_first() -> None:
    story = kept_open_without_a_closing_loop().then(PLATE, Presence(False), Presence(True), Presence(False))
    story.then(Allowed(TICKET, ""))
    assert story.asked(Confirm) == [Confirm(TICKET, IN)]
    assert story.counted == ["entry held"]


def test_without_a_closing_loop_everybody_is_counted_in_a_fire() -> None:
    story = a_quiet_lane(closing_loop=False, direction=Direction.EXIT).then(Fire(True), Arm(Position.HELD))
    for _ in range(3):
        story.then(Presence(True), Presence(False))
    assert story.counted == ["exit fire"] * 3


def test_nobody_passes_an_arm_that_was_to_be_kept_up_and_stayed_down() -> None:
    story = a_quiet_lane(closing_loop=False)
    story.order(OrderKind.KEEP_OPEN)
    story.then(Presence(True), Presence(False))
    assert story.counted == []


def test_without_a_closing_loop_a_hold_ends_only_when_nobody_has_been_there_for_a_while() -> None:
    story = kept_open_without_a_closing_loop()
    assert story.order(OrderKind.RELEASE) == ""
    story.wait(100)
    assert story.asked(Release) == [], "somebody stands there"
    story.then(Presence(False)).wait(25)
    assert story.asked(Release) == [], "it may be under the arm"
    story.wait(10)
    assert story.asked(Release) == [Release()]


def test_without_a_closing_loop_a_hold_does_not_end_while_the_arming_loop_is_out_of_reach() -> None:
    story = kept_open_without_a_closing_loop().then(Presence(None))
    story.order(OrderKind.RELEASE)
    assert story.wait(300).asked(Release) == []


def test_a_closed_lane_looks_at_nobody_again() -> None:
    story = a_quiet_lane()
    story.order(OrderKind.SET_STATE, LaneState.CLOSED)
    story.then(Presence(True)).wait(100)
    assert looks(story) == 0
    assert isinstance(story.asked(Show)[-1], Show)


# --- an arm that has to be up ---


@pytest.mark.parametrize("where", [Position.FAULTED, Position.UNKNOWN, Position.MOVING, Position.CLOSED])
def test_in_a_fire_an_arm_that_is_not_seen_up_is_told_again_and_again(where: Position) -> None:
    story = a_quiet_lane(fire_input=True).then(Fire(True), Arm(where)).wait(60)
    assert len(story.asked(Hold)) >= 10


def test_in_a_fire_a_board_that_tells_nothing_is_told_again_and_again() -> None:
    story = a_quiet_lane(fire_input=True, reads_back=False).then(Fire(True), Arm(Position.HELD)).wait(60)
    assert len(story.asked(Hold)) >= 10, "it may have been without power for a moment"


def test_an_arm_that_is_kept_open_and_seen_up_is_left_alone() -> None:
    story = a_quiet_lane()
    story.order(OrderKind.KEEP_OPEN)
    story.then(Arm(Position.HELD)).wait(60)
    assert len(story.asked(Hold)) == 1


# --- a lane that was closed while somebody was there ---


def closed(story: Story) -> Story:
    story.order(OrderKind.SET_STATE, LaneState.CLOSED)
    return story


def test_no_button_gives_a_ticket_in_a_lane_that_was_closed() -> None:
    story = closed(a_quiet_lane(when_unread=WhenUnread.BUTTON).then(Presence(True), Blind(True)))
    story.then(Pressed(Button.TICKET))
    assert story.asked(Decide) == []


def test_nobody_is_let_through_by_policy_in_a_lane_that_was_closed() -> None:
    story = a_quiet_lane(when_unread=WhenUnread.OPEN).then(Presence(True), Guess(Plate("AB12CDE"), 0.6))
    closed(story).then(Pressed(Button.DENY))
    assert story.asked(Decide) == []


def test_an_answer_that_comes_after_the_lane_was_closed_is_taken_back() -> None:
    story = closed(a_quiet_lane().then(Presence(True), PLATE)).then(Allowed(TICKET, ""))
    assert story.asked(Vend) == []
    assert story.asked(Withdraw) == [Withdraw(TICKET, IN, vended=False)]
    assert story.line == Refusal.LANE_CLOSED.driver


@pytest.mark.parametrize("shows", [PLATE, Code("K7WQ-2MXA"), Card("4711")])
def test_whoever_waited_before_a_closed_lane_is_let_in_as_soon_as_it_is_open(shows: Read | Code | Card) -> None:
    story = closed(a_quiet_lane()).then(Presence(True), shows)
    assert story.asked(Decide) == []
    story.order(OrderKind.SET_STATE, LaneState.OPEN)
    story.then(shows)
    assert [decide.asked.credential for decide in story.asked(Decide)] == [shows]


def test_whoever_was_read_when_the_lane_was_closed_is_read_again_when_it_is_open() -> None:
    story = closed(a_quiet_lane().then(Presence(True), Guess(Plate("AB12CDE"), 0.6)))
    story.order(OrderKind.SET_STATE, LaneState.OPEN)
    story.then(Guess(Plate("AB12CDE"), 0.6), Pressed(Button.CONFIRM))
    assert len(story.asked(Decide)) == 1


# --- loops that lose a vehicle for a moment ---


def test_a_high_truck_that_the_loop_loses_for_a_moment_keeps_its_vend() -> None:
    story = risen(a_vended_lane()).then(Presence(False), Presence(True))
    story.then(UnderArm(True), Presence(False), UnderArm(False))
    assert story.asked(Confirm) == [Confirm(TICKET, IN)]
    assert story.raised == []


def test_a_car_that_comes_a_second_after_one_left_is_looked_at_afresh() -> None:
    story = risen(a_vended_lane()).then(Presence(False)).wait(1).then(Presence(True))
    assert story.asked(Withdraw) == [Withdraw(TICKET, IN, vended=True)]


def test_in_a_two_way_lane_a_loop_out_of_reach_does_not_hide_who_comes_next() -> None:
    story = a_quiet_lane(two_way=True).then(FarPresence(False), Presence(True), PLATE, Allowed(TICKET, ""))
    risen(story).then(UnderArm(True), FarPresence(True), Presence(False), UnderArm(False))
    story.then(FarPresence(None), FarPresence(True), ANOTHER)
    assert story.asked(Decide)[-1].asked.credential == ANOTHER


# --- a plate that is read just after the driver has shown something else ---

SHOWN = [Code("PG1:ABCD12"), Card("4711")]


@pytest.mark.parametrize("shows", SHOWN)
def test_a_plate_that_is_read_while_the_desk_looks_at_a_ticket_or_card_goes_with_it_when_that_is_asked_again(
    shows: Code | Card,
) -> None:
    story = a_quiet_lane().then(Presence(True), shows, PLATE)
    assert len(story.asked(Decide)) == 1, "one question at a time"
    story.then(Refused(Refusal.LOT_FULL)).time_up()
    again = story.asked(Decide)[1].asked
    assert (again.credential, again.plate) == (shows, PLATE.plate)


@pytest.mark.parametrize("shows", SHOWN)
def test_a_call_for_help_at_the_terminal_tells_the_plate_that_was_read_meanwhile(shows: Code | Card) -> None:
    story = a_quiet_lane(direction=Direction.EXIT).then(Presence(True), shows, PLATE, Pressed(Button.HELP))
    assert story.asked(Call) == [Call(Button.HELP, PLATE.plate)]


def test_another_plate_read_while_the_desk_looks_at_one_changes_nothing() -> None:
    story = a_quiet_lane().then(Presence(True), PLATE, ANOTHER, Pressed(Button.HELP))
    assert story.asked(Call) == [Call(Button.HELP, PLATE.plate)]


def test_a_plate_that_is_read_when_the_one_with_the_card_has_left_is_not_its_own() -> None:
    story = a_quiet_lane()
    story.order(OrderKind.KEEP_OPEN)
    story.then(Presence(True), Card("4711"), Presence(False), Presence(True), PLATE, Pressed(Button.HELP))
    assert story.asked(Call) == [Call(Button.HELP, None)]


# --- what is shown while another's vend stands ---


def at_an_exit_by_code(code: str = "PG1:AAAA11") -> Story:
    story = a_quiet_lane(direction=Direction.EXIT).then(Presence(True), Code(code), Allowed(TICKET, ""))
    return risen(story)


def test_who_shows_another_ticket_is_not_let_out_on_the_one_before() -> None:
    story = at_an_exit_by_code().then(Code("PG1:BBBB22"))
    assert story.asked(Withdraw) == [Withdraw(TICKET, Direction.EXIT, vended=True)]
    assert story.asked(Decide)[-1].asked.credential == Code("PG1:BBBB22")


def test_a_ticket_that_is_shown_twice_changes_nothing() -> None:
    story = at_an_exit_by_code().then(Code("PG1:AAAA11"))
    assert story.asked(Withdraw) == []
    assert len(story.asked(Decide)) == 1


def test_a_driver_who_rolled_back_and_shows_the_ticket_of_the_car_that_was_read_does_not_close_its_stay() -> None:
    story = risen(a_vended_lane(direction=Direction.EXIT)).then(UnderArm(True), UnderArm(False), Code("PG1:AAAA11"))
    assert story.asked(Confirm) == []
    assert story.asked(Unresolve) == [Unresolve(TICKET, Direction.EXIT)]
    assert story.asked(Decide)[-1].asked.credential == Code("PG1:AAAA11")


def test_a_car_let_out_by_hand_with_another_close_behind_is_counted_when_that_one_shows_its_ticket() -> None:
    story = a_quiet_lane(direction=Direction.EXIT).then(Presence(True))
    story.order(OrderKind.OPEN)
    risen(story).then(UnderArm(True), UnderArm(False), Code("PG1:BBBB22"))
    assert story.counted == ["exit manual"]
    assert story.asked(Decide)[-1].asked.credential == Code("PG1:BBBB22")


def test_an_arm_is_not_told_for_ever_for_somebody_who_does_not_drive() -> None:
    story = risen(a_vended_lane())
    for _ in range(6):
        story.wait(33).then(Arm(Position.CLOSED)).wait(6).then(Arm(Position.OPEN))
    assert len(story.asked(Vend)) <= 5
    assert story.asked(Withdraw) == [Withdraw(TICKET, IN, vended=True)]


# --- a desk that says nothing, or can record nothing ---


def test_an_exit_lets_out_whom_its_desk_does_not_answer() -> None:
    story = a_quiet_lane(direction=Direction.EXIT).then(Presence(True), PLATE).wait(119)
    assert story.asked(Vend) == []
    story.wait(2)
    assert story.asked(Vend) == [Vend(None)]
    risen(story).then(UnderArm(True), Presence(False), UnderArm(False))
    assert story.counted == ["exit policy"]


def test_an_exit_lets_out_whom_it_can_not_put_on_record() -> None:
    story = a_quiet_lane(direction=Direction.EXIT).then(Presence(True), PLATE)
    for _ in range(30):
        if story.lane.phase is Phase.DECIDING:
            story.then(Refused(Refusal.NOT_RECORDED))
        story.wait(5)
    assert story.asked(Vend)[:1] == [Vend(None)]


def test_an_entry_lets_nobody_in_whom_it_can_not_put_on_record() -> None:
    story = a_quiet_lane().then(Presence(True), PLATE).wait(121)
    assert story.line == Refusal.NOT_RECORDED.driver
    for _ in range(30):
        story.then(Refused(Refusal.NOT_RECORDED)).wait(5)
    assert story.asked(Vend) == []


def test_a_driver_whom_no_loop_sees_is_told_how_to_get_help() -> None:
    story = a_quiet_lane(direction=Direction.EXIT).then(Presence(None), Code("PG1:AAAA11"))
    assert story.line == Refusal.NO_TICKET.driver
    assert story.asked(Decide) == []


# --- a loop that chattered ---


def test_a_loop_that_chattered_is_believed_again_though_cars_keep_passing() -> None:
    story = a_quiet_lane()
    for _ in range(8):
        story.then(UnderArm(True)).at_once(UnderArm(False))
    assert "lane.closing_loop_chatters" in story.raised
    for _ in range(4):
        story.wait(4).then(UnderArm(True)).wait(1).then(UnderArm(False))
    assert Clear("lane.closing_loop_chatters") in story.actions


# --- a camera alone tells who is there ---

SEEN_BY_CAMERA = {"arming_loop": False}


def under_the_arm() -> Story:
    return risen(a_vended_lane(**SEEN_BY_CAMERA)).then(UnderArm(True))


def test_a_vehicle_that_has_passed_and_is_still_seen_is_not_served_again() -> None:
    story = under_the_arm().then(UnderArm(False))
    assert story.asked(Confirm) == [Confirm(TICKET, IN)]
    assert story.asked(LetGo) == [LetGo()]
    assert (looks(story), story.lane.phase) == (1, Phase.IDLE)
    assert story.then(PLATE).asked(Decide) == story.asked(Decide)[:1]


def test_the_vehicle_behind_one_that_has_passed_is_served_next() -> None:
    """With its control: who is in view when the closing loop clears isn't let go, if the one before had left it."""
    story = under_the_arm().then(UnderArm(False), Presence(False), Presence(True), ANOTHER)
    assert [asked.asked.credential for asked in story.asked(Decide)] == [PLATE, ANOTHER]
    lost = under_the_arm().then(Presence(False), Presence(True), UnderArm(False), ANOTHER)
    assert lost.asked(LetGo) == []
    assert [asked.asked.credential for asked in lost.asked(Decide)] == [PLATE, ANOTHER]


def test_a_vehicle_that_the_camera_loses_under_the_arm_and_sees_again_is_not_served_again() -> None:
    story = under_the_arm().then(Presence(False), Presence(True), PLATE, UnderArm(False))
    assert story.asked(LetGo) == [LetGo()]
    assert len(story.asked(Decide)) == 1


def test_a_vehicle_that_passes_while_its_camera_is_out_of_order_is_let_go() -> None:
    story = under_the_arm().then(Presence(None), UnderArm(False))
    assert story.asked(LetGo) == [LetGo()]
    assert story.lane.present is None, "nobody knows who stands there"


def test_who_stands_there_unserved_is_never_let_go() -> None:
    """It waits before its raised arm, or in a lane that was closed meanwhile."""
    waits = risen(a_vended_lane(**SEEN_BY_CAMERA)).wait(LOOKS_AGAIN)
    assert (waits.asked(LetGo), looks(waits)) == ([], 2)
    closed = a_quiet_lane(**SEEN_BY_CAMERA).then(Presence(True))
    closed.order(OrderKind.SET_STATE, LaneState.CLOSED)
    closed.order(OrderKind.SET_STATE, LaneState.OPEN)
    assert (closed.asked(LetGo), looks(closed)) == ([], 2)


def test_with_an_arming_loop_the_loop_tells_who_has_left() -> None:
    assert risen(a_vended_lane()).then(UnderArm(True), Presence(False), UnderArm(False)).asked(LetGo) == []
