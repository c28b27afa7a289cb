"""A lane without loops, told in the pictures of its camera: which are read, and who is in view by them."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from drivers.contract import PlateCandidate
from edge.vision.events import PlateDecided, VehicleGone, VehicleInView, VisionEvent
from edge.vision.frames.capture import Shot
from edge.vision.frames.motion import Frame
from edge.vision.process.eyes import OpenEyes
from edge.vision.settings import ViewSettings
from edge.vision.voting.track import resized
from models.ids import LaneName
from tests.vision.passages import empty_lane, moment, plate, with_car

EVERY = 0.125
AT_THE_ARM = plate("AB123CD", x=235, y=362, width=170)


class Lane:
    """Shows its eyes a picture `every` so many seconds, tells them what there is to read, and counts the reads."""

    name = "told"

    def __init__(self, every: float = EVERY) -> None:
        self.eyes = OpenEyes(LaneName("gate"), ViewSettings())
        self.every, self.clock, self.reads = every, 0.0, 0
        self.legible: tuple[PlateCandidate, ...] = ()
        self.said: list[VisionEvent] = []

    def read(self, frame: Frame) -> list[PlateCandidate]:
        self.reads += 1
        return list(self.legible)

    def shows(self, picture: Frame, *legible: PlateCandidate, seconds: float) -> Lane:
        self.legible = legible
        for _ in range(round(seconds / self.every)):
            self.clock += self.every
            self.said += self.eyes.look(Shot(picture, moment(self.clock)), self)
        return self

    def drives_up(self, *legible: PlateCandidate) -> Lane:
        for step in range(1, 9):
            self.shows(with_car(empty_lane(), "AB123CD", 0.6 + 0.05 * step), *legible, seconds=self.every)
        return self

    @property
    def plates(self) -> list[tuple[int, str]]:
        return [(event.vehicle, event.read.plate) for event in self.said if isinstance(event, PlateDecided)]

    @property
    def vehicles(self) -> list[int]:
        return [event.vehicle for event in self.said if isinstance(event, VehicleInView)]


@pytest.mark.parametrize("glare", [0.25, 0.75, 1.5, 5, 20])
def test_a_car_that_can_only_be_read_some_time_after_it_stopped_is_read_then(glare: float):
    lane, stands = Lane().shows(empty_lane(), seconds=3), with_car(empty_lane(), "AB123CD")
    lane.drives_up().shows(stands, seconds=glare)
    assert lane.shows(stands, AT_THE_ARM, seconds=10).plates == [(1, "AB123CD")]


@pytest.mark.parametrize("pace", [0.5, 1.2, 1.5, 2])
def test_where_a_look_takes_long_a_car_that_came_between_two_is_read(pace: float):
    lane = Lane(pace).shows(empty_lane(), seconds=20)
    assert lane.shows(with_car(empty_lane(), "AB123CD"), AT_THE_ARM, seconds=60).plates == [(1, "AB123CD")]


def test_where_a_look_takes_long_a_plate_that_one_of_them_missed_makes_no_second_vehicle():
    lane, stands = Lane(2).shows(empty_lane(), seconds=20), with_car(empty_lane(), "AB123CD")
    lane.shows(stands, AT_THE_ARM, seconds=4).shows(stands, seconds=2).shows(stands, AT_THE_ARM, seconds=20)
    assert (lane.vehicles, lane.plates) == ([1], [(1, "AB123CD")])


def test_a_van_that_is_never_read_is_soon_looked_at_seldom_and_then_no_more():
    lane, stands = Lane().shows(empty_lane(), seconds=3).drives_up(), with_car(empty_lane(), "AB123CD")
    eagerly = lane.shows(stands, seconds=10).reads
    seldom = lane.shows(stands, seconds=30).reads
    assert seldom - eagerly <= 10
    assert lane.shows(stands, seconds=600).reads == seldom


def test_a_lamp_that_lights_all_of_the_lane_is_no_vehicle_to_be_looked_for():
    lane = Lane().shows(empty_lane(), seconds=3)
    before = lane.reads
    assert lane.shows((empty_lane() // 2 + 120).astype("uint8"), seconds=60).reads - before <= 6


def larger(picture: Frame, across: float, down: float) -> Frame:
    height, width = picture.shape[:2]
    return cv2.resize(picture, (round(width * across), round(height * down))).astype(np.uint8, copy=False)


def larger_plate(one: PlateCandidate, across: float, down: float) -> PlateCandidate:
    return replace(one, box=resized(one.box, across, down))


LARGER = pytest.mark.parametrize(("across", "down"), [(1.5, 1.5), (2, 2), (0.75, 0.75), (2, 1.5)])


@LARGER
def test_a_parked_car_is_nobody_though_the_pictures_size_changes_while_another_drives_by(across: float, down: float):
    parked = plate("PARKED1", x=500, y=60, width=80)
    lane = Lane().shows(empty_lane(), parked, seconds=30)
    for step in range(24):
        lane.shows(driving_by(step), parked, seconds=EVERY)
    for step in range(24, 60):
        lane.shows(larger(driving_by(step), across, down), larger_plate(parked, across, down), seconds=EVERY)
    assert lane.said == []


def driving_by(step: int) -> Frame:
    picture = empty_lane()
    cv2.rectangle(picture, (12 * step % 420, 150), (12 * step % 420 + 220, 420), (200, 200, 200), -1)
    return picture


@LARGER
def test_who_is_in_view_when_the_pictures_size_changes_is_still_the_same_vehicle(across: float, down: float):
    lane, stands = Lane().shows(empty_lane(), seconds=3), with_car(empty_lane(), "AB123CD")
    doubtful = plate("AB123CD", x=235, y=362, width=170, sure=0.7)
    lane.drives_up().shows(stands, doubtful, seconds=2)
    lane.shows(larger(stands, across, down), larger_plate(AT_THE_ARM, across, down), seconds=20)
    lane.shows(larger(empty_lane(), across, down), seconds=35)
    assert (lane.vehicles, lane.plates) == ([1], [(1, "AB123CD")])
    assert isinstance(lane.said[-1], VehicleGone)


def test_after_the_pictures_size_has_changed_the_next_vehicle_is_read():
    lane = Lane().shows(empty_lane(), seconds=3).shows(larger(empty_lane(), 2, 1.5), seconds=3)
    arrives, reads = larger(with_car(empty_lane(), "AB123CD"), 2, 1.5), larger_plate(AT_THE_ARM, 2, 1.5)
    assert lane.shows(arrives, reads, seconds=5).plates == [(1, "AB123CD")]


@pytest.mark.parametrize("size", [0.5, 1, 2])
def test_who_was_in_view_when_the_pictures_failed_is_told_of_again_though_they_come_in_another_size(size: float):
    lane, stands = Lane().shows(empty_lane(), seconds=3), with_car(empty_lane(), "AB123CD")
    lane.drives_up().shows(stands, AT_THE_ARM, seconds=2)
    lane.eyes.blinded()
    lane.clock += 60
    lane.shows(larger(stands, size, size), larger_plate(AT_THE_ARM, size, size), seconds=3)
    assert lane.plates == [(1, "AB123CD"), (2, "AB123CD")]
