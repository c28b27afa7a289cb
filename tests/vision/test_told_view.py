"""A camera that reads plates itself, at a lane without an arming loop: who comes, and who has gone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from drivers.plate_sources.heard import HeardPlate, HeardVehicle
from drivers.plate_sources.trust import Trust
from edge.vision.events import PlateDecided, PlateGuessed, VehicleGone, VehicleInView, VisionEvent
from edge.vision.told import view as of_view
from edge.vision.told.view import View, blinded, due, heard, said, served, tick
from edge.vision.told.voices import voice_of
from models.ids import LaneName
from models.instants import SECOND, Monotonic

LANE = LaneName("in")
ONCE = Trust()
TELLS = Trust(tells_ends=True, settle=SECOND)


class Played:
    def __init__(self, trust: Trust) -> None:
        self.view, self.trust, self.events = View(LANE), trust, list[VisionEvent]()

    def says(self, plate: str, at: float, event: str = "", sure: float = 0.95) -> None:
        voice = voice_of(HeardPlate(event or f"event {at}", plate, sure), _at(at), self.trust)
        assert voice is not None
        self._becomes(*heard(self.view, voice, _at(at), self.trust))

    def tells(self, event: str, here: bool, at: float) -> None:
        self._becomes(*said(self.view, HeardVehicle(event, here), _at(at), self.trust))

    def is_served(self, at: float, vehicle: int = 1) -> None:
        self._becomes(*served(self.view, vehicle, _at(at), self.trust))

    def waits_until(self, at: float) -> None:
        while (moment := due(self.view, self.trust)) is not None and moment <= _at(at):
            before = len(self.events)
            self._becomes(*tick(self.view, moment, self.trust))
            assert len(self.events) > before, "it was due, and nothing came of it"

    def _becomes(self, view: View, events: list[VisionEvent]) -> None:
        self.view = view
        self.events += events

    @property
    def story(self) -> list[str]:
        words = {VehicleInView: "comes", VehicleGone: "goes", PlateDecided: "is", PlateGuessed: "may be"}
        return [
            f"{event.vehicle} {words[type(event)]}" + (f" {event.read.plate}" if hasattr(event, "read") else "")
            for event in self.events
        ]


def _at(seconds: float) -> Monotonic:
    return Monotonic(round(seconds * SECOND) + 1_000 * SECOND)


def test_a_vehicle_is_there_from_its_plate_on_and_gone_after_a_while():
    lane = Played(ONCE)
    lane.says("AB12CDE", 0)
    lane.waits_until(59)
    assert lane.story == ["1 comes", "1 is AB12CDE"]
    lane.waits_until(61)
    assert lane.story[2:] == ["1 goes"]


def test_what_is_said_again_of_it_keeps_it_there():
    lane = Played(ONCE)
    lane.says("AB12CDE", 0)
    lane.says("AB12CDF", 40)
    lane.waits_until(90)
    assert lane.story == ["1 comes", "1 is AB12CDE"]


def test_one_that_has_passed_is_gone_at_once_and_what_is_still_said_of_it_brings_it_not_back():
    lane = Played(ONCE)
    lane.says("AB12CDE", 0, event="7")
    lane.is_served(5)
    lane.says("AB12CDE", 6, event="7")
    lane.says("AB12CDF", 7)
    lane.waits_until(100)
    assert lane.story == ["1 comes", "1 is AB12CDE", "1 goes"]


def test_without_that_memory_it_would_come_back_and_be_let_in_again(monkeypatch: pytest.MonkeyPatch):
    """The control of the test above."""
    monkeypatch.setattr(of_view, "SERVED", 0)
    lane = Played(ONCE)
    lane.says("AB12CDE", 0, event="7")
    lane.is_served(5)
    lane.says("AB12CDE", 6, event="8")
    assert lane.story[3:] == ["2 comes", "2 is AB12CDE"]


def test_the_next_one_waits_for_its_turn_and_stays_from_then_on():
    lane = Played(ONCE)
    lane.says("AB12CDE", 0)
    lane.says("XY77ZZZ", 30)
    assert lane.story == ["1 comes", "1 is AB12CDE", "2 comes", "2 is XY77ZZZ"]
    lane.is_served(50)
    lane.waits_until(109)
    assert lane.story[4:] == ["1 goes"]
    lane.waits_until(111)
    assert lane.story[5:] == ["2 goes"]


def _stands_behind_one_that_takes_long(lane: Played, until: int) -> None:
    lane.says("AB12CDE", 0)
    lane.says("XY77ZZZ", 10)
    for at in range(20, until, 20):
        lane.says("AB12CDE", at)
    assert lane.story == ["1 comes", "1 is AB12CDE", "2 comes", "2 is XY77ZZZ"]


def test_the_next_one_that_nothing_was_heard_of_for_long_is_asked_when_its_turn_comes():
    """It may have turned round meanwhile: its plate is not to let in whoever stands there."""
    lane = Played(ONCE)
    _stands_behind_one_that_takes_long(lane, until=1200)
    lane.is_served(1200)
    lane.waits_until(1201)
    assert lane.story[4:] == ["2 goes", "1 goes", "3 comes"]
    lane.waits_until(1210)
    assert lane.story[7:] == ["3 may be XY77ZZZ"]
    lane.waits_until(1261)
    assert lane.story[8:] == ["3 goes"]


def test_the_next_one_that_was_heard_of_within_the_minute_needs_no_question():
    """The control of the test above."""
    lane = Played(ONCE)
    _stands_behind_one_that_takes_long(lane, until=60)
    lane.is_served(69)
    lane.waits_until(128)
    assert lane.story[4:] == ["1 goes"]


def test_a_next_one_that_nothing_was_heard_of_for_long_gets_in_without_a_question_when_it_is_said_again():
    lane = Played(ONCE)
    _stands_behind_one_that_takes_long(lane, until=1200)
    lane.is_served(1200)
    lane.says("XY77ZZZ", 1201)
    lane.waits_until(1230)
    assert lane.story[7:] == ["3 is XY77ZZZ"]


def test_those_behind_one_that_nothing_was_heard_of_for_long_keep_their_order():
    lane = Played(ONCE)
    _stands_behind_one_that_takes_long(lane, until=1200)
    lane.says("CD34EFG", 1190)
    lane.is_served(1200)
    assert lane.story[6:] == ["2 goes", "3 goes", "1 goes", "4 comes", "5 comes"]
    lane.waits_until(1205)
    assert lane.story[11:] == ["5 is CD34EFG", "4 may be XY77ZZZ"]
    lane.is_served(1210, vehicle=4)
    lane.waits_until(1260)
    assert lane.story[13:] == ["4 goes"]


def test_a_device_that_tells_who_comes_and_goes_keeps_the_next_one_however_long_it_waits():
    lane = Played(TELLS)
    for event, plate in (("a", "AB12CDE"), ("b", "XY77ZZZ")):
        lane.tells(event, True, 0)
        lane.says(plate, 0.1, event=event)
    lane.waits_until(1200)
    lane.is_served(1200)
    lane.waits_until(1230)
    assert lane.story[4:] == ["1 goes"]


def test_a_parked_cars_plate_that_is_said_for_ever_comes_once_until_it_is_silent():
    lane = Played(ONCE)
    for at in range(0, 600, 5):
        lane.says("PERMIT1", at)
        if at == 5:
            lane.is_served(6)
    assert lane.story == ["1 comes", "1 is PERMIT1", "1 goes"]
    lane.says("AB12CDE", 600)
    assert lane.story[3:] == ["2 comes", "2 is AB12CDE"]
    lane.says("PERMIT1", 620)
    assert lane.story[5:] == ["3 comes", "3 is PERMIT1"]


def test_a_vehicle_that_its_device_was_silent_about_for_too_long_is_there_again_when_it_is_said_again():
    """It stands there all the time, and its device says it each ten seconds but for one pause."""
    lane = Played(ONCE)
    lane.says("AB12CDE", 0)
    lane.waits_until(60)
    for at in range(62, 362, 10):
        lane.says("AB12CDE", at)
    assert lane.story == ["1 comes", "1 is AB12CDE", "1 goes", "2 comes", "2 is AB12CDE"]


def test_a_parked_car_comes_once_however_soon_a_silent_vehicle_counts_as_gone():
    lane = Played(replace(ONCE, gone_after=5 * SECOND))
    for at in range(0, 600, 10):
        lane.waits_until(at)
        lane.says("PERMIT1", at)
    assert lane.story == ["1 comes", "1 is PERMIT1", "1 goes"]


def test_a_lane_that_says_twice_that_it_is_done_with_one_keeps_the_one_behind():
    lane = Played(ONCE)
    lane.says("AB12CDE", 0)
    lane.says("XY77ZZZ", 3)
    lane.is_served(5)
    lane.is_served(5)
    assert lane.story[4:] == ["1 goes"]
    lane.is_served(9, vehicle=2)
    assert lane.story[5:] == ["2 goes"]


def test_a_device_that_tells_who_comes_and_goes_is_believed_in_that():
    lane = Played(TELLS)
    lane.says("AB12CDE", 0, event="a")
    assert lane.story == []
    lane.tells("a", True, 1)
    lane.waits_until(200)
    lane.tells("a", False, 300)
    assert lane.story == ["1 comes", "1 is AB12CDE", "1 goes"]


def test_a_vehicle_whose_plate_is_not_read_is_there_all_the_same():
    lane = Played(TELLS)
    lane.tells("a", True, 1)
    assert lane.story == ["1 comes"]


def test_a_vehicle_that_has_passed_is_not_there_again_because_its_device_goes_on_telling_of_it():
    lane = Played(TELLS)
    lane.tells("a", True, 0)
    lane.says("AB12CDE", 0.1, event="a")
    lane.waits_until(3)
    lane.is_served(5)
    for later in range(6, 12):
        lane.tells("a", True, later)
        lane.says("AB12CDE", later, event="a")
    lane.tells("a", False, 12)
    assert lane.story == ["1 comes", "1 is AB12CDE", "1 goes"]


def test_one_that_is_still_told_of_long_after_the_lane_let_it_go_stands_there():
    lane = Played(TELLS)
    lane.tells("a", True, 0)
    lane.is_served(5)
    lane.tells("a", True, 25)
    assert lane.story == ["1 comes", "1 goes", "2 comes"]


def test_after_a_camera_was_gone_nothing_that_it_said_before_counts():
    lane = Played(ONCE)
    lane.says("AB12CDE", 0, event="7")
    lane.view = blinded(lane.view, _at(50))
    lane.waits_until(100)
    lane.says("AB12CDE", 101, event="7")
    assert lane.story == ["1 comes", "1 is AB12CDE"]
    lane.says("AB12CDE", 102, event="8")
    assert lane.story[2:] == ["2 comes", "2 is AB12CDE"]


def test_an_id_that_comes_again_long_after_is_another_vehicles():
    """A device that was restarted counts from one again."""
    lane = Played(ONCE)
    lane.says("AB12CDE", 0, event="1")
    lane.is_served(5)
    lane.says("XY77ZZZ", 500, event="1")
    assert lane.story == ["1 comes", "1 is AB12CDE", "1 goes"]
    lane.says("XY77ZZZ", 1200, event="1")
    assert lane.story[3:] == ["2 comes", "2 is XY77ZZZ"]


def test_an_unsure_plate_is_a_question_also_here():
    lane = Played(replace(ONCE))
    lane.says("AB12CDE", 0, sure=0.5)
    lane.waits_until(3)
    assert lane.story == ["1 comes", "1 may be AB12CDE"]
