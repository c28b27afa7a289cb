"""Each vehicle's picture: the best frame in which its own plate was read, and of an unread one a blurred view."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from drivers.contract import Box, PlateCandidate
from edge.gallery import Gallery
from edge.store.picture_notes import crop_of, segments
from edge.store.pictures import Pictures
from edge.vision.events import (
    CameraCleared,
    CameraFault,
    PlateDecided,
    PlateGuessed,
    PlateRead,
    VehicleGone,
    VehicleInView,
    VehiclePictured,
    VisionEvent,
)
from edge.vision.frames.album import AT_LATEST, Album
from edge.vision.frames.candidates import MOST, Candidate, better, of_plate
from edge.vision.frames.capture import Shot
from edge.vision.frames.motion import Frame
from edge.vision.settings import ViewSettings
from models.ids import LaneName
from models.instants import SECOND, Instant, Monotonic
from models.plates import Plate
from tests.edge.lots import HandClock

LANE = LaneName("in")
OURS, OTHERS = "AB12CDE", "XY98ZWV"
SHOWS_ALL = ViewSettings(hide=())
AT_ARM = Box(600, 600, 130, 28)


def read_of(text: str, vehicle: int = 1) -> PlateDecided:
    return PlateDecided(LANE, vehicle, PlateRead(Plate(text), 0.99, 3, AT_ARM, AT_ARM.width))


def plate(text: str = OURS, width: int = 130, sure: float = 0.9, x: int = 600) -> PlateCandidate:
    return PlateCandidate(text, (sure,) * len(text), Box(x, 600, width, 28), 0.9)


def shot(seconds: float, bright: int = 90) -> Shot:
    return Shot(np.full((720, 1280, 3), bright, np.uint8), Monotonic(round(seconds * SECOND)))


@dataclass
class Saw:
    """What the eyes saw in one frame."""

    plates: tuple[PlateCandidate, ...] | None = ()
    own: Box | None = None


def looks(
    album: Album,
    seconds: float,
    *events: VisionEvent,
    plates: Sequence[PlateCandidate] | None = (),
    own: PlateCandidate | None = None,
    bright: int = 90,
) -> list[VisionEvent]:
    saw = Saw(None if plates is None else tuple(plates), None if own is None else own.box)
    return album.look(shot(seconds, bright), events, saw)


def album_at(folder: Path, view: ViewSettings = SHOWS_ALL) -> Album:
    """Of a lane on whose loop a vehicle came at 0."""
    album = Album(LANE, folder, HandClock(), view)
    album.watch(1, Monotonic(0))
    return album


def pictured(events: Sequence[VisionEvent]) -> VehiclePictured:
    [told] = events
    assert isinstance(told, VehiclePictured)
    return told


def opened(folder: Path, hash: str | None) -> Frame:
    kept = None if hash is None else Pictures(folder).get(hash)
    assert kept is not None
    shown = cv2.imdecode(np.frombuffer(kept, np.uint8), cv2.IMREAD_COLOR)
    assert shown is not None
    return np.asarray(shown, np.uint8)


def brightness(frame: Frame) -> int:
    return round(float(np.median(frame)))


def test_the_best_frame_of_the_vehicle_is_kept_small_with_its_plate_beside_it_and_once(tmp_path: Path) -> None:
    album = album_at(tmp_path)
    assert looks(album, 0.2, plates=[plate(width=90)], bright=40) == []
    assert looks(album, 0.3, plates=[plate(width=140, sure=0.95)], bright=120) == []
    assert looks(album, 0.4, plates=[plate(width=140, sure=0.5)], bright=200) == []
    told = pictured(looks(album, 0.5, read_of(OURS), plates=[plate()], bright=240))
    whole, crop = opened(tmp_path, told.picture), opened(tmp_path, told.crop)
    assert whole.shape[:2] == (450, 800)
    assert (brightness(whole), brightness(crop)) == (120, 120)
    assert crop.shape[:2] == (36, 182), "the plate and a little around it"
    assert looks(album, 5, read_of(OURS), plates=[plate(width=400)]) == []


def test_whoever_has_the_picture_finds_the_crop_and_nothing_else_is_in_the_file(tmp_path: Path) -> None:
    album = album_at(tmp_path)
    told = pictured(looks(album, 0.5, read_of(OURS), plates=[plate()]))
    for hash in (told.picture, told.crop or ""):
        kept = Pictures(tmp_path).get(hash)
        assert kept is not None
        kinds = {kind for kind, _ in segments(kept)}
        assert kinds <= {0xE0, 0xDB, 0xC0, 0xC4, 0xDA, 0xFE}, "no EXIF, no thumbnail"
        assert kept.count(b"\xff\xd8\xff") == 1, "no picture in the picture"
        assert OURS.encode() not in kept
        assert crop_of(kept) == (told.crop if hash == told.picture else None)


def test_picture_and_crop_grow_old_together(tmp_path: Path) -> None:
    clock = HandClock()
    album = Album(LANE, tmp_path, clock, SHOWS_ALL)
    album.watch(1, Monotonic(0))
    told = pictured(looks(album, 0.5, read_of(OURS), plates=[plate()]))
    taken = clock.read().wall
    assert Pictures(tmp_path).older_than(Instant(taken - 1), 10) == []
    assert {old.hash for old in Pictures(tmp_path).older_than(taken, 10)} == {told.picture, told.crop}


def test_the_plate_of_another_car_is_never_taken_for_the_vehicles_own(tmp_path: Path) -> None:
    album = album_at(tmp_path)
    looks(album, 0.2, plates=[plate(), plate(OTHERS, width=300, sure=1, x=100)], bright=100)
    looks(album, 0.3, plates=[plate(OTHERS, width=400, sure=1, x=100)], bright=200)
    told = pictured(looks(album, 0.4, read_of(OURS), plates=[plate(OTHERS, width=400, sure=1, x=100)], bright=220))
    assert brightness(opened(tmp_path, told.crop)) == 100, "the one frame in which its own plate was read"
    best = max(kept_of(plate(), plate(OTHERS, width=300, sure=1)), key=lambda each: each.worth)
    assert best.own.text == OTHERS, "control: by size and surety alone, the other car's would be taken"


def test_a_plate_that_no_frame_shows_is_told_with_a_picture_that_shows_no_plate(tmp_path: Path) -> None:
    album = album_at(tmp_path)
    noise = np.random.default_rng(1).integers(0, 255, (720, 1280, 3), np.uint8)
    told = pictured(album.look(Shot(noise, Monotonic(SECOND)), [read_of(OURS)], Saw((plate(OTHERS),))))
    assert told.crop is None
    shown = opened(tmp_path, told.picture)
    there = shown[375:392, 375:456]
    assert there.std() < 12 < shown[100:117, 375:456].std(), "painted over; control: beside it the noise is there"


def test_what_the_vehicle_before_showed_is_forgotten_with_it(tmp_path: Path) -> None:
    album = album_at(tmp_path)
    looks(album, 0.3, plates=[plate(width=200, sure=1)], bright=50)
    album.watch(None, Monotonic(SECOND))
    album.watch(2, Monotonic(2 * SECOND))
    assert looks(album, 1.9, plates=[plate(width=200, sure=1)], bright=60) == [], "a frame from before it came"
    told = pictured(looks(album, 2.5, read_of(OURS, 2), plates=[plate()], bright=160))
    assert (told.vehicle, brightness(opened(tmp_path, told.crop))) == (2, 160)


def test_an_unread_vehicle_is_pictured_as_it_stands_and_again_when_its_plate_is_known(tmp_path: Path) -> None:
    album = album_at(tmp_path)
    late, both = AT_LATEST / SECOND, [plate(OTHERS, width=300, x=100), plate("AB1ZC0E")]
    assert looks(album, late, plates=None) == [], "a frame in which its plate isn't known"
    assert looks(album, late + 0.1, plates=both) == [], "nor here: there are two"
    standing = pictured(looks(album, late + 0.2, plates=both, own=both[1], bright=120))
    assert brightness(opened(tmp_path, standing.crop)) == 120
    assert opened(tmp_path, standing.crop).shape[:2] == (36, 170), "its own, and not the larger one"
    assert looks(album, late + 0.3, plates=both, own=both[1]) == []
    guess = PlateGuessed(LANE, 1, read_of(OURS).read)
    assert pictured(looks(album, 5, guess, plates=[plate()])).crop is not None
    assert pictured(looks(album, 6, read_of(OURS), plates=[plate()], bright=91)).crop is not None
    assert looks(album, 7, guess, plates=[plate()]) == []


def test_frames_that_are_never_read_are_waited_for_in_vain_only_a_second(tmp_path: Path) -> None:
    album = album_at(tmp_path)
    assert looks(album, AT_LATEST / SECOND + 0.9, plates=None) == []
    assert pictured(looks(album, AT_LATEST / SECOND + 1, plates=None)).crop is None
    album.watch(None, Monotonic(4 * SECOND))
    assert looks(album, 9) == []


def test_a_lane_without_loops_pictures_who_comes_into_view(tmp_path: Path) -> None:
    album = Album(LANE, tmp_path, HandClock(), SHOWS_ALL)
    assert looks(album, 1) == []
    assert looks(album, 2, VehicleInView(LANE, 4)) == []
    assert [getattr(event, "vehicle", None) for event in looks(album, 4.5)] == [4]
    assert looks(album, 5, VehicleGone(LANE, 4)) == []


def test_a_vehicle_that_is_decided_as_it_comes_into_view_has_a_frame_from_just_before(tmp_path: Path) -> None:
    album = Album(LANE, tmp_path, HandClock(), SHOWS_ALL)
    looks(album, 1, plates=[plate()], bright=50)
    looks(album, 7, plates=[plate(width=120)], bright=150)
    told = pictured(looks(album, 8, VehicleInView(LANE, 1), read_of(OURS), plates=[plate("AB1")]))
    assert brightness(opened(tmp_path, told.crop)) == 150, "not the one of six seconds earlier, which was wider"
    looks(album, 9, plates=[plate("AB12CDF", width=300)])
    looks(album, 10, VehicleGone(LANE, 1), plates=[])
    told = pictured(looks(album, 10.2, VehicleInView(LANE, 2), read_of("AB12CDG", 2), plates=[]))
    assert told.crop is None, "what was seen while another stood there is nobody's who comes after"


def test_what_was_seen_of_an_unread_vehicle_is_nobodys_who_comes_after(tmp_path: Path) -> None:
    album = Album(LANE, tmp_path, HandClock(), SHOWS_ALL)
    looks(album, 1, VehicleInView(LANE, 1), plates=[plate("AB12CDF", width=300)])
    left = [VehicleGone(LANE, 1), VehicleInView(LANE, 2)]
    assert looks(album, 2, *left, plates=[plate()], bright=150) == []
    told = pictured(looks(album, 3, read_of("AB12CDG", 2), plates=[]))
    assert brightness(opened(tmp_path, told.crop)) == 150


def test_a_disk_that_takes_no_picture_costs_no_plate_and_is_told_until_it_takes_one(tmp_path: Path) -> None:
    blocked = tmp_path / "pictures"
    blocked.write_text("")
    album = album_at(blocked)
    told = looks(album, 0.4, read_of(OURS), plates=[plate()])
    assert told == [CameraFault(LANE, "camera.pictures_not_kept", "Not a directory")]
    album.watch(2, Monotonic(SECOND))
    assert looks(album, 1.4, read_of(OURS, 2), plates=[plate()]) == [], "it is known"
    blocked.unlink()
    album.watch(3, Monotonic(2 * SECOND))
    cleared, *pictures = looks(album, 2.4, read_of(OURS, 3), plates=[plate()])
    assert (cleared, pictured(pictures).vehicle) == (CameraCleared(LANE, "camera.pictures_not_kept"), 3)
    album.watch(4, Monotonic(3 * SECOND))
    assert pictured(looks(album, 3.4, read_of(OURS, 4), plates=[plate()])).vehicle == 4


def kept_of(*plates: PlateCandidate) -> tuple[Candidate, ...]:
    return better((), shot(1), plates)


def test_a_few_frames_are_held_and_one_is_copied_only_when_it_is_better() -> None:
    kept = kept_of(*(plate(f"AB{number:05}", width=100 + number) for number in range(9)))
    assert [candidate.own.box.width for candidate in kept] == [108, 107, 106]
    assert len(kept) == MOST
    assert better(kept, shot(2), [plate("AB00008", width=108), plate("KLMNOP", width=100)]) is kept, (
        "nothing was copied"
    )
    assert of_plate(kept, "AB00007") is kept[1], "this very plate, though a wider one is nearly the same"
    assert of_plate(kept, "AB00009") is not None, "nearly the same"
    assert of_plate(kept, "KLMNOP") is None


def test_the_next_vehicle_isnt_given_the_picture_of_the_one_before() -> None:
    gallery = Gallery()
    gallery.took(LANE, "a hash")
    gallery.begins(LANE)
    assert gallery.now(LANE) is None
