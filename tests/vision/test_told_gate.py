"""A camera that reads plates itself, at a lane with an arming loop: whose plate it is, and what is nobody's."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.plate_sources.heard import Bearing, HeardPlate
from drivers.plate_sources.trust import Only, Trust
from edge.vision.events import PlateDecided, PlateGuessed, VehicleGone, VisionEvent
from edge.vision.told import gate as of_gate
from edge.vision.told.gate import Gate, arrives, due, heard, leaves, loop_says, tick
from edge.vision.told.text import plate_in
from edge.vision.told.voices import voice_of
from models.ids import LaneName
from models.instants import SECOND, Monotonic

LANE = LaneName("in")
TRUST = Trust()


class Played:
    """One lane, told things at moments in seconds."""

    def __init__(self, trust: Trust = TRUST) -> None:
        self.gate, self.trust, self.events = Gate(LANE), trust, list[VisionEvent]()

    def loop(self, on: bool, at: float) -> None:
        now = _at(at)
        self._becomes(*(arrives(self.gate, now, self.trust) if on else leaves(self.gate, now)))

    def stands_unlooked_at(self, on: bool | None, at: float) -> None:
        """The loop says so, of a lane that is closed."""
        self.gate = loop_says(self.gate, on, _at(at))

    def says(
        self,
        plate: str,
        at: float,
        sure: float | None = 0.95,
        event: str = "",
        late: float = 0,
        bearing: Bearing | None = None,
    ) -> None:
        said = HeardPlate(event or f"event {at}", plate, sure, bearing=bearing)
        voice = voice_of(said, _at(at), self.trust, round(late * SECOND))
        if voice is not None:
            self._becomes(*heard(self.gate, voice, _at(at), self.trust))

    def waits_until(self, at: float) -> None:
        while (moment := due(self.gate, self.trust)) is not None and moment <= _at(at):
            before = len(self.events)
            self._becomes(*tick(self.gate, moment, self.trust))
            assert len(self.events) > before, "it was due, and nothing came of it"

    def _becomes(self, gate: Gate, events: list[VisionEvent]) -> None:
        self.gate = gate
        self.events += events

    @property
    def decided(self) -> list[tuple[int, str]]:
        return [(event.vehicle, event.read.plate) for event in self.events if isinstance(event, PlateDecided)]

    @property
    def asked(self) -> list[tuple[int, str]]:
        return [(event.vehicle, event.read.plate) for event in self.events if isinstance(event, PlateGuessed)]


def _at(seconds: float) -> Monotonic:
    return Monotonic(round(seconds * SECOND) + 1_000 * SECOND)


def test_a_plate_said_while_the_loop_is_on_is_decided_once():
    lane = Played()
    lane.loop(True, 0)
    lane.says("ab-12 cde", 1)
    lane.says("AB12CDE", 2)
    assert lane.decided == [(1, "AB12CDE")]


def test_a_plate_said_shortly_before_the_loop_goes_on_is_that_of_the_vehicle_that_arrives():
    lane = Played()
    lane.says("AB12CDE", 0)
    assert lane.events == []
    lane.loop(True, 3)
    assert lane.decided == [(1, "AB12CDE")]


def test_a_plate_said_long_before_is_nobodys():
    lane = Played()
    lane.says("AB12CDE", 0)
    lane.loop(True, 5)
    lane.waits_until(60)
    assert lane.decided == lane.asked == []


def test_a_plate_said_while_nobody_is_there_opens_nothing():
    lane = Played()
    lane.says("AB12CDE", 0)
    lane.waits_until(60)
    assert lane.events == []


def test_a_late_word_about_the_one_before_is_never_the_next_ones_plate():
    lane = Played()
    lane.loop(True, 0)
    lane.says("AB12CDE", 0.5)
    lane.loop(False, 4)
    lane.says("AB12CDE", 5)
    lane.says("AB12CDF", 5.2)
    lane.loop(True, 6)
    lane.waits_until(30)
    assert lane.decided == [(1, "AB12CDE")]
    assert lane.asked == []


@pytest.mark.parametrize("said_again", [7, 12, 60])
def test_a_late_word_while_the_next_one_is_there_asks_its_driver_and_opens_nothing(said_again: int):
    lane = Played()
    lane.loop(True, 0)
    lane.says("AB12CDE", 0.5)
    lane.loop(False, 4)
    lane.loop(True, 6)
    lane.says("AB12CDE", said_again)
    lane.waits_until(80)
    assert lane.decided == [(1, "AB12CDE")]
    assert lane.asked == [(2, "AB12CDE")]


def test_without_that_memory_the_next_one_would_be_let_in_on_it(monkeypatch: pytest.MonkeyPatch):
    """The control of the two tests above."""
    monkeypatch.setattr(of_gate, "ECHO", 0)
    late, while_there = Played(), Played()
    for lane in (late, while_there):
        lane.loop(True, 0)
        lane.says("AB12CDE", 0.5)
        lane.loop(False, 4)
    late.says("AB12CDE", 5)
    late.loop(True, 6)
    while_there.loop(True, 6)
    while_there.says("AB12CDE", 7)
    assert late.decided == while_there.decided == [(1, "AB12CDE"), (2, "AB12CDE")]


def test_a_late_word_about_the_one_before_the_last_is_an_echo_too():
    lane = Played()
    for vehicle, plate in enumerate(["AB12CDE", "XY77ZZZ"]):
        lane.loop(True, 10 * vehicle)
        lane.says(plate, 10 * vehicle + 1)
        lane.loop(False, 10 * vehicle + 5)
    lane.loop(True, 20)
    lane.says("AB12CDE", 21)
    lane.waits_until(40)
    assert (len(lane.decided), lane.asked) == (2, [(3, "AB12CDE")])


def test_whoever_comes_again_after_a_while_is_no_echo():
    lane = Played()
    lane.loop(True, 0)
    lane.says("AB12CDE", 0.5)
    lane.loop(False, 4)
    lane.loop(True, 70)
    lane.says("AB12CDE", 71)
    assert lane.decided == [(1, "AB12CDE"), (2, "AB12CDE")]


def test_an_id_that_was_used_for_one_vehicle_is_none_of_the_next_ones():
    lane = Played()
    lane.loop(True, 0)
    lane.says("AB12CDE", 0.5, event="7")
    lane.loop(False, 4)
    lane.loop(True, 70)
    lane.says("AB12CDE", 71, event="7")
    lane.says("ZZ99XYZ", 72, event="7")
    lane.waits_until(100)
    assert lane.decided == [(1, "AB12CDE")]


def test_an_id_that_comes_again_long_after_is_another_vehicles():
    """A device that was restarted counts from one again."""
    lane = Played()
    for at in (0, 650):
        lane.loop(True, at)
        lane.says("AB12CDE", at + 1, event="1")
        lane.loop(False, at + 5)
    assert lane.decided == [(1, "AB12CDE"), (2, "AB12CDE")]


def test_a_vehicle_close_behind_is_heard_while_the_one_before_stands_there():
    lane = Played()
    lane.loop(True, 0)
    lane.says("AB12CDE", 0.5)
    lane.says("XY77ZZZ", 5)
    lane.loop(False, 6)
    lane.loop(True, 8)
    assert lane.decided == [(1, "AB12CDE"), (2, "XY77ZZZ")]


def test_a_misread_of_the_one_that_is_decided_is_not_the_next_ones():
    lane = Played()
    lane.loop(True, 0)
    lane.says("AB12CDE", 0.5)
    lane.says("AB12CDF", 1)
    lane.loop(False, 2)
    lane.loop(True, 3)
    lane.waits_until(30)
    assert lane.decided == [(1, "AB12CDE")]


def test_a_plate_of_which_the_device_is_not_sure_is_put_to_the_driver():
    lane = Played()
    lane.loop(True, 0)
    lane.says("AB12CDE", 1, sure=0.6)
    assert lane.asked == []
    lane.waits_until(4)
    assert lane.decided == []
    assert lane.asked == [(1, "AB12CDE")]


def test_a_device_that_does_not_say_how_sure_it_is_is_asked_about_unless_it_is_trusted():
    lane = Played()
    lane.loop(True, 0)
    lane.says("AB12CDE", 1, sure=None)
    lane.waits_until(4)
    assert (lane.decided, lane.asked) == ([], [(1, "AB12CDE")])
    trusted = Played(replace(TRUST, unsaid=0.9))
    trusted.loop(True, 0)
    trusted.says("AB12CDE", 1, sure=None)
    assert trusted.decided == [(1, "AB12CDE")]


def test_two_plates_of_one_vehicle_that_differ_are_a_question_and_a_third_word_settles_it():
    lane = Played(replace(TRUST, settle=SECOND))
    lane.loop(True, 0)
    lane.says("AB12CDE", 0.2, event="a")
    lane.says("AB12CDF", 0.4, event="b")
    lane.waits_until(3)
    assert (lane.decided, len(lane.asked)) == ([], 1)
    lane.says("AB12CDF", 3.1, event="c")
    lane.says("AB12CDF", 3.2, event="d")
    lane.waits_until(6)
    assert lane.decided == [(1, "AB12CDF")]


def test_one_word_after_the_other_under_one_id_is_one_voice():
    lane = Played(replace(TRUST, settle=SECOND))
    lane.loop(True, 0)
    for place in range(9):
        lane.says("AB12CDF", 0.1 * place, event="a")
    lane.says("AB12CDE", 0.95, event="a")
    lane.waits_until(3)
    assert lane.decided == [(1, "AB12CDE")]


def test_a_text_that_still_changes_is_waited_for():
    lane = Played(replace(TRUST, settle=SECOND))
    lane.loop(True, 0)
    lane.says("AB1", 0.1, event="a")
    lane.says("AB12C", 0.8, event="a")
    lane.says("AB12CDE", 1.5, event="a")
    lane.waits_until(2.4)
    assert lane.decided == []
    lane.waits_until(2.6)
    assert lane.decided == [(1, "AB12CDE")]


def test_a_loop_that_drops_its_vehicle_for_a_moment_keeps_its_plate():
    lane = Played()
    lane.loop(True, 0)
    lane.says("AB12CDE", 0.5, event="7")
    lane.loop(False, 1)
    lane.loop(True, 1.4)
    assert lane.decided == [(1, "AB12CDE"), (2, "AB12CDE")]


def test_what_is_said_again_after_a_loop_dropped_its_vehicle_for_a_moment_is_no_echo():
    lane = Played(replace(TRUST, settle=SECOND))
    lane.loop(True, 0)
    lane.says("AB12CDE", 0.8, event="7")
    lane.loop(False, 1)
    lane.loop(True, 1.4)
    lane.says("AB12CDE", 1.5, event="7")
    lane.waits_until(5)
    assert (lane.decided, lane.asked) == ([(2, "AB12CDE")], [])


def test_whoever_is_looked_at_afresh_is_not_taken_for_the_one_before():
    """The lane asks so when somebody stands there and the one before may have gone through."""
    lane = Played()
    lane.loop(True, 0)
    lane.says("AB12CDE", 0.5)
    lane.loop(False, 8)
    lane.loop(True, 8)
    lane.waits_until(30)
    assert lane.decided == [(1, "AB12CDE")]


@pytest.mark.parametrize("one_id", [True, False])
@pytest.mark.parametrize("every", [3, 10, 45])
def test_a_parked_cars_plate_opens_for_nobody(every: int, one_id: bool):
    lane = Played()
    for at in range(0, 600, every):
        lane.says("PERMIT1", at, event="" if not one_id else "7")
    lane.loop(True, 600)
    lane.says("PERMIT1", 601, event="" if not one_id else "7")
    lane.waits_until(605)
    assert lane.decided == lane.asked == []
    lane.says("OWNCAR9", 606)
    lane.waits_until(620)
    assert (lane.decided, lane.asked) == ([(1, "OWNCAR9")], [])


def test_a_misread_of_a_parked_cars_plate_is_only_a_question():
    lane = Played()
    for at in range(0, 90, 3):
        lane.says("PERMIT1", at)
    lane.loop(True, 90)
    lane.says("PERM1T7", 91)
    lane.waits_until(100)
    assert lane.decided == []


def test_whoever_takes_long_to_the_loop_is_asked_and_a_plate_that_was_not_said_for_long_is_scenery_no_more():
    lane = Played()
    for at in (0, 8, 16):
        lane.says("AB12CDE", at)
    lane.loop(True, 18)
    lane.waits_until(30)
    assert (lane.decided, lane.asked) == ([], [(1, "AB12CDE")])
    lane.loop(False, 31)
    lane.says("AB12CDE", 300)
    lane.loop(True, 302)
    assert lane.decided == [(2, "AB12CDE")]


def _waits_before_a_closed_lane(lane: Played, seconds: int, says_every: int, on: bool | None = True) -> None:
    """The lane opens a second after the wait, and the device goes on as before for some minutes."""
    lane.stands_unlooked_at(on, 0)
    for at in range(1, seconds, says_every):
        lane.says("AB12CDE", at)
    lane.loop(True, seconds + 1)
    for at in range(seconds + 2, seconds + 300, says_every):
        lane.waits_until(at)
        lane.says("AB12CDE", at)


@pytest.mark.parametrize("waits", [0, 25, 50, 75, 100, 600])
def test_whoever_waits_on_the_loop_of_a_closed_lane_is_known_when_it_opens(waits: int):
    lane = Played()
    _waits_before_a_closed_lane(lane, waits, says_every=25)
    assert (lane.decided, lane.asked) == ([(1, "AB12CDE")], [])


def test_of_whoever_waits_before_a_closed_lane_one_word_is_enough():
    """Its device says each plate once."""
    lane = Played()
    lane.stands_unlooked_at(True, 0)
    lane.says("AB12CDE", 1)
    lane.loop(True, 40)
    assert lane.decided == [(1, "AB12CDE")]


def test_whoever_stands_before_a_closed_lane_long_after_the_only_word_is_asked():
    lane = Played()
    lane.stands_unlooked_at(True, 0)
    lane.says("AB12CDE", 1)
    lane.loop(True, 90)
    lane.waits_until(100)
    assert (lane.decided, lane.asked) == ([], [(1, "AB12CDE")])


def test_what_was_said_of_one_that_left_a_closed_lane_is_none_of_who_comes_when_it_is_open():
    lane = Played()
    lane.stands_unlooked_at(True, 0)
    lane.says("AB12CDE", 1)
    lane.stands_unlooked_at(False, 20)
    lane.loop(True, 40)
    lane.waits_until(60)
    assert lane.decided == lane.asked == []


def test_a_parked_cars_plate_lets_nobody_in_who_waited_before_a_closed_lane():
    lane = Played()
    for at in range(0, 300, 10):
        lane.says("PERMIT1", at)
    lane.stands_unlooked_at(True, 300)
    for at in range(305, 500, 10):
        lane.says("PERMIT1", at)
    lane.loop(True, 500)
    lane.says("PERMIT1", 505)
    lane.waits_until(520)
    assert lane.decided == lane.asked == []


def test_while_the_loop_is_unknown_a_plate_that_is_said_for_long_is_a_question():
    lane = Played()
    _waits_before_a_closed_lane(lane, 100, says_every=25, on=None)
    assert (lane.decided, lane.asked) == ([], [(1, "AB12CDE")])


def test_in_a_busy_lane_a_parked_cars_plate_is_known_for_one_too():
    lane = Played()
    for at in range(0, 400, 5):
        lane.says("PERMIT1", at)
        if at % 20 == 5:
            lane.loop(True, at + 1)
        if at % 20 == 15:
            lane.loop(False, at + 1)
    decided = len(lane.decided)
    assert decided <= 1, "the first word of it is nobody's that is known yet"


def test_a_plate_that_was_seen_long_before_a_vehicle_came_and_told_late_is_none_of_it():
    lane = Played()
    lane.loop(True, 0)
    lane.loop(False, 4)
    lane.loop(True, 6)
    lane.says("AB12CDE", 8, late=7.5)
    lane.waits_until(30)
    assert lane.decided == lane.asked == []
    lane.says("XY77ZZZ", 31, late=3)
    assert lane.decided == [(2, "XY77ZZZ")]


def test_a_plate_that_was_seen_while_another_was_there_and_told_late_is_a_question():
    lane = Played()
    lane.loop(True, 0)
    lane.loop(False, 4)
    lane.loop(True, 6)
    lane.says("AB12CDE", 8, late=4.5)
    lane.waits_until(30)
    assert (lane.decided, lane.asked) == ([], [(2, "AB12CDE")])


def test_a_plate_that_was_told_late_before_the_vehicle_came_was_seen_earlier():
    lane = Played()
    lane.says("AB12CDE", 0, late=3)
    lane.loop(True, 2)
    lane.waits_until(30)
    assert lane.decided == lane.asked == []


def test_one_that_is_looked_at_again_where_it_stands_keeps_what_was_said_of_it():
    """Its device says each plate once: a lane that asks again, after a refusal, hears no other word."""
    lane = Played()
    lane.loop(True, 0)
    lane.says("AB12CDE", 1)
    lane.says("XY77ZZZ", 2)
    lane.loop(True, 11)
    assert lane.decided == [(1, "AB12CDE"), (2, "AB12CDE")]
    lane.loop(False, 12)
    lane.loop(True, 14)
    lane.waits_until(30)
    assert (lane.decided[2:], lane.asked) == ([], [])


def test_one_that_was_asked_is_asked_again_when_it_is_looked_at_again():
    lane = Played()
    lane.loop(True, 0)
    lane.says("AB12CDE", 1, sure=0.5)
    lane.waits_until(5)
    lane.loop(True, 11)
    lane.waits_until(60)
    assert (lane.decided, lane.asked) == ([], [(1, "AB12CDE"), (2, "AB12CDE")])


@pytest.mark.parametrize(("only", "bearing", "counts"), [
    (Only.APPROACHING, Bearing.LEAVES, False),
    (Only.APPROACHING, Bearing.APPROACHES, True),
    (Only.LEAVING, Bearing.LEAVES, True),
    (Only.LEAVING, Bearing.APPROACHES, False),
    (Only.ANY, Bearing.LEAVES, True),
])  # fmt: skip
def test_vehicles_that_drive_the_other_way_do_not_count(only: Only, bearing: Bearing, counts: bool):
    lane = Played(replace(TRUST, only=only))
    lane.loop(True, 0)
    lane.says("AB12CDE", 1, bearing=bearing)
    assert bool(lane.decided) is counts


@pytest.mark.parametrize(
    "text", ["unknown", "NO_PLATE", "No Plate", "", "-", "x", "a" * 40, "无车牌", "none", "Unlicensed", "???"]
)
def test_words_for_no_plate_are_no_plates(text: str):
    assert plate_in(text) is None


def test_what_leaves_is_told_and_nobody_leaves_twice():
    lane = Played()
    lane.loop(True, 0)
    lane.loop(False, 1)
    lane.loop(False, 2)
    assert lane.events == [VehicleGone(LANE, 1)]


_STEPS = st.lists(
    st.tuples(
        st.sampled_from(["on", "off", "say", "wait"]),
        st.floats(0, 8),
        st.sampled_from(["AB12CDE", "AB12CDF", "XY77ZZZ", "unknown"]),
        st.floats(0, 1),
        st.integers(0, 3),
    ),
    max_size=30,
)


@settings(max_examples=150, deadline=None)
@given(_STEPS)
def test_whatever_is_said_a_vehicle_is_decided_once_while_it_is_there_by_what_was_said_lately(steps):
    """The law: one decision a vehicle, only while the loop is on, and only of a plate said since `early` before it."""
    lane, now, on, came = Played(), 0.0, False, 0.0
    said: list[tuple[float, str]] = []
    for kind, later, plate, sure, event in steps:
        now += later
        before = len(lane.decided)
        if kind == "say":
            lane.says(plate, now, sure, event=str(event))
            said.append((now, plate))
        elif kind == "wait":
            lane.waits_until(now)
        elif (kind == "on") is not on:
            came = now if kind == "on" else came
            on = kind == "on"
            lane.loop(on, now)
        if len(lane.decided) > before:
            assert on
            vehicle, decided = lane.decided[-1]
            assert [number for number, _ in lane.decided].count(vehicle) == 1
            resumed = came - 0.7 - 8.0
            assert any(text == decided and at >= min(came - 4.0, resumed) for at, text in said)
