"""What counts as news in a lane's picture, and what is only a mast in the wind, or a cloud."""

import cv2
import numpy as np
import pytest

from drivers.contract import Box
from edge.vision.frames import motion
from edge.vision.frames.motion import Frame, MotionGate
from tests.vision.passages import empty_lane, moment, with_car

PLATE_BOX = Box(235, 362, 170, 40)
SIGN = Box(60, 60, 160, 60)


def with_a_sign() -> Frame:
    lane = empty_lane()
    cv2.rectangle(lane, (SIGN.x, SIGN.y), (SIGN.x + SIGN.width, SIGN.y + SIGN.height), (240, 240, 240), -1)
    cv2.putText(lane, "ROW 17", (SIGN.x + 8, SIGN.y + 45), cv2.FONT_HERSHEY_SIMPLEX, 1.3, (20, 20, 20), 5)
    return lane


def trembling(picture: Frame, tick: int) -> Frame:
    right, down = ((0, 0), (2, 1), (-2, -1), (1, -2))[tick % 4]
    return np.clip(np.roll(picture, (down, right), (0, 1)) * (1.0 if tick % 2 else 0.95), 0, 255).astype(np.uint8)


def times_that_it_is_news(picture: Frame, box: Box) -> int:
    gate, news = MotionGate(), 0
    for tick in range(24):
        gate.moves(trembling(picture, tick), moment(tick), occupied=False)
        news += gate.is_fresh(box)
    return news


def test_a_sign_before_a_camera_that_trembles_is_no_newcomer():
    assert times_that_it_is_news(with_a_sign(), SIGN) == 0


def test_the_control_that_lays_the_pictures_exactly_upon_each_other_takes_it_for_one(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(motion, "_TREMBLES", ((0, 0),))
    assert times_that_it_is_news(with_a_sign(), SIGN) > 0


def test_a_car_that_came_is_news_though_the_camera_trembles():
    gate = MotionGate()
    for tick in range(8):
        gate.moves(trembling(empty_lane(), tick), moment(tick), occupied=False)
    gate.moves(trembling(with_car(empty_lane(), "HHPK482"), 8), moment(8), occupied=False)
    assert gate.is_fresh(PLATE_BOX)
