"""How well plates are read, on real photographs and recordings. Needs the shared material."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from drivers.contract import PlateReader
from edge.clock import SystemClock
from edge.store.pictures import Pictures
from edge.vision.events import PlateDecided, VehicleGone, VehicleInView, VehiclePictured, VisionEvent
from edge.vision.files.accuracy.truth import read_truth
from edge.vision.files.reading import read_file
from edge.vision.frames.album import Album
from edge.vision.frames.capture import Shot
from edge.vision.frames.motion import Frame
from edge.vision.process.eyes import LoopEyes, OpenEyes
from edge.vision.readers.choosing import choose_reader
from edge.vision.settings import ViewSettings, VisionSettings
from models.ids import LaneName
from models.instants import SECOND, Monotonic
from models.plates import Plate

LANE = LaneName("tollgate")
OVERLAY = "14B02819T"


@pytest.fixture(scope="module")
def fast_alpr(shared: Path) -> PlateReader:
    return choose_reader(VisionSettings(reader="fast-alpr", weights=shared / "lpr" / "weights"))


@pytest.fixture(scope="module")
def rapidocr() -> PlateReader:
    return choose_reader(VisionSettings(reader="rapidocr"))


def photographs(shared: Path, every: int) -> list[tuple[Path, str]]:
    files = read_truth(shared / "lpr" / "images" / "eu" / "truth.csv")
    return [(file.path, file.plates[0].plate) for file in files][::every]


def clips(shared: Path) -> list[tuple[Path, set[str]]]:
    files = read_truth(shared / "lpr" / "video" / "truth.csv")
    return [(file.path, {each.plate for each in file.plates}) for file in files]


def exact(reader: PlateReader, pictures: list[tuple[Path, str]]) -> tuple[int, int]:
    """How many most prominent plates are right: to the letter, and with O and 0 taken for the same."""
    right = alike = 0
    for path, plate in pictures:
        found = read_file(path, reader)
        text = found[0].plate if found else ""
        right += text == plate
        alike += text.replace("O", "0") == plate.replace("O", "0")
    return right, alike


def test_fast_alpr_reads_the_european_photographs(shared: Path, fast_alpr: PlateReader):
    right, alike = exact(fast_alpr, photographs(shared, every=1))
    assert right >= 101
    assert alike == 108


def test_rapidocr_reads_three_in_four_of_the_european_photographs(shared: Path, rapidocr: PlateReader):
    right, alike = exact(rapidocr, photographs(shared, every=6))
    assert right >= 13
    assert alike >= 15


def test_the_tollgates_two_cars_are_read_and_the_caption_never(shared: Path, fast_alpr: PlateReader):
    found = [plate.plate for plate in read_file(shared / "lpr" / "video" / "tollgate.mp4", fast_alpr)]
    assert found[:2] == ["34A36837", "34A23126"]
    assert set(found[2:]) <= {"89C20339"}


def passed(path: Path, eyes: OpenEyes, reader: PlateReader) -> list[VisionEvent]:
    """Everything a lane without loops tells of a recording."""
    capture: Any = cv2.VideoCapture(str(path))
    interval = SECOND / capture.get(cv2.CAP_PROP_FPS)
    told: list[VisionEvent] = []
    count = 0
    while True:
        there, frame = capture.read()
        if not there:
            return [*told, *eyes.over()]
        told += eyes.look(Shot(frame, Monotonic(round(count * interval))), reader)
        count += 1


def test_live_the_tollgate_has_two_vehicles_and_the_far_truck_is_none(shared: Path, fast_alpr: PlateReader):
    told = passed(shared / "lpr" / "video" / "tollgate.mp4", OpenEyes(LANE, ViewSettings()), fast_alpr)
    decided = [(event.vehicle, event.read.plate) for event in told if isinstance(event, PlateDecided)]
    assert decided == [(1, "34A36837"), (2, "34A23126")]
    assert [type(event) for event in told] == [VehicleInView, PlateDecided, VehicleGone] * 2


def test_the_clips_yield_their_plates_and_no_others(shared: Path, fast_alpr: PlateReader):
    some = clips(shared)[::2]
    read = {path.name: {plate.plate for plate in read_file(path, fast_alpr)} for path, _ in some}
    assert read == {path.name: plates for path, plates in some}


def pictured(path: Path, folder: Path, reader: PlateReader) -> list[tuple[Plate, Frame]]:
    """The decided plate and the picture that is kept, of a vehicle on a loop."""
    eyes, album = LoopEyes(LANE, ViewSettings()), Album(LANE, folder, SystemClock(), ViewSettings())
    for part in (eyes, album):
        part.watch(1, Monotonic(0))
    capture: Any = cv2.VideoCapture(str(path))
    told: list[VisionEvent] = []
    count = 0
    while capture.grab():
        shot = Shot(capture.retrieve()[1], Monotonic(count * SECOND // 12))
        seen = eyes.look(shot, reader)
        told += [*seen, *album.look(shot, seen, eyes)]
        count += 1
    plates = [event.read.plate for event in told if isinstance(event, PlateDecided)]
    kept = [Pictures(folder).get(event.picture) for event in told if isinstance(event, VehiclePictured)]
    opened = [cv2.imdecode(np.frombuffer(each or b"", np.uint8), cv2.IMREAD_COLOR) for each in kept]
    return [(plate, np.asarray(frame, np.uint8)) for plate, frame in zip(plates, opened[-1:], strict=True)]


@pytest.mark.parametrize("clip", ["Video100_2.avi", "Video61_2.avi", "Video10_2.avi"])
def test_the_picture_shows_the_decided_plate_and_no_other(
    shared: Path, tmp_path: Path, fast_alpr: PlateReader, clip: str
):
    [(plate, frame)] = pictured(shared / "lpr" / "video" / "clips" / clip, tmp_path, fast_alpr)
    assert [candidate.text for candidate in fast_alpr.read(frame)] == [plate]
