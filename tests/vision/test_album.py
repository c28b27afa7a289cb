"""One picture of each vehicle: as its plate was read, or as it stands when that takes long."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from drivers.contract import Box
from edge.gallery import Gallery
from edge.store.pictures import Pictures
from edge.vision.events import PlateDecided, PlateRead, VehicleGone, VehicleInView, VehiclePictured, VisionEvent
from edge.vision.frames.album import AT_LATEST, Album
from edge.vision.frames.capture import Shot
from models.ids import LaneName
from models.instants import SECOND, Monotonic
from models.plates import Plate
from tests.edge.lots import HandClock

LANE = LaneName("in")
READ = PlateDecided(LANE, 1, PlateRead(Plate("AB12CDE"), 0.99, 3, Box(0, 0, 90, 20), 90))


def shot(seconds: float, bright: int = 90) -> Shot:
    return Shot(np.full((720, 1280, 3), bright, np.uint8), Monotonic(round(seconds * SECOND)))


def looks(album: Album, seconds: float, *events: VisionEvent) -> list[VisionEvent]:
    return album.look(shot(seconds), events)


def test_the_frame_with_which_the_plate_was_read_is_kept_small_and_once(tmp_path: Path) -> None:
    album = Album(LANE, tmp_path, HandClock())
    album.watch(1, Monotonic(0))
    assert looks(album, 0.2) == []
    [pictured] = looks(album, 0.4, READ)
    assert isinstance(pictured, VehiclePictured)
    kept = Pictures(tmp_path).get(pictured.picture)
    assert kept is not None
    shown = cv2.imdecode(np.frombuffer(kept, np.uint8), cv2.IMREAD_COLOR)
    assert shown is not None
    assert shown.shape[:2] == (450, 800)
    assert looks(album, 5, READ) == []


def test_a_vehicle_whose_plate_isnt_read_is_pictured_all_the_same(tmp_path: Path) -> None:
    album = Album(LANE, tmp_path, HandClock())
    album.watch(7, Monotonic(SECOND))
    assert looks(album, 1.5) == []
    assert [type(event) for event in looks(album, 1 + AT_LATEST / SECOND)] == [VehiclePictured]
    album.watch(None, Monotonic(4 * SECOND))
    assert looks(album, 9) == []


def test_a_lane_without_loops_pictures_who_comes_into_view(tmp_path: Path) -> None:
    album = Album(LANE, tmp_path, HandClock())
    assert looks(album, 1) == []
    assert looks(album, 2, VehicleInView(LANE, 4)) == []
    assert [getattr(event, "vehicle", None) for event in looks(album, 4)] == [4]
    assert looks(album, 5, VehicleGone(LANE, 4)) == []


def test_a_disk_that_takes_no_picture_costs_no_plate(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    album = Album(LANE, tmp_path / "file" / "below", HandClock())
    album.watch(1, Monotonic(0))
    assert looks(album, 0.4, READ) == []


def test_the_next_vehicle_isnt_given_the_picture_of_the_one_before() -> None:
    gallery = Gallery()
    gallery.took(LANE, "a hash")
    gallery.begins(LANE)
    assert gallery.now(LANE) is None
