"""Pictures with what was read on them, on small ones as on large."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from drivers.contract import Box
from edge.vision.files.drawing import colour_of, drawn
from edge.vision.files.found import FoundPlate
from models.plates import Plate, RunnerUp


@pytest.mark.parametrize(("width", "height"), [(160, 120), (640, 480), (4000, 3000), (300, 1200)])
@pytest.mark.parametrize("at", [(0.0, 0.0), (0.4, 0.5), (0.9, 0.97)])
def test_every_plate_is_marked_wherever_it_is_and_the_picture_is_a_copy(
    width: int, height: int, at: tuple[float, float]
) -> None:
    frame = np.full((height, width, 3), 120, np.uint8)
    box = Box(round(at[0] * width), round(at[1] * height), max(4, width // 10), max(2, height // 40))
    plate = FoundPlate("AB12CDE", 0.5, box, (0.99,) * 6 + (0.5,), (RunnerUp(Plate("AB12CDF"), 0.3),))
    painted = drawn(frame, [plate, plate])
    assert painted.shape[1] == max(960, width)
    assert (frame == 120).all()
    assert (cv2.cvtColor(painted, cv2.COLOR_BGR2GRAY) != 120).mean() > 0.01


def test_a_sure_character_looks_other_than_a_doubtful_one() -> None:
    assert len({colour_of(0.95), colour_of(0.8), colour_of(0.4)}) == 3
