"""A lane asks its driver whether a stay is theirs: yes, no, no answer, another answer, and who answers too late."""

from __future__ import annotations

import pytest

from drivers.contract import Position
from edge.kiosk.contract import Screen
from edge.kiosk.screen import shown, takes_press
from edge.lane import deciding
from edge.lane.actions import Call, Decide, RecordRefusal, Show
from edge.lane.approach import READ_BEFORE
from edge.lane.signals import (
    Allowed,
    Arm,
    Button,
    Code,
    Guess,
    Order,
    Ordered,
    Phase,
    Presence,
    Pressed,
    Question,
    Read,
    Refused,
    UnderArm,
    Vend,
)
from models.ids import LaneName
from models.lanes import OrderKind
from models.phrases.language import language
from models.phrases.phrase import Phrase
from models.plates import Plate, SeenPlate
from models.refusals import Refusal
from models.tickets import Direction
from tests.edge.lanes import TICKET, Story, a_quiet_lane

SEEN = SeenPlate(Plate("AB12CDF"), (0.9,) * 7)
READ = Read(Plate("AB12CDF"), 0.9, seen=SEEN)
ASKS = Question(Plate("AB12CDE"), "AB12CD*", "You came 10:42? AB12CD*")
DOUBT = Refused(Refusal.NO_TICKET, ASKS.line, ASKS)
YES, NO = Pressed(Button.CONFIRM), Pressed(Button.DENY)


def asked(**fitted: object) -> Story:
    story = a_quiet_lane(direction=Direction.EXIT, **fitted).then(Presence(True), READ, DOUBT)
    assert story.asked(Show)[-1] == Show(ASKS.line, (Button.CONFIRM, Button.DENY, Button.HELP))
    return story


def read_by_its_driver(**fitted: object) -> Story:
    """The question has stood for a moment."""
    return asked(**fitted).wait(READ_BEFORE)


def test_nothing_is_refused_and_nothing_opens_while_the_driver_is_asked() -> None:
    story = asked()
    assert story.asked(RecordRefusal) == story.asked(Vend) == []
    assert story.lane.phase is Phase.REFUSED


def test_a_yes_asks_the_desk_about_that_plate_and_keeps_what_was_read() -> None:
    story = read_by_its_driver().then(YES)
    desk = story.asked(Decide)[-1].asked
    assert desk.credential == Read(Plate("AB12CDE"), 0.9, by_driver=True, seen=SEEN)
    assert (desk.plate, desk.denied) == (Plate("AB12CDF"), frozenset())
    story.then(Allowed(TICKET, "Goodbye"))
    assert len(story.asked(Vend)) == 1


def test_a_no_asks_the_desk_again_without_that_one() -> None:
    story = read_by_its_driver().then(NO)
    desk = story.asked(Decide)[-1].asked
    assert (desk.credential, desk.denied) == (READ, frozenset({Plate("AB12CDE")}))
    story.then(Refused(Refusal.NO_TICKET, Phrase.SCAN_YOUR_TICKET))
    assert story.line == Phrase.SCAN_YOUR_TICKET
    assert [one.reason for one in story.asked(RecordRefusal)] == [Refusal.NO_TICKET]


def test_a_no_holds_as_long_as_the_vehicle_stands_there_and_not_for_the_next_one() -> None:
    story = read_by_its_driver().then(NO, Refused(Refusal.NO_TICKET)).time_up().then(READ)
    assert story.asked(Decide)[-1].asked.denied == {Plate("AB12CDE")}
    story.then(Refused(Refusal.NO_TICKET), Presence(False), Presence(True), READ)
    assert story.asked(Decide)[-1].asked.denied == frozenset()


@pytest.mark.parametrize("fitted", [{}, {"arming_loop": False}])
def test_who_does_not_answer_is_told_of_the_ticket_and_asked_again(fitted: dict[str, object]) -> None:
    story = read_by_its_driver(**fitted).time_up()
    assert story.line == Phrase.SCAN_YOUR_TICKET
    assert story.asked(Show)[-1].asks == (Button.LOST_TICKET, Button.HELP)
    asks = len(story.asked(Decide))
    story.then(YES)
    assert len(story.asked(Decide)) == asks, "that was too late: nobody sees the question any more"
    story.time_up().then(READ, DOUBT)
    assert story.line == ASKS.line


def test_whoever_shows_a_ticket_instead_is_let_out_on_it() -> None:
    story = asked().then(Code("PG1:7Q2K-M4XD"))
    assert story.asked(Decide)[-1].asked.credential == Code("PG1:7Q2K-M4XD")
    asks = len(story.asked(Decide))
    story.then(Refused(Refusal.NO_SUCH_TICKET), YES)
    assert len(story.asked(Decide)) == asks, "a yes is to what stands on the screen"


def test_who_drives_off_takes_the_question_along() -> None:
    story = asked().then(Presence(False), Presence(True), YES)
    assert [one.asked.credential for one in story.asked(Decide)] == [READ]


def test_a_person_who_opens_goes_over_the_question() -> None:
    story = asked().then(Ordered(Order("o", OrderKind.OPEN, "ann", "knows them")))
    story.then(Allowed(TICKET, "Goodbye"), Arm(Position.OPEN), UnderArm(True))
    assert len(story.asked(Vend)) == 1


def test_the_screen_asks_and_takes_a_yes_for_the_plate_that_it_shows_and_no_other() -> None:
    asks = (Button.CONFIRM, Button.DENY, Button.HELP)
    screen = Screen(LaneName("out"), Direction.EXIT, Phase.REFUSED, ASKS.line, asks, ASKS.shown)
    page = shown(screen, [language("de")])
    assert (page["tone"], page["line"]["de"], page["plate"]) == ("ask", "Kamen Sie 10:42?", "AB12CD*")
    assert "AB12CDE" not in str(page), "another customer's plate, perhaps"
    assert takes_press(screen, Button.CONFIRM, "AB12CD*")
    assert not takes_press(screen, Button.CONFIRM, "AB12CDE")


OTHER = Guess(Plate("ZZ99XYZ"), 0.6)


def test_a_guess_that_comes_late_takes_no_question_off_the_sign() -> None:
    """Else a yes to the plate that is shown would be one to the stay that was asked about before."""
    story = read_by_its_driver().then(OTHER)
    assert (story.line, story.lane.guess) == (ASKS.line, None)
    story.then(YES)
    assert story.asked(Decide)[-1].asked.credential == Read(ASKS.plate, 0.9, by_driver=True, seen=SEEN)


@pytest.mark.parametrize("button", [Button.HELP, Button.LOST_TICKET])
def test_who_wants_a_person_instead_answers_nothing_with_a_press_and_is_asked_again(button: Button) -> None:
    story = read_by_its_driver().then(Pressed(button))
    assert (story.line, len(story.asked(Call))) == (Phrase.HELP_IS_COMING, 1)
    asks = len(story.asked(Decide))
    story.then(YES, NO)
    assert len(story.asked(Decide)) == asks
    story.time_up().then(READ, DOUBT)
    assert story.line == ASKS.line


@pytest.mark.parametrize("press", [YES, NO])
def test_a_double_press_on_the_plate_answers_no_question_behind_it(press: Pressed) -> None:
    story = a_quiet_lane(direction=Direction.EXIT).then(Presence(True), Guess(READ.plate, 0.6), YES, DOUBT)
    asks = len(story.asked(Decide))
    story.then(press).wait(READ_BEFORE / 2).then(press)
    assert (len(story.asked(Decide)), story.line) == (asks, ASKS.line)
    story.wait(READ_BEFORE / 2).then(press)
    assert len(story.asked(Decide)) == asks + 1, "by now it was read"


def test_a_double_press_would_answer_it_without_that_moment_control(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deciding, "READ_BEFORE", 0.0)
    story = a_quiet_lane(direction=Direction.EXIT).then(Presence(True), Guess(READ.plate, 0.6), YES, DOUBT)
    story.wait(0).then(YES)
    assert story.asked(Decide)[-1].asked.credential == Read(ASKS.plate, 0.6, by_driver=True)
