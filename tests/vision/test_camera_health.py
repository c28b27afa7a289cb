"""What is wrong with a camera's pictures, and when it is opened again. Pure."""

import random
from dataclasses import replace

import cv2
import numpy as np
import pytest

from edge.vision.frames.health.clearness import PATIENCE, Clearness, Sight, light, looked
from edge.vision.frames.health.stillness import FROZEN_AFTER, HANGS_AFTER, Change, Stillness, changed, seen
from edge.vision.frames.health.usable import usable
from edge.vision.frames.reopening import LONGEST, LONGEST_REFUSED, Tries
from models.instants import SECOND
from tests.vision.passages import Frame, empty_lane, moment, with_car

CHANCE = np.random.default_rng(7)


def plain(level: int) -> Frame:
    return np.full((480, 640, 3), level, np.uint8)


def noisy(frame: Frame, by: int = 3) -> Frame:
    return np.clip(frame.astype(int) + CHANCE.integers(-by, by + 1, frame.shape), 0, 255).astype(np.uint8)


def night(lamp: bool) -> Frame:
    """A lot without light, but for the camera's own caption and, with `lamp`, a lamp far away."""
    frame = noisy(plain(6))
    frame[4:18, 10:200] = 240
    if lamp:
        frame[100:124, 300:340] = 180
    return frame


@pytest.mark.parametrize(
    ("frame", "wrong"),
    [
        (empty_lane(), None),
        (with_car(empty_lane(), "AB123CD"), None),
        (night(lamp=True), None),
        (night(lamp=False), Sight.DARK),
        (plain(0), Sight.DARK),
        (noisy(plain(120)), Sight.COVERED),
        (noisy(plain(252)), Sight.DAZZLED),
        # Fog: little contrast, but some.
        (np.repeat(np.linspace(150, 182, 480, dtype=np.uint8)[:, None, None], 640, 1).repeat(3, 2), None),
    ],
)
def test_what_is_wrong_with_a_picture(frame: Frame, wrong: Sight | None) -> None:
    assert light(frame).wrong(None) is wrong


def told(frames: list[Frame], before: Clearness | None = None, begun: float = 0) -> Clearness:
    """One picture a second."""
    clearness = before or Clearness()
    for second, frame in enumerate(frames):
        clearness = looked(clearness, light(frame), moment(begun + second))
    return clearness


def test_darkness_is_told_after_a_minute_and_headlights_do_not_take_it_back() -> None:
    minute = PATIENCE // SECOND
    assert told([night(lamp=False)] * minute).said is None
    dark = told([night(lamp=False)] * (minute + 1))
    assert dark.said is Sight.DARK
    lit = told([with_car(empty_lane(), "AB123CD")] * (minute // 2), dark, 100)
    assert lit.said is Sight.DARK
    assert told([night(lamp=False)], lit, 131).other is None, "the minute begins anew"
    assert told([empty_lane()] * (minute + 1), lit, 140).said is None


def test_darkness_before_and_after_an_outage_is_not_darkness_for_a_minute() -> None:
    dark = told([night(lamp=False)], told([empty_lane()]), 10)
    again = told([night(lamp=False)], dark, 3600)
    assert again.said is None
    minute = PATIENCE // SECOND
    assert told([night(lamp=False)] * (minute - 1), again, 3601).said is None
    assert told([night(lamp=False)] * minute, again, 3601).said is Sight.DARK, "then it is"


def test_a_flickering_picture_is_not_told_of() -> None:
    assert told([night(lamp=number % 10 == 0) for number in range(200)]).said is None


def test_pictures_with_noise_are_never_alike_and_a_frozen_one_is_to_the_bit() -> None:
    lane = empty_lane()
    assert changed(lane.copy(), lane) is Change.NOTHING
    assert changed(noisy(lane, 1), lane) is Change.SCENE
    assert changed(lane, None) is Change.SCENE
    assert changed(lane[:400], lane) is Change.SCENE
    once = lane.copy()
    once[417, 333, 1] += 1
    assert changed(once, lane) is Change.SCENE, "not even by one pixel between the rows that are compared first"


def at_the_second(second: int) -> Frame:
    """A lane in which nothing changes but the clock that the camera writes."""
    frame = empty_lane()
    cv2.putText(frame, f"08:{second:02}", (300, 18), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (230, 230, 230), 1)
    return frame


def test_the_clock_that_a_camera_writes_into_its_picture_is_nothing_that_it_sees() -> None:
    assert changed(at_the_second(42), at_the_second(41)) is Change.CAPTIONS
    assert changed(with_car(at_the_second(42), "AB123CD"), at_the_second(41)) is Change.SCENE


def with_a_running_clock(still: Stillness, begun: float, ends: float) -> Stillness:
    for second in range(round(begun), round(ends)):
        still = seen(still, Change.CAPTIONS, moment(second))
    return still


def test_a_sensor_that_hangs_while_the_clock_runs_is_a_fault_when_a_vehicle_does_not_show_or_after_minutes() -> None:
    still = with_a_running_clock(Stillness(moment(0), moment(0)), 1, 200)
    assert not still.withholds(moment(200)), "an encoder may save so much of a still night"
    came = with_a_running_clock(replace(still, came=moment(199.5)), 200, 202)
    assert (came.frozen(moment(202)), came.withholds(moment(202))) == (True, True)
    shows = seen(came, Change.SCENE, moment(200))
    assert (shows.frozen(moment(202)), shows.withholds(moment(201))) == (False, False)
    minutes = HANGS_AFTER // SECOND
    still = with_a_running_clock(still, 200, minutes)
    assert (still.frozen(moment(minutes - 1)), still.frozen(moment(minutes))) == (False, True)


def test_a_picture_that_stays_the_same_is_kept_from_the_reader_and_then_a_fault() -> None:
    still = seen(seen(None, Change.SCENE, moment(0)), Change.NOTHING, moment(1))
    assert not still.withholds(moment(1))
    assert still.withholds(moment(1.5))
    assert not still.frozen(moment(29))
    assert still.frozen(moment(30))
    moved = seen(still, Change.SCENE, moment(31))
    assert not moved.frozen(moment(31))
    assert not moved.withholds(moment(31))


def test_a_vehicle_that_came_and_does_not_show_proves_the_picture_frozen() -> None:
    still = Stillness(moment(0), moment(0), came=moment(10))
    assert not still.frozen(moment(11))
    assert still.frozen(moment(12))
    moved_as_it_came = Stillness(moment(9.5), moment(9.5), came=moment(10))
    assert not moved_as_it_came.frozen(moment(15)), "it drove up, and stands: no more need change"
    assert moved_as_it_came.frozen(moment(9.5 + FROZEN_AFTER / SECOND))


@pytest.mark.parametrize(
    ("shape", "why"),
    [
        ((1, 1, 3), "1 x 1"),
        ((20000, 20000, 1), "20000 x 20000"),
        ((480, 640, 2), "2 colours"),
        ((480,), "no picture"),
    ],
)
def test_pictures_that_cannot_be_looked_at_are_told_apart(shape: tuple[int, ...], why: str) -> None:
    assert why in str(usable(np.broadcast_to(np.uint8(0), shape)))


@pytest.mark.parametrize("shape", [(480, 640), (480, 640, 1), (480, 640, 3), (480, 640, 4)])
def test_grey_pictures_and_those_with_transparency_are_looked_at(shape: tuple[int, ...]) -> None:
    made = usable(np.zeros(shape, np.uint8))
    assert not isinstance(made, str)
    assert made.shape == (480, 640, 3)


def test_what_is_no_picture_is_left_out() -> None:
    assert isinstance(usable(np.zeros((480, 640, 3), np.float32)), str)
    assert isinstance(usable("nothing"), str)


def pauses(*took: float) -> list[float]:
    tries, told = Tries(), list[float]()
    for seconds in took:
        tries = tries.again(seconds)
        told.append(tries.pause)
    return told


def test_a_camera_that_does_not_answer_is_tried_often_and_one_that_lets_nobody_in_is_left_alone() -> None:
    assert pauses(*[10.0] * 7) == [1, 2, 4, 8, LONGEST, LONGEST, LONGEST]
    refused = pauses(*[0.1] * 9)
    assert refused[4:] == [16, 32, 64, LONGEST_REFUSED, LONGEST_REFUSED]
    assert sum(refused[:5]) > 20, "five wrong passwords take a camera half a minute, not five seconds"


def test_cameras_back_after_a_power_cut_are_not_asked_in_step() -> None:
    tries = Tries().again(10).again(10).again(10)
    waits = {round(tries.wait(random.Random(seed)), 3) for seed in range(20)}
    assert len(waits) == 20
    assert all(0.8 * 4 <= wait <= 1.2 * 4 for wait in waits)
