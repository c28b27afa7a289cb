"""A vote that doesn't become certain: what the driver is asked, when, and how often."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from drivers.contract import Box, PlateCandidate
from edge.vision.events import PlateDecided, PlateGuessed, VehicleInView, VisionEvent
from edge.vision.frames.capture import Shot
from edge.vision.frames.motion import Frame
from edge.vision.process.eyes import Eyes, LoopEyes, OpenEyes
from edge.vision.settings import Area, ViewSettings
from models.ids import LaneName
from tests.vision.passages import empty_lane, moment, plate, with_car

LANE = LaneName("gate")
EVERY = 0.25


class Reader:
    """Reads what the test says it does."""

    name = "told"

    def __init__(self) -> None:
        self.found: tuple[PlateCandidate, ...] = ()

    def read(self, frame: Frame) -> list[PlateCandidate]:
        return list(self.found)


@dataclass
class Lane:
    """A lane's eyes, four frames a second, and what they said."""

    eyes: Eyes
    reader: Reader = field(default_factory=Reader)
    said: list[VisionEvent] = field(default_factory=list[VisionEvent])
    clock: float = 0.0

    def a_vehicle_comes(self, number: int = 1) -> Lane:
        self.eyes.watch(number, moment(self.clock))
        return self

    def leaves(self) -> Lane:
        self.eyes.watch(None, moment(self.clock))
        return self

    def shows(self, *plates: PlateCandidate, seconds: float, picture: Frame | None = None) -> Lane:
        self.reader.found = plates
        frame = empty_lane() if picture is None else picture
        ends = self.clock + seconds
        while self.clock < ends:
            self.clock += EVERY
            self.said += self.eyes.look(Shot(frame, moment(self.clock)), self.reader)
        return self

    @property
    def questions(self) -> list[tuple[int, str]]:
        return [(event.vehicle, event.read.plate) for event in self.said if isinstance(event, PlateGuessed)]

    @property
    def plates(self) -> list[tuple[int, str]]:
        return [(event.vehicle, event.read.plate) for event in self.said if isinstance(event, PlateDecided)]


def a_lane(**view: Any) -> Lane:
    """With an arming loop and a vehicle on it."""
    return Lane(LoopEyes(LANE, ViewSettings(**view))).a_vehicle_comes()


def doubtful(text: str, sure: float = 0.6, x: int = 250, y: int = 300, width: int = 120) -> PlateCandidate:
    return plate(text, x, y, width, sure)


def test_the_driver_is_asked_once_about_a_plate_that_stays_doubtful():
    lane = a_lane().shows(doubtful("AB123CD"), seconds=30)
    assert (lane.questions, lane.plates) == ([(1, "AB123CD")], [])
    [asked] = lane.said
    assert isinstance(asked, PlateGuessed)
    assert (asked.lane, round(asked.read.confidence, 3), asked.read.width) == (LANE, 0.6, 120)


def test_the_vote_gets_its_time_before_the_driver_is_asked():
    lane = a_lane(guess_after=3).shows(doubtful("AB123CD"), seconds=2.75)
    assert lane.questions == []
    assert lane.shows(doubtful("AB123CD"), seconds=0.25).questions == [(1, "AB123CD")]


def test_nobody_is_asked_about_a_plate_that_is_certain():
    lane = a_lane().shows(plate("AB123CD"), seconds=30)
    assert (lane.questions, lane.plates) == ([], [(1, "AB123CD")])


def test_a_plate_that_the_driver_was_asked_about_may_become_certain_later():
    lane = a_lane().shows(doubtful("AB123CD"), seconds=6).shows(plate("AB123CD"), seconds=10)
    assert (lane.questions, lane.plates) == ([(1, "AB123CD")], [(1, "AB123CD")])


def test_the_driver_is_asked_again_when_another_plate_leads():
    lane = a_lane().shows(doubtful("AB123CD"), seconds=6).shows(doubtful("AB128CD", sure=0.75), seconds=20)
    assert lane.questions == [(1, "AB123CD"), (1, "AB128CD")]


def test_a_question_stays_long_enough_to_be_answered_before_another_takes_its_place():
    first, second = doubtful("AB123CD", x=100), doubtful("XY987ZW", x=400, width=140)
    lane = a_lane().shows(first, seconds=5).shows(second, seconds=2.5)
    assert lane.questions == [(1, "AB123CD")]
    assert lane.shows(second, seconds=1).questions == [(1, "AB123CD"), (1, "XY987ZW")]


def test_nobody_is_asked_when_nothing_was_read():
    assert a_lane().shows(seconds=30).said == []


def test_nobody_is_asked_about_a_single_read():
    lane = a_lane().shows(plate("AB123CD"), seconds=EVERY).shows(seconds=30)
    assert lane.said == []


def test_a_plate_that_is_hidden_again_is_asked_about_all_the_same():
    lane = a_lane().shows(doubtful("AB123CD"), seconds=1).shows(seconds=10)
    assert lane.questions == [(1, "AB123CD")]


def test_the_plate_at_the_barrier_is_asked_about_and_not_the_one_behind_it():
    behind, front = doubtful("BEHIND1", x=300, y=80, width=70), doubtful("FRONT11", width=130)
    assert a_lane().shows(behind, front, seconds=8).questions == [(1, "FRONT11")]


def test_the_next_vehicle_is_not_asked_about_the_plate_of_the_last():
    lane = a_lane().shows(doubtful("AB123CD"), seconds=4).leaves().a_vehicle_comes(2).shows(seconds=10)
    assert lane.questions == []


def test_nobody_is_asked_about_a_masked_plate():
    masked = a_lane(masks=(Area(x=0.3, y=0.5, width=0.4, height=0.3),))
    assert masked.shows(doubtful("AB123CD"), seconds=30).said == []


def test_a_car_that_is_parked_there_is_never_decided_though_the_stream_comes_back_in_another_size():
    once, twice = (20, 100, 80, 20), (40, 200, 160, 40)
    small, large = (PlateCandidate("PARKED1", (0.99,) * 7, Box(*place), 0.9) for place in (once, twice))
    lane = Lane(LoopEyes(LANE, ViewSettings())).shows(small, seconds=30)
    picture = np.repeat(np.repeat(empty_lane(), 2, axis=0), 2, axis=1)
    lane.shows(large, seconds=1, picture=picture).a_vehicle_comes().shows(large, seconds=8, picture=picture)
    assert (lane.plates, lane.questions) == ([], [(1, "PARKED1")])


def test_nobody_is_asked_about_what_the_camera_writes_into_its_picture():
    caption = doubtful("14B02819T", x=500, y=2, width=100)
    assert a_lane().shows(caption, seconds=30).said == []


def test_nobody_is_asked_about_a_plate_that_is_too_far_away_to_count():
    assert a_lane().shows(doubtful("89C20339", width=58), seconds=30).said == []


def test_a_lane_without_loops_asks_too():
    lane = Lane(OpenEyes(LANE, ViewSettings())).shows(seconds=3)
    near = with_car(empty_lane(), "AB123CD")
    at = doubtful("AB123CD", x=235, y=362, width=170)
    lane.shows(at, seconds=12, picture=near)
    assert [type(event) for event in lane.said] == [VehicleInView, PlateGuessed]
    assert lane.questions == [(1, "AB123CD")]
    lane.shows(seconds=5).shows(at, seconds=12, picture=near)
    assert lane.questions[1:] == [(2, "AB123CD")], "another vehicle, another question"
