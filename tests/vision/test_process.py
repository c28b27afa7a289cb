"""The real child process, with recordings of a drawn car for cameras and RapidOCR for a reader."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import TypeVar

import psutil
import pytest

from drivers.opencv_camera import OpenCvCameraSettings
from edge.assembly import far_camera
from edge.clock import Remembered, SystemClock
from edge.store.pictures import Pictures
from edge.vision.events import (
    CameraCleared,
    CameraFault,
    PlateDecided,
    PlateGuessed,
    VehicleGone,
    VehicleInView,
    VehiclePictured,
    VisionEvent,
)
from edge.vision.process.child import Lane
from edge.vision.process.keeper import VisionProcess
from edge.vision.process.life.environment import environment, variables_of
from edge.vision.process.life.limits import READS, SPARE
from edge.vision.process.life.patience import Patience
from edge.vision.process.life.running import Running
from edge.vision.process.protocol import BeginOrder, LaneOrder, Orders
from edge.vision.settings import ViewSettings, VisionSettings
from edge.vision.voting.vote import RULES
from models.ids import LaneName
from models.instants import HOUR, SECOND, Clock, Instant, Monotonic
from simulator.servers import free_port
from tests.edge.daemons import a_camera
from tests.vision.passages import a_passage, empty_lane, recorded, with_car, with_scratched_plate

LANE = LaneName("gate")
FAR = far_camera(LANE)
PATIENT, CURIOUS = ViewSettings(guess_after=60), ViewSettings(guess_after=0.5)
RAPIDOCR = VisionSettings(reader="rapidocr")
PATIENCE = 60
BROKEN_READER = Path(__file__).parent.parent / "chaos" / "broken_reader"
Kind = TypeVar("Kind", bound=VisionEvent)


@dataclass
class Heard:
    """What the process said; waits for what it will say."""

    events: list[VisionEvent] = field(default_factory=list[VisionEvent])
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def __call__(self, event: VisionEvent) -> None:
        self.events.append(event)
        self.news.set()

    def told_of(self, kind: type[Kind]) -> list[Kind]:
        return [event for event in self.events if isinstance(event, kind)]

    async def first(self, kind: type[Kind], matching: Callable[[Kind], bool] = lambda event: True) -> Kind:
        async with asyncio.timeout(PATIENCE):
            while True:
                for event in self.events:
                    if isinstance(event, kind) and matching(event):
                        return event
                self.news.clear()
                await self.news.wait()


class LeapingClock(SystemClock):
    """Real time, with minutes that can be made to pass at once."""

    leapt = 0

    def monotonic(self) -> Monotonic:
        return Monotonic(super().monotonic() + self.leapt * SECOND)


@asynccontextmanager
async def vision(
    source: Path | str,
    loop_gated: bool,
    realtime: bool,
    clock: Clock | None = None,
    far: Path | None = None,
    view: ViewSettings = PATIENT,
    settings: VisionSettings = RAPIDOCR,
    pictures: Path | None = None,
) -> AsyncIterator[tuple[VisionProcess, Heard]]:
    """`far`: what the camera on the far side of the lane plays, if there is one. `pictures`: where they are kept."""
    heard = Heard()
    cameras = {
        lane: (OpenCvCameraSettings(source=str(film), realtime=realtime), view, loop_gated)
        for lane, film in ((LANE, source), (FAR, far))
        if film is not None
    }
    process = VisionProcess(cameras, settings, clock or SystemClock(), heard, pictures)
    await process.start()
    try:
        yield process, heard
    finally:
        await process.stop()


def a_process(source: Path, far: Path) -> Running:
    """One that nobody replaces when it ends."""
    played = {LANE: OpenCvCameraSettings(source=str(source)), FAR: OpenCvCameraSettings(source=str(far))}
    lanes = tuple(LaneOrder.of(lane, camera, PATIENT, loop_gated=True) for lane, camera in played.items())
    return Running(Orders(settings=RAPIDOCR, lanes=lanes), SystemClock(), Patience)


async def ready(process: VisionProcess) -> psutil.Process:
    async with asyncio.timeout(PATIENCE):
        while process.reader == "starting" or process.pid is None:
            await asyncio.sleep(0.05)
    return psutil.Process(process.pid)


@pytest.fixture
def passages(tmp_path: Path) -> Path:
    frames = [*a_passage("AB123CD"), *a_passage("XY987ZW")]
    return recorded(frames, tmp_path / "lane.avi")


@pytest.fixture
def standing(tmp_path: Path) -> Path:
    """A car that stands before the barrier for twenty seconds."""
    return recorded([with_car(empty_lane(), "AB123CD")] * 240, tmp_path / "standing.avi")


@pytest.fixture
def scratched(tmp_path: Path) -> Path:
    """A car whose plate can't be read surely, for twenty seconds."""
    return recorded([with_scratched_plate(empty_lane())] * 240, tmp_path / "scratched.avi")


async def test_a_lane_without_loops_tells_of_each_car_by_itself(passages: Path):
    async with vision(passages, loop_gated=False, realtime=False) as (_, heard):
        ended = await heard.first(CameraFault)
        assert ended.code == "camera.ended"
        told = [type(event) for event in heard.events if not isinstance(event, CameraFault)]
        assert told == [VehicleInView, PlateDecided, VehicleGone] * 2
        decided = [event for event in heard.events if isinstance(event, PlateDecided)]
        assert [(event.vehicle, event.read.plate) for event in decided] == [(1, "AB123CD"), (2, "XY987ZW")]
        assert all(event.read.frames >= 3 and event.read.confidence > 0.8 for event in decided)


async def test_a_lane_with_a_loop_reads_once_for_each_time_the_loop_goes_on(standing: Path):
    async with vision(standing, loop_gated=True, realtime=True) as (process, heard):
        await ready(process)
        process.watch(LANE, present=True)
        first = await heard.first(PlateDecided)
        assert (first.vehicle, first.read.plate) == (1, "AB123CD")
        process.watch(LANE, present=False)
        process.watch(LANE, present=True)
        second = await heard.first(PlateDecided, lambda event: event.vehicle == 2)
        assert second.read.plate == "AB123CD"
        assert heard.events[1] == VehicleGone(LANE, 1)


async def test_a_vehicle_on_the_loop_before_the_reader_is_loaded_is_read_too(standing: Path):
    async with vision(standing, loop_gated=True, realtime=True) as (process, heard):
        process.watch(LANE, present=True)
        assert (await heard.first(PlateDecided)).read.plate == "AB123CD"


async def test_the_driver_may_be_asked_about_a_plate_that_stays_doubtful(scratched: Path):
    async with vision(scratched, loop_gated=True, realtime=True, view=CURIOUS) as (process, heard):
        process.watch(LANE, present=True)
        asked = await heard.first(PlateGuessed)
        assert (asked.lane, asked.vehicle) == (LANE, 1)
        assert (asked.read.plate, asked.read.frames >= 2) == ("AB123CD", True)
        assert 0.5 <= asked.read.confidence < 0.8
        process.watch(LANE, present=False)
        process.watch(LANE, present=True)
        await heard.first(PlateGuessed, lambda event: event.vehicle == 2)
        assert heard.told_of(PlateDecided) == []


@pytest.mark.parametrize("loads", [False, True])
async def test_a_reader_that_never_loads_is_started_less_and_less_often(
    standing: Path, monkeypatch: pytest.MonkeyPatch, loads: bool
):
    """With its control: were a process that never loaded taken for one that read for long, there would be no pause."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(BROKEN_READER), *sys.path]))
    really_lost = VisionProcess._lost  # pyright: ignore[reportPrivateUsage]
    monkeypatch.setattr(VisionProcess, "_lost", lambda self, ended, loaded: really_lost(self, ended, loaded or loads))
    async with vision(standing, loop_gated=True, realtime=True) as (process, _):
        await asyncio.sleep(2.5)
        assert (process.now.restarts > 4) is loads


async def test_a_driver_who_was_asked_is_not_asked_the_same_again_by_a_new_process(scratched: Path):
    async with vision(scratched, loop_gated=True, realtime=True, view=CURIOUS) as (process, heard):
        process.watch(LANE, present=True)
        await heard.first(PlateGuessed)
        (await ready(process)).kill()
        await heard.first(CameraCleared, lambda fault: fault.code == "vision.crashed")
        await asyncio.sleep(3)
        assert len(heard.told_of(PlateGuessed)) == 1


async def test_the_camera_on_the_far_side_of_a_lane_has_vehicles_of_its_own(standing: Path, scratched: Path):
    async with vision(standing, loop_gated=True, realtime=True, far=scratched, view=CURIOUS) as (process, heard):
        await ready(process)
        process.watch(FAR, present=True)
        asked = await heard.first(PlateGuessed)
        assert (asked.lane, asked.vehicle) == ("gate.far", 1)
        process.watch(FAR, present=False)
        assert heard.events[-1] == VehicleGone(LaneName("gate.far"), 1)
        process.watch(LANE, present=True)
        decided = await heard.first(PlateDecided)
        assert (decided.lane, decided.vehicle, decided.read.plate) == (LANE, 1, "AB123CD")


def test_only_a_vehicle_that_drives_up_has_to_change_the_picture(monkeypatch: pytest.MonkeyPatch):
    order = LaneOrder.of(LANE, OpenCvCameraSettings(source="none"), ViewSettings(), loop_gated=True)
    lane, expected = Lane(order, SystemClock(), Event(), None, lambda: None, 0.0, RULES), list[float]()
    monkeypatch.setattr(lane.capture, "expects_change", lambda at: expected.append(at / SECOND))
    for at, vehicle in ((10, 1), (20, None), (20, 2), (40, 3), (50, None), (60, 4)):
        lane.watch(vehicle, Monotonic(at * SECOND))
    assert expected == [10, 60], "the others were looked at afresh"


async def test_a_far_camera_that_is_gone_is_named_as_such(standing: Path, tmp_path: Path):
    async with vision(standing, loop_gated=True, realtime=True, far=tmp_path / "none.avi") as (_, heard):
        fault = await heard.first(CameraFault)
        assert (fault.lane, fault.code) == ("gate.far", "camera.unreachable")


async def test_a_killed_process_is_replaced_and_the_waiting_vehicle_is_read_by_the_new_one(standing: Path):
    async with vision(standing, loop_gated=True, realtime=True) as (process, heard):
        child = await ready(process)
        child.kill()
        await heard.first(CameraFault, lambda fault: fault.code == "vision.crashed")
        process.watch(LANE, present=True)
        assert (await heard.first(PlateDecided)).vehicle == 1
        await heard.first(CameraCleared, lambda fault: fault.code == "vision.crashed")
        assert process.pid != child.pid


async def test_a_vehicle_that_was_read_before_a_crash_is_no_parked_one_to_the_new_process(standing: Path):
    """It stands on the loop all the time, and is looked at afresh: its driver isn't sent to a button."""
    async with vision(standing, loop_gated=True, realtime=True) as (process, heard):
        child = await ready(process)
        process.watch(LANE, present=True)
        await heard.first(PlateDecided)
        child.kill()
        await heard.first(CameraCleared, lambda fault: fault.code == "vision.crashed")
        await asyncio.sleep(LOOKED_AROUND)
        process.watch(LANE, present=False)
        process.watch(LANE, present=True)
        assert (await heard.first(PlateDecided, lambda event: event.vehicle == 2)).read.plate == "AB123CD"


async def test_a_car_that_is_parked_beside_a_loop_is_so_to_a_new_process_too(standing: Path):
    """Whoever stands on the loop when the process dies has no legible plate here."""
    async with vision(standing, loop_gated=True, realtime=True, view=CURIOUS) as (process, heard):
        child = await ready(process)
        await asyncio.sleep(LOOKED_AROUND)
        process.watch(LANE, present=True)
        await heard.first(PlateGuessed)
        child.kill()
        await heard.first(CameraCleared, lambda fault: fault.code == "vision.crashed")
        await asyncio.sleep(LOOKED_AROUND)
        assert heard.told_of(PlateDecided) == []


CAR = with_car(empty_lane(), "AB123CD")
LOOKED_AROUND = 4.0
"""Seconds after which a process knows what stands in its lane"""


async def comes_into_view(heard: Heard, comes: Event) -> None:
    await asyncio.sleep(LOOKED_AROUND)
    comes.set()
    assert (await heard.first(PlateDecided)).vehicle == 1
    heard.events.clear()


async def is_told_of_again(heard: Heard) -> None:
    again = await heard.first(PlateDecided)
    assert (again.vehicle, again.read.plate) == (2, "AB123CD")
    assert [event.vehicle for event in heard.told_of(VehicleInView)] == [2]


async def test_without_a_loop_a_vehicle_in_view_is_told_of_again_by_a_new_process():
    comes = Event()
    with a_camera(CAR, there=comes.is_set) as address:
        async with vision(address, loop_gated=False, realtime=True) as (process, heard):
            child = await ready(process)
            await comes_into_view(heard, comes)
            child.kill()
            await is_told_of_again(heard)


async def test_without_a_loop_a_vehicle_that_had_passed_is_nobody_to_a_new_process():
    comes = Event()
    with a_camera(CAR, there=comes.is_set) as address:
        async with vision(address, loop_gated=False, realtime=True) as (process, heard):
            child = await ready(process)
            await comes_into_view(heard, comes)
            process.let_go(LANE, 1)
            assert heard.events == [VehicleGone(LANE, 1)]
            child.kill()
            await heard.first(CameraCleared, lambda fault: fault.code == "vision.crashed")
            await asyncio.sleep(LOOKED_AROUND)
            assert heard.told_of(VehicleInView) == []


async def test_without_a_loop_a_vehicle_in_view_is_told_of_again_when_its_camera_is_back():
    comes, port = Event(), free_port()
    async with vision(f"http://127.0.0.1:{port}/in.mjpg", loop_gated=False, realtime=True) as (process, heard):
        await ready(process)
        with a_camera(CAR, port, there=comes.is_set):
            await comes_into_view(heard, comes)
        await heard.first(CameraFault, lambda fault: fault.code == "camera.unreachable")
        with a_camera(CAR, port, there=comes.is_set):
            await is_told_of_again(heard)


async def test_a_hung_process_is_killed_and_replaced(standing: Path):
    clock = LeapingClock()
    async with vision(standing, loop_gated=True, realtime=True, clock=clock) as (process, heard):
        child = await ready(process)
        child.suspend()
        clock.leapt = 60
        await heard.first(CameraFault, lambda fault: fault.code == "vision.crashed")
        await heard.first(CameraCleared, lambda fault: fault.code == "vision.crashed")
        assert not child.is_running()


async def test_a_camera_whose_pictures_crash_the_decoder_is_left_alone_and_the_other_lane_is_read(
    standing: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(Path(__file__).with_name("poisoned")), *sys.path]))
    poison = recorded([empty_lane()] * 240, tmp_path / "poison.avi")
    async with vision(standing, loop_gated=True, realtime=True, far=poison) as (process, heard):
        fault = await heard.first(CameraFault, lambda fault: fault.code == "camera.poisonous")
        assert (fault.lane, "2 times" in fault.detail, "SIGSEGV" in fault.detail) == (FAR, True, True)
        process.watch(LANE, present=True)
        assert (await heard.first(PlateDecided)).read.plate == "AB123CD"
        assert all(fault.lane == FAR for fault in heard.told_of(CameraFault) if fault.code == "camera.poisonous")


@pytest.mark.parametrize("film", ["standing.avi", "lapse.avi"])
async def test_an_error_over_a_picture_ends_the_process_at_once_and_no_plate_is_in_the_log(
    standing: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], film: str
):
    """On the thread that reads, and on a camera's own."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(Path(__file__).with_name("failing")), *sys.path]))
    far = standing if film == standing.name else recorded([empty_lane()] * 24, tmp_path / film)
    running = a_process(standing, far)
    assert await running.is_loaded()
    running.begin(lambda event: None, BeginOrder())
    ended = await running.ended
    assert (ended.why, ended.hung, ended.blamed) == ("it ended with code 1", False, FAR)
    log = capfd.readouterr().err
    assert ("RuntimeError" in log, "sitecustomize.py:" in log, "AB123CD" in log) == (True, True, False)


@pytest.mark.parametrize("damaged", [False, True])
async def test_weights_that_cannot_be_used_are_told_by_the_key_that_names_them(
    standing: Path, tmp_path: Path, damaged: bool
):
    folder = tmp_path / "weights"
    if damaged:
        folder.mkdir()
        for name in ("yolo-t.onnx", "cct_xs.onnx", "cct_xs_plate_config.yaml"):
            (folder / name).write_bytes(b"no weights")
    unusable = VisionSettings(reader="fast-alpr", weights=folder)
    async with vision(standing, loop_gated=True, realtime=True, settings=unusable) as (_, heard):
        told = await heard.first(CameraFault)
    assert told.code == "vision.crashed"
    assert str(folder) in told.detail
    assert "`vision: weights:` in the lot's file" in told.detail
    assert "--weights" not in told.detail


DAEMON = """
import asyncio, sys
from drivers.opencv_camera import OpenCvCameraSettings
from edge.clock import SystemClock
from edge.vision.process.keeper import VisionProcess
from edge.vision.settings import ViewSettings, VisionSettings

async def main():
    camera = OpenCvCameraSettings(source=sys.argv[1])
    settings = VisionSettings(reader="rapidocr")
    process = VisionProcess({"gate": (camera, ViewSettings(), True)}, settings, SystemClock(), lambda event: None)
    await process.start()
    while process.reader == "starting":
        await asyncio.sleep(0.05)
    print(process.pid, flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


async def test_the_process_does_not_outlive_a_daemon_that_was_killed(standing: Path):
    daemon = await asyncio.create_subprocess_exec(
        sys.executable, "-c", DAEMON, str(standing), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    assert daemon.stdout is not None
    while not (said := (await daemon.stdout.readline()).strip()).isdigit():
        assert said, "the daemon ended before its vision process was ready"
    child = psutil.Process(int(said))
    daemon.kill()
    await daemon.wait()
    psutil.wait_procs([child], timeout=10)
    assert not child.is_running()


async def test_the_process_ends_with_the_daemon_and_heeds_no_ctrl_c(standing: Path):
    async with vision(standing, loop_gated=True, realtime=True) as (process, heard):
        child = await ready(process)
        assert int(Path(f"/proc/{child.pid}/oom_score_adj").read_text()) in (READS, SPARE), "the kernel takes it first"
        assert 0 < child.rlimit(psutil.RLIMIT_DATA)[0] < psutil.virtual_memory().total
        os.kill(child.pid, signal.SIGINT)
        process.watch(LANE, present=True)
        await heard.first(PlateDecided)
        assert process.pid == child.pid
    assert not child.is_running()


async def test_the_least_memory_that_may_be_set_is_enough_to_read(standing: Path):
    async with vision(standing, True, True, settings=RAPIDOCR.model_copy(update={"memory": 256})) as (process, heard):
        process.watch(LANE, present=True)
        await heard.first(PlateDecided)
        assert process.now.restarts == 0


async def test_a_picture_is_dated_by_the_daemons_time_where_no_time_server_was_heard(
    standing: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """The lot's store remembers a later time than the computer's clock says: without a battery, that says 1970."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(Path(__file__).with_name("timeless")), *sys.path]))
    monkeypatch.setattr("edge.clock.kernel_is_synced", lambda: False)
    clock = SystemClock(Remembered(floor=Instant(SystemClock().read().wall + HOUR)))
    async with vision(standing, True, True, clock=clock, pictures=tmp_path) as (process, heard):
        process.watch(LANE, present=True)
        picture = (await heard.first(VehiclePictured)).picture
    (taken,) = (each.taken for each in Pictures(tmp_path).all() if each.hash == picture)
    assert 0 <= clock.read().wall - taken < PATIENCE * SECOND


async def test_the_process_that_reads_knows_none_of_the_lots_passwords(standing: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("BROKER_PASSWORD", "open sesame")
    async with vision(standing, loop_gated=True, realtime=True) as (process, _):
        known = (await ready(process)).environ()
        assert ("BROKER_PASSWORD" in known, known["OPENBLAS_NUM_THREADS"]) == (False, "1")


def test_it_knows_its_own_cameras_passwords_and_what_its_libraries_are_told():
    lot = {"BROKER_PASSWORD": "open sesame", "IN_CAMERA": "swordfish", "OPENCV_FFMPEG_CAPTURE_OPTIONS": "tcp"}
    camera = OpenCvCameraSettings(source="rtsp://10.0.0.9/main", username="parkgate", password_env="IN_CAMERA")
    without = OpenCvCameraSettings(source="rtsp://10.0.0.9/main")
    known = environment(lot, variables_of([camera.model_dump(), without.model_dump()]))
    assert known.items() >= {"IN_CAMERA": "swordfish", "OPENCV_FFMPEG_CAPTURE_OPTIONS": "tcp"}.items()
    assert "BROKER_PASSWORD" not in known


async def test_a_camera_that_is_not_there_is_a_fault_of_its_lane(tmp_path: Path):
    async with vision(tmp_path / "none.mp4", loop_gated=False, realtime=True) as (_, heard):
        fault = await heard.first(CameraFault)
        assert (fault.lane, fault.code) == (LANE, "camera.unreachable")


async def test_a_camera_that_comes_back_clears_its_fault(tmp_path: Path):
    async with vision(tmp_path / "late.avi", loop_gated=False, realtime=True) as (_, heard):
        await heard.first(CameraFault)
        recorded([empty_lane()] * 24, tmp_path / "late.avi")
        await heard.first(CameraCleared, lambda fault: fault.code == "camera.unreachable")
