"""What a technician is shown of a lane's camera: what counts, what is read, and what would be kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import structlog
from typer.testing import CliRunner, Result

from drivers.contract import Box, PlateCandidate
from edge.cli import app
from edge.vision.settings import Area, ViewSettings
from edge.vision.viewing.ground import viewed
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
