"""Cameras that read plates themselves, in the daemon: faults, pictures, and what comes late."""

from __future__ import annotations

import asyncio
import dataclasses
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, ClassVar, Literal

import cv2
import numpy as np
import pytest

from drivers.contract import DriverContext
from drivers.plate_sources.faults import CLOCK, GARBLED, UNREACHABLE
from drivers.plate_sources.heard import Heard, HeardClock, HeardPicture, HeardPlate
from drivers.plate_sources.posting import Ears
from drivers.plate_sources.settings import PlateSourceSettings
from edge.clock import SystemClock
from edge.store.pictures import Pictures
from edge.vision.events import (
    CameraCleared,
    CameraFault,
    PlateDecided,
    PlateGuessed,
    VehicleGone,
    VehiclePictured,
    VisionEvent,
)
from edge.vision.settings import ViewSettings
from edge.vision.told.pictures import fit_to_keep, fitted
from edge.vision.told.told import Source, Told
from models.faults import Fault
from models.ids import LaneName
from models.instants import SECOND, Instant, Monotonic, Reading
from models.spots import VehicleType
from tests.drivers.conftest import Notebook, eventually

LANE = LaneName("in")


class SyncedClock(SystemClock):
    def read(self) -> Reading:
        return dataclasses.replace(super().read(), synced=True, wall=Instant(super().read().wall + self._ahead))

    _ahead = 0

    def monotonic(self) -> Monotonic:
        return Monotonic(super().monotonic() + self._ahead)

    def later(self, seconds: float) -> None:
        self._ahead += round(seconds * SECOND)


class Puppet(Ears):
    """A camera that says what a test says."""

    def __init__(self, context: DriverContext) -> None:
        super().__init__()
        self.faults = context.faults

    async def start(self) -> None: ...
    async def stop(self) -> None: ...


class PuppetSettings(PlateSourceSettings):
    faults: ClassVar[tuple[Fault, ...]] = (UNREACHABLE, GARBLED, CLOCK)
    blinds: ClassVar[tuple[Fault, ...]] = (UNREACHABLE,)

    driver: Literal["puppet"] = "puppet"

    def build(self, context: DriverContext) -> Puppet:
        return Puppet(context)


class Site:
    def __init__(self, folder: Path, faults: Notebook, gated: bool = True, **settings: Any) -> None:
        self.events, self.clock, self.pictures = list[VisionEvent](), SyncedClock(), Pictures(folder)
        source = Source(PuppetSettings.model_validate(settings), gated)
        context = lambda camera: DriverContext(f"{camera}.camera", self.clock, faults)  # noqa: E731
        self.told = Told({LANE: source}, context, self.clock, self.events.append, folder)
        self.camera: Any = self.told._ears[LANE].source  # pyright: ignore[reportPrivateUsage]

    def says(self, heard: Heard) -> None:
        self.camera.tell(heard)

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    def ago(self, seconds: float) -> Instant:
        return Instant(self.clock.read().wall - round(seconds * SECOND))


@pytest.fixture
async def a_site(tmp_path: Path, faults: Notebook) -> AsyncIterator[Callable[..., Site]]:
    made: list[Site] = []

    def make(**settings: Any) -> Site:
        made.append(Site(tmp_path / "pictures", faults, **settings))
        return made[-1]

    yield make
    for site in made:
        await site.told.stop()


@pytest.fixture
def faults() -> Notebook:
    return Notebook()


def a_jpeg(width: int = 1600, height: int = 900) -> bytes:
    frame = np.random.default_rng(7).integers(0, 255, (height, width, 3), np.uint8)
    return cv2.imencode(".jpg", cv2.GaussianBlur(frame, (31, 31), 9))[1].tobytes()


async def test_a_fault_that_blinds_goes_the_way_of_any_cameras_and_others_to_the_board(
    a_site: Callable[..., Site], faults: Notebook
):
    site = a_site()
    for _ in range(2):
        site.camera.faults.raised(UNREACHABLE, "no answer")
        site.camera.faults.raised(GARBLED, "what?")
    assert site.events == [CameraFault(LANE, UNREACHABLE.code, "no answer")]
    assert faults.on == {GARBLED.code: "what?"}
    for _ in range(2):
        site.camera.faults.cleared(UNREACHABLE)
        site.camera.faults.cleared(GARBLED)
    assert site.events[1:] == [CameraCleared(LANE, UNREACHABLE.code)]
    assert faults.on == {}


async def test_what_comes_late_opens_nothing_and_is_told(a_site: Callable[..., Site], faults: Notebook):
    site = a_site(fresh_within=2)
    site.told.watch(LANE, True)
    site.says(HeardPlate("1", "AB12CDE", 0.99, taken=site.ago(3600)))
    assert site.events == []
    assert faults.on.keys() == {CLOCK.code}
    site.says(HeardPlate("2", "AB12CDE", 0.99, taken=site.ago(0.1)))
    assert [event.read.plate for event in site.of(PlateDecided)] == ["AB12CDE"]
    assert faults.on == {}


async def test_what_always_comes_late_by_as_much_asks_the_driver(a_site: Callable[..., Site], faults: Notebook):
    site = a_site(ask_after=0.01)
    site.told.watch(LANE, True)
    site.says(HeardClock(site.ago(20)))
    site.clock.later(5)
    site.says(HeardPlate("1", "AB12CDE", 0.99, taken=site.ago(20)))
    await eventually(lambda: bool(site.of(PlateGuessed)))
    assert site.of(PlateDecided) == []
    assert faults.on.keys() == {CLOCK.code}


async def test_a_driver_whose_plate_comes_as_the_cameras_clock_is_set_right_is_asked_and_the_next_one_is_not(
    a_site: Callable[..., Site], faults: Notebook
):
    site = a_site(ask_after=0.01)
    site.says(HeardClock(site.ago(-3600)))
    site.told.watch(LANE, True)
    site.says(HeardPlate("1", "AB12CDE", 0.99, taken=site.ago(0.1)))
    await eventually(lambda: bool(site.of(PlateGuessed)))
    assert site.of(PlateDecided) == []
    assert faults.on.keys() == {CLOCK.code}
    site.told.watch(LANE, False)
    site.clock.later(60)
    site.told.watch(LANE, True)
    site.says(HeardPlate("2", "XY77ZZZ", 0.99, taken=site.ago(0.1)))
    assert [event.read.plate for event in site.of(PlateDecided)] == ["XY77ZZZ"]
    assert faults.on == {}


async def test_what_comes_a_little_late_is_dated_back_to_when_it_was_seen(a_site: Callable[..., Site]):
    site = a_site(early=0.5)
    site.says(HeardClock(site.ago(0)))
    site.told.watch(LANE, True)
    site.says(HeardPlate("1", "AB12CDE", 0.99, taken=site.ago(5)))
    assert site.of(PlateDecided) == []
    site.says(HeardPlate("2", "XY77ZZZ", 0.99, taken=site.ago(0.1)))
    assert [event.read.plate for event in site.of(PlateDecided)] == ["XY77ZZZ"]


async def test_a_plate_that_has_to_settle_is_decided_by_itself(a_site: Callable[..., Site]):
    site = a_site(settle="100 ms")
    site.told.watch(LANE, True)
    site.says(HeardPlate("1", "AB12CDE", 0.99))
    assert site.events == []
    await eventually(lambda: bool(site.of(PlateDecided)))
    site.told.watch(LANE, False)
    assert site.events[1:] == [VehicleGone(LANE, 1)]


async def test_plates_without_an_id_are_each_a_word_of_its_own(a_site: Callable[..., Site]):
    site = a_site()
    for number in (1, 2):
        site.told.watch(LANE, True)
        site.says(HeardPlate("", f"AB{number}2CD{number}", 0.99))
        site.told.watch(LANE, False)
    assert [event.read.plate for event in site.of(PlateDecided)] == ["AB12CD1", "AB22CD2"]


async def test_the_camera_tells_what_kind_of_vehicle_is_there(a_site: Callable[..., Site]):
    site = a_site()
    site.says(HeardPlate("1", "AB12CDE", 0.99, vehicle_type=VehicleType.LARGE))
    assert site.told.vehicle_type(LANE) is None
    site.told.watch(LANE, True)
    assert site.told.vehicle_type(LANE) is VehicleType.LARGE
    site.told.watch(LANE, False)
    assert site.told.vehicle_type(LANE) is None
    assert site.told.vehicle_type(LaneName("another")) is None


async def test_a_picture_is_kept_of_whoever_comes_and_of_nobody_else(a_site: Callable[..., Site]):
    site = a_site()
    site.says(HeardPlate("1", "PASSER1", 0.99, picture=a_jpeg()))
    await asyncio.sleep(0.2)
    assert list(site.pictures.all()) == []
    site.says(HeardPlate("2", "AB12CDE", 0.99))
    site.told.watch(LANE, True)
    site.says(HeardPicture("2", a_jpeg()))
    await eventually(lambda: bool(site.of(VehiclePictured)), within=20)
    (pictured,) = site.of(VehiclePictured)
    kept = site.pictures.get(pictured.picture)
    assert kept is not None
    assert len(list(site.pictures.all())) == 1
    assert len(kept) < 40_000


async def test_a_picture_that_cant_be_kept_is_told_until_one_is(a_site: Callable[..., Site], tmp_path: Path):
    site, folder = a_site(), tmp_path / "pictures"
    folder.write_text("")
    site.told.watch(LANE, True)
    site.says(HeardPlate("1", "AB12CDE", 0.99, picture=a_jpeg()))
    await eventually(lambda: bool(site.of(CameraFault)), within=20)
    assert site.of(CameraFault) == [CameraFault(LANE, "camera.pictures_not_kept", "Not a directory")]
    folder.unlink()
    site.told.watch(LANE, False)
    site.told.watch(LANE, True)
    site.says(HeardPlate("2", "XY77ZZZ", 0.99, picture=a_jpeg()))
    await eventually(lambda: bool(site.of(VehiclePictured)), within=20)
    assert site.of(CameraCleared) == [CameraCleared(LANE, "camera.pictures_not_kept")]


def test_of_a_picture_only_what_may_be_shown_is_kept():
    frame = cv2.imdecode(np.frombuffer(fitted(a_jpeg(), ViewSettings()), np.uint8), cv2.IMREAD_COLOR)
    assert frame is not None
    assert frame.shape[1] == 800
    blocks = frame[:20, :20].reshape(-1, 3).astype(int)
    assert np.ptp(blocks, axis=0).max() < 12, "one colour"


@pytest.mark.parametrize("content", [b"\xff\xd8\xff" + bytes(100), b"", b"GIF89a"])
def test_what_is_no_picture_is_none(content: bytes):
    with pytest.raises(ValueError, match="no picture"):
        fitted(content, ViewSettings())


async def test_a_picture_that_its_decoder_does_not_survive_costs_that_picture_only():
    assert await fit_to_keep(b"\xff\xd8\xff" + bytes(100), ViewSettings(), SystemClock()) is None


async def test_whoever_decodes_a_posted_picture_knows_none_of_the_lots_passwords(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    decoder = tmp_path / "decoder"
    decoder.write_text("#!/bin/sh\ncat > /dev/null\n/usr/bin/env\n")
    decoder.chmod(0o700)
    monkeypatch.setattr("sys.executable", str(decoder))
    monkeypatch.setenv("BROKER_PASSWORD", "open sesame")
    monkeypatch.setenv("PYTHONPATH", "found by this")
    told = await fit_to_keep(a_jpeg(), ViewSettings(), SystemClock())
    assert told is not None
    assert (b"open sesame" in told, b"found by this" in told) == (False, True)


DECODES = """
import resource, sys
_, hard = resource.getrlimit(resource.RLIMIT_CORE)
resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
from edge.vision.told import pictures
pictures.fitted = lambda picture, view: str(resource.getrlimit(resource.RLIMIT_CORE)[0]).encode()
pictures.main()
"""


def test_a_decoder_that_crashes_leaves_no_core_file_with_the_picture_in_it():
    settings = ViewSettings().model_dump_json().encode() + b"\n"
    decoded = subprocess.run([sys.executable, "-c", DECODES], input=settings, capture_output=True, check=True)
    assert decoded.stdout == b"0"
