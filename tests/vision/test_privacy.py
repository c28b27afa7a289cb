"""What is kept of a picture: the vehicle. Of everything else nothing can be had back."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from drivers.contract import Box
from edge.vision.frames.motion import Frame
from edge.vision.frames.privacy import plate_alone, shown
from edge.vision.settings import Area, Hidden, ViewSettings
from tests.vision.vehicles import a_picture, plate_box

WIDTH, HEIGHT = 1280, 720
OWN = Box(600, 500, 104, 24)
METRE = 200
OTHER = Box(560, 640, 100, 22)
"""Near enough to the vehicle to be in its part of the picture."""
ALL_SHOWN = ViewSettings(hide=())


def test_a_drawn_vehicle_as_it_is_and_as_it_is_kept(tmp_path: Path) -> None:
    """The picture in the documentation, kept where PARKGATE_PICTURES says."""
    frame = a_picture(3)
    kept, plate = shown(frame, plate_box(), (), ViewSettings())
    assert plate == plate_box()
    folder = Path(os.environ.get("PARKGATE_PICTURES") or tmp_path)
    assert cv2.imwrite(str(folder / "kept-picture.png"), np.hstack([frame, kept]))


def noise(seed: int = 1) -> Frame:
    return np.random.default_rng(seed).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)


def left_over(before: Frame, after: Frame, box: Box) -> float:
    """The share of the pixels inside `box` that are what they were."""
    place = np.s_[box.y : box.y + box.height, box.x : box.x + box.width]
    return float((before[place] == after[place]).all(axis=2).mean())


def colours(frame: Frame, box: Box) -> int:
    part = frame[box.y : box.y + box.height, box.x : box.x + box.width]
    return len(np.unique(part.reshape(-1, 3), axis=0))


def kept(view: ViewSettings, own: Box | None = OWN, others: tuple[Box, ...] = ()) -> Frame:
    return shown(noise(), own, others, view)[0]


BESIDE = Box(0, 0, 600 + 52 - 290, HEIGHT)
ABOVE = Box(600 + 52 - 290, 0, 580, 500 + 12 - 52)


@pytest.mark.parametrize(("box", "hidden"), [(BESIDE, Hidden.SURROUNDINGS), (ABOVE, Hidden.WINDSCREEN)])
def test_of_the_surroundings_and_the_windscreen_blocks_are_left(box: Box, hidden: Hidden) -> None:
    picture = kept(ViewSettings())
    assert left_over(noise(), picture, box) < 0.001
    assert colours(picture, box) <= (box.width // 30 + 1) * (box.height // 30 + 1)
    others = tuple(each for each in Hidden if each is not hidden)
    assert left_over(noise(), kept(ViewSettings(hide=others)), box) > 0.99, "control: not hidden, it is all there"


def test_the_vehicle_itself_and_its_plate_are_as_they_were() -> None:
    assert left_over(noise(), kept(ViewSettings()), Box(400, 470, 500, 250)) == 1


def test_a_short_plate_is_nearer_than_a_long_one_of_the_same_width() -> None:
    short, long = Box(600, 500, 104, 52), OWN
    rows = [int((kept(ViewSettings(), own)[:, 640] != noise()[:, 640]).any(axis=1).sum()) for own in (short, long)]
    assert rows[0] < rows[1], "the windscreen of a nearer vehicle is further up"


def test_another_plate_and_a_mask_have_one_colour() -> None:
    mask = Area(x=0.4, y=0.9, width=0.1, height=0.1)
    view = ViewSettings(hide=(), masks=(mask,))
    picture = kept(view, others=(OTHER,))
    assert colours(picture, OTHER) == 1
    assert colours(picture, Box(512, 648, 30, 72)) == 1
    assert left_over(noise(), picture, Box(0, 0, WIDTH, 600)) == 1, "control: nothing else was painted over"


def test_what_lies_outside_the_region_isnt_kept() -> None:
    view = ViewSettings(hide=(), region=Area(x=0.25, y=0.5, width=0.5, height=0.5))
    picture, plate = shown(noise(), OWN, (), view)
    assert picture.shape[:2] == (382, 716), "the region and three hundredths around it"
    assert plate is not None
    there = picture[plate.y : plate.y + plate.height, plate.x : plate.x + plate.width]
    assert (there == noise()[500:524, 600:704]).all()


def test_of_a_vehicle_without_a_known_plate_blocks_are_left() -> None:
    picture = kept(ViewSettings(), own=None, others=(OTHER,))
    assert left_over(noise(), picture, Box(0, 0, WIDTH, HEIGHT)) < 0.001
    assert colours(picture, Box(0, 0, WIDTH, HEIGHT)) <= 33 * 19
    assert left_over(noise(), kept(ALL_SHOWN, own=None), Box(0, 0, WIDTH, HEIGHT)) == 1, "control"


def test_the_frame_itself_is_left_alone() -> None:
    frame = noise()
    shown(frame, OWN, (OTHER,), ViewSettings())
    plate_alone(frame, OWN, (OTHER,))
    assert (frame == noise()).all()


def test_beside_the_plate_no_other_is_seen_in_the_crop() -> None:
    near = Box(700, 500, 104, 24)
    crop = plate_alone(noise(), OWN, (near,))
    assert crop.shape[:2] == (32, 136)
    assert colours(crop, Box(116, 4, 20, 24)) == 1


@pytest.mark.parametrize(
    "own", [Box(0, 0, 100, 24), Box(1200, 700, 200, 40), Box(-20, -5, 90, 20), Box(0, 0, 1280, 300)]
)
def test_plates_at_the_edge_and_as_large_as_the_picture_are_no_trouble(own: Box) -> None:
    picture, _ = shown(noise(), own, (own,), ViewSettings())
    assert picture.shape == (HEIGHT, WIDTH, 3)
    assert plate_alone(noise(), own, ()).size > 0
