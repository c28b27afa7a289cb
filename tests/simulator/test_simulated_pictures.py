"""What the simulated cameras see can be read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from drivers.contract import PlateReader
from edge.vision.readers.choosing import choose_reader
from edge.vision.readers.rapidocr_reader import RapidOcrReader
from edge.vision.settings import VisionSettings
from models.spots import VehicleType
from simulator.cars import Car, Traffic
from simulator.lanes import STOP_LINE
from simulator.pictures.lens import HEIGHT, WIDTH
from simulator.render import Painter, Scene, Seen, overlay

TRAFFIC = Traffic(seed=21)


@pytest.fixture(scope="module")
def painter() -> Painter:
    return Painter()


@pytest.fixture(scope="module")
def rapidocr() -> PlateReader:
    return RapidOcrReader()


def a_car(number: int, vehicle_type: VehicleType | None = None) -> Car:
    car = TRAFFIC.car(number)
    return car if vehicle_type is None else replace(car, vehicle_type=vehicle_type)


def frame_of(painter: Painter, *cars: Seen, arm: float = 0.0, exit_lane: bool = False) -> np.ndarray:
    return overlay(painter.paint(Scene(exit_lane, arm, cars)), "north-in", "2026-11-23 08:15:42")


def texts(reader: PlateReader, frame: np.ndarray) -> list[str]:
    return [candidate.text for candidate in reader.read(frame)]


@pytest.mark.parametrize("kind", list(VehicleType))
def test_rapidocr_reads_the_plate_of_every_kind_of_vehicle_at_the_stop_line(
    painter: Painter, rapidocr: PlateReader, kind: VehicleType
) -> None:
    car = a_car(list(VehicleType).index(kind), kind)
    frame = frame_of(painter, Seen(car, STOP_LINE), exit_lane=kind is VehicleType.LARGE)
    assert texts(rapidocr, frame) == [car.text]


def test_the_overlay_of_an_empty_lane_is_no_plate(painter: Painter, rapidocr: PlateReader) -> None:
    assert texts(rapidocr, frame_of(painter)) == []


def test_fast_alpr_reads_twenty_plates_of_twenty(painter: Painter, shared: Path) -> None:
    reader = choose_reader(VisionSettings(reader="fast-alpr", weights=shared / "lpr" / "weights"))
    cars = [a_car(number) for number in range(20)]
    assert [texts(reader, frame_of(painter, Seen(car, STOP_LINE))) for car in cars] == [[car.text] for car in cars]
    assert texts(reader, frame_of(painter)) == []


def test_the_plate_grows_as_the_car_comes_nearer(painter: Painter) -> None:
    """Measured as the part of the picture that the car covers."""
    empty = painter.paint(Scene(False, 0.0))
    covered = [
        int(np.any(painter.paint(Scene(False, 0.0, (Seen(a_car(1), front),))) != empty, axis=2).sum())
        for front in (-18.0, -12.0, -6.0, STOP_LINE)
    ]
    assert covered == sorted(covered)
    assert covered[0] * 20 < covered[-1]


def test_the_arm_crosses_the_picture_when_it_is_down_and_is_out_of_it_when_it_is_up(painter: Painter) -> None:
    down, up = (painter.paint(Scene(False, angle)) for angle in (0.0, 1.0))
    middle = WIDTH // 2
    assert down.shape == (HEIGHT, WIDTH, 3)
    assert (np.abs(down[:, middle].astype(int) - up[:, middle]).sum(axis=1) > 60).sum() > 20


def test_equal_scenes_give_equal_pictures(painter: Painter) -> None:
    scene = Scene(True, 0.4, (Seen(a_car(3), -4.2),))
    assert np.array_equal(painter.paint(scene), Painter().paint(scene))


def test_a_car_can_be_painted_wherever_it_is(painter: Painter) -> None:
    for kind in VehicleType:
        for front in np.arange(-20, 10, 0.7):
            painter.paint(Scene(False, 1.0, (Seen(a_car(5, kind), round(float(front), 2), 0.5),)))


def test_a_frame_survives_the_stream_s_compression(painter: Painter, rapidocr: PlateReader) -> None:
    car = a_car(8, VehicleType.COMPACT)
    jpeg = cv2.imencode(".jpg", frame_of(painter, Seen(car, STOP_LINE)), [cv2.IMWRITE_JPEG_QUALITY, 85])[1]
    frame = cv2.imdecode(jpeg, cv2.IMREAD_COLOR)
    assert frame is not None
    assert texts(rapidocr, frame) == [car.text]
