"""Pictures with what was read on them, on small ones as on large."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from drivers.contract import Box
from edge.vision.files.accuracy.comparing import compared, totals
from edge.vision.files.accuracy.errors import cropped, write_errors
from edge.vision.files.accuracy.truth import TruePlate
from edge.vision.files.drawing import colour_of, drawn
from edge.vision.files.found import FoundPlate
from edge.vision.files.keeping import Folder
from edge.vision.files.telling import as_json, print_accuracy, print_file
from edge.vision.files.work import Done
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


@pytest.mark.parametrize("box", [Box(40, 40, 50, 12), Box(3, 3, 0, 9), Box(-80, 500, 9, 9), Box(500, -80, 9, 9)])
@pytest.mark.parametrize("shape", [(120, 160, 3), (3000, 4, 3)])
def test_a_plate_is_shown_large_wherever_it_is_said_to_be(box: Box, shape: tuple[int, int, int]) -> None:
    """A person may have written down a box that lies outside, or in the picture's other scale."""
    large = cropped(np.full(shape, 120, np.uint8), box)
    assert max(large.shape[:2]) == 640
    assert min(large.shape[:2]) >= 1


def test_a_long_thin_box_is_shown_no_larger_than_a_page_is() -> None:
    assert cropped(np.full((3000, 40, 3), 120, np.uint8), Box(5, 0, 1, 3000)).shape[:2] == (640, 1)


def test_a_sure_character_looks_other_than_a_doubtful_one() -> None:
    assert len({colour_of(0.95), colour_of(0.8), colour_of(0.4)}) == 3


def test_what_is_not_wholly_sure_is_a_hundred_percent_nowhere(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plate = FoundPlate("AB12", 0.9996, Box(1, 1, 9, 3), (0.9999, 1.0, 0.9996, 1.0), (RunnerUp(Plate("AB17"), 0.2398),))
    done = Done(tmp_path / "car.png", (plate,), 20, compared([], [plate]))
    print_file(done, "fast-alpr")
    assert " 99 %" in capsys.readouterr().out
    [told] = as_json(done, "fast-alpr")["plates"]
    assert json.dumps(told["confidences"]) == "[0.999, 1.0, 0.999, 1.0]"
    page = write_errors(
        tmp_path / "truth.csv", "fast-alpr", [done], totals([done.answers or ()]), Folder(tmp_path / "p")
    )
    assert "weakest character 99 %, or AB17 in 23 % of reads" in page.read_text()


def test_one_plate_in_one_file_is_no_plural(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plate = FoundPlate("AB12", 0.9, Box(1, 1, 9, 3))
    done = Done(tmp_path / "car.png", (plate,), 20, compared([TruePlate(Plate("AB12"))], [plate]))
    print_accuracy(totals([done.answers or ()]), [done], "fast-alpr")
    assert "1 plate in 1 file, fast-alpr" in " ".join(capsys.readouterr().out.split())
