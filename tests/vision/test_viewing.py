"""What a technician is shown of a lane's camera: what counts, what is read, and what would be kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
import pytest
import structlog
from typer.testing import CliRunner, Result

from drivers.contract import Box, PlateCandidate
from edge.cli import app
from edge.clock import SystemClock
from edge.vision.frames.privacy import shown
from edge.vision.settings import Area, ViewSettings
from edge.vision.viewing.ground import viewed
from edge.vision.viewing.look import Look, look
from tests.house.tree import HOUSE
from tests.vision.passages import empty_lane, recorded, with_car

PLATE, LANE, SOURCE = "AB123CD", "tollgate", "tollgate.mp4"


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    """A command sets up the logs of its process, which here is the test run's."""
    yield
    structlog.reset_defaults()


@pytest.fixture
def lot(tmp_path: Path) -> Path:
    """A lot whose one camera is a film of a car that stands there."""
    film = recorded([with_car(empty_lane(), PLATE)] * 3, tmp_path / "lane.avi")
    written = (HOUSE / "config" / "lots" / "tollgate-video.yaml").read_text()
    config = tmp_path / "lot.yaml"
    config.write_text(f"{written.replace(SOURCE, str(film))}\nvision: {{reader: rapidocr}}\n")
    return config


def ran(config: Path, *said: str) -> Result:
    return CliRunner().invoke(app, ["view", *said, "--config", str(config), "--seconds", "0"])


def test_two_pictures_and_what_is_read(lot: Path, tmp_path: Path) -> None:
    folder = tmp_path / "seen"
    done = ran(lot, LANE, "--draw", str(folder), "--json")
    assert done.exit_code == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    assert [plate["plate"] for plate in told["plates"]] == [PLATE]
    assert (told["width"], told["height"], told["counts_from"]) == (640, 480, 60)
    assert [Path(file).name for file in told["pictures"]] == [f"{LANE}-view.jpg", f"{LANE}-kept.jpg"]
    kept = cv2.imread(told["pictures"][1])
    assert kept is not None
    assert kept.shape[1] <= 640


def test_a_lane_that_isnt_there_and_a_camera_without_a_picture_are_told_apart(lot: Path, tmp_path: Path) -> None:
    folder = str(tmp_path / "seen")
    assert ran(lot, "nowhere", "--draw", folder).exit_code == 2
    assert ran(lot, LANE, "--far", "--draw", folder).exit_code == 2
    (tmp_path / "lane.avi").write_bytes(b"no film")
    gone = ran(lot, LANE, "--draw", folder)
    assert (gone.exit_code, "no picture" in gone.stderr) == (1, True), gone.stderr


class Source:
    """A camera that shows these, and then is lost."""

    def __init__(self, *frames: Any) -> None:
        self._frames = list(frames)

    def open(self) -> Source:
        return self

    def read(self) -> Any:
        if not self._frames:
            raise OSError("the stream was lost")
        return self._frames.pop(0)

    def close(self) -> None: ...


class Reader:
    """Finds one plate in each picture, and less of it in a dark one."""

    name = "told"

    def read(self, frame: Any) -> list[PlateCandidate]:
        sure = 0.9 if frame.mean() > 50 else 0.3
        return [PlateCandidate(PLATE, (sure,) * 7, Box(100, 300, 120, 30), 0.9)]


def looked(*frames: Any, seconds: float = 5.0) -> Look:
    return look(cast("Any", Source(*frames)), ViewSettings(), Reader(), seconds, SystemClock())


def test_what_a_stream_has_shown_before_it_is_lost_is_shown() -> None:
    good = empty_lane()
    seen = looked(np.zeros_like(good), good, np.zeros_like(good))
    assert (seen.frame == good).all()
    with pytest.raises(OSError, match="the stream was lost"):
        looked()


def test_a_grey_picture_is_looked_at_in_three_colours_and_one_of_no_use_is_told_of() -> None:
    seen = looked(empty_lane()[:, :, 0], seconds=0)
    assert seen.frame.shape == (480, 640, 3)
    masked = ViewSettings(masks=(Area(x=0, y=0, width=0.1, height=0.1),))
    assert shown(seen.frame, None, (), masked)[0].shape == (480, 640, 3)
    with pytest.raises(OSError, match="pictures of 1 x 1 pixels"):
        looked(np.zeros((1, 1, 3), np.uint8))


def test_region_masks_and_the_narrowest_plate_are_drawn() -> None:
    frame = np.full((720, 1280, 3), 100, np.uint8)
    view = ViewSettings(
        region=Area(x=0.25, y=0.25, width=0.5, height=0.5), masks=(Area(x=0.5, y=0.3, width=0.1, height=0.1),)
    )
    plate = PlateCandidate(PLATE, (0.9,) * 7, Box(500, 400, 100, 24), 0.9)
    painted = viewed(frame, view, [plate])
    assert painted.shape == frame.shape
    assert (painted[20, 20] == 40).all(), "outside it is darker"
    assert (painted[300, 340] == 100).all(), "inside it is as it was"
    mask = painted[220:280, 645:760]
    assert ((mask[:, :, 2] > 180) & (mask[:, :, 0] < 120)).mean() > 0.02, "the mask is crossed out"
    assert (frame == 100).all()
