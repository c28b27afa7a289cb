"""How long from the first readable frame to the decided plate, on the clips in real time, and which plates are found.

First readable is the first frame in which the reader by itself gives the plate of the vehicle, wide enough to count.
Each clip comes after a second of an empty lane and goes into one again. A clip with two vehicles is shown as two lanes
of one camera, each with its half of the picture for a region: a lane has one vehicle at a time.
`--slow` keeps the reader busy for a third of a second each time, as a small computer is.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2

from bench.lane_film import SIZES, an_empty_lane, as_large_as, filmed
from bench.plates import Film, films, one_of, our_reader, tollgate
from bench.report import percentile
from drivers.opencv_camera import OpenCvCameraSettings
from edge.clock import SystemClock
from edge.vision.events import PlateDecided, VehicleInView
from edge.vision.files.reading import read_file
from edge.vision.frames.capture import Capture
from edge.vision.frames.motion import Frame
from edge.vision.frames.view import near_width, plates_in
from edge.vision.process.eyes import Eyes, LoopEyes, OpenEyes
from edge.vision.settings import Area, ViewSettings
from models.ids import LaneName
from models.instants import SECOND, Clock, Monotonic

_LANE = LaneName("gate")
_LEAD, _TAIL = 1.0, 2.5
_LEFT, _RIGHT = Area(x=0, y=0, width=0.5, height=1), Area(x=0.5, y=0, width=0.5, height=1)


@dataclass(frozen=True, slots=True)
class Scene:
    """A film for one lane: its plates, and when (seconds) the first of them can be read."""

    name: str
    path: Path
    view: ViewSettings
    plates: tuple[str, ...]
    readable: float
    begins: float
    ends: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """`after`: seconds from the first readable frame to the decision; None when there was none."""

    plates: list[str]
    vehicles: int
    after: float | None


class _Slow:
    """A reader on a small computer."""

    def __init__(self, reader: Any, seconds: float, clock: Clock) -> None:
        self._reader, self._seconds, self._clock = reader, seconds, clock
        self.name = reader.name

    def read(self, frame: Frame) -> Any:
        begun = self._clock.monotonic()
        found = self._reader.read(frame)
        threading.Event().wait(max(0.0, self._seconds - (self._clock.monotonic() - begun) / SECOND))
        return found


def scenes(folder: Path, reader: Any) -> Iterator[Scene]:
    """Each clip between stretches of an empty lane, and the toll gate as it is."""
    lane = [as_large_as(frame, SIZES[0]) for frame in itertools.islice(an_empty_lane(filmed(), 8), 96)]
    for film in films():
        frames, rate = _frames_of(film)
        before, after = round(_LEAD * rate), round(_TAIL * rate)
        whole = [*lane[:before], *frames, *lane[: after + 1]]
        path = folder / f"{film.name}.avi"
        _write(whole, rate, path)
        for plates, view in _lanes_of(film, frames, reader):
            first = _first_readable(frames, plates[0], view, reader)
            ends = (before + len(frames)) / rate
            yield Scene(film.name, path, view, plates, (before + first) / rate, before / rate, ends)
    gate = tollgate()
    frames, rate = _frames_of(gate)
    stands = _first_readable(frames, gate.plates[0], ViewSettings(), reader) / rate
    yield Scene(gate.name, gate.path, ViewSettings(), gate.plates, stands, 0, len(frames) / rate)


def live(scene: Scene, eyes: Eyes, reader: Any) -> Outcome:
    """Play the film at its own pace through a capture thread, as the vision process does."""
    clock, changed = SystemClock(), threading.Event()
    capture = Capture(OpenCvCameraSettings(source=str(scene.path)), clock, changed.set)
    begun: Monotonic | None = None
    plates: list[str] = []
    vehicles, after, on_loop = 0, None, False
    capture.start()
    while not capture.is_over:
        changed.wait(0.1)
        changed.clear()
        shot = capture.take()
        if shot is None:
            continue
        begun = begun or shot.at
        on = scene.begins <= (shot.at - begun) / SECOND < scene.ends
        if on != on_loop:
            on_loop = on
            eyes.watch(1 if on else None, shot.at)
        for event in eyes.look(shot, reader):
            vehicles += isinstance(event, VehicleInView)
            if isinstance(event, PlateDecided):
                plates.append(str(event.read.plate))
                after = after or (clock.monotonic() - begun) / SECOND - scene.readable
    capture.stop()
    capture.join(1)
    return Outcome(plates, vehicles, after)


def _lanes_of(film: Film, frames: list[Frame], reader: Any) -> Iterator[tuple[tuple[str, ...], ViewSettings]]:
    if len(film.plates) == 1:
        yield film.plates, ViewSettings()
        return
    for area in (_LEFT, _RIGHT):
        view = ViewSettings(region=area)
        seen = {candidate.text for frame in frames for candidate in plates_in(frame, reader, view)}
        yield tuple(plate for plate in film.plates if plate in seen), view


def _first_readable(frames: list[Frame], plate: str, view: ViewSettings, reader: Any) -> int:
    for number, frame in enumerate(frames):
        near = near_width(view, frame.shape[1])
        if any(one_of(c.text) == one_of(plate) and c.box.width >= near for c in plates_in(frame, reader, view)):
            return number
    return len(frames)


def _frames_of(film: Film) -> tuple[list[Frame], float]:
    capture = cv2.VideoCapture(str(film.path))
    rate, frames = capture.get(cv2.CAP_PROP_FPS), list[Any]()
    while (read := capture.read())[0]:
        frames.append(read[1])
    return frames, rate


def _write(frames: list[Frame], rate: float, path: Path) -> None:
    height, width = frames[0].shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), rate, (width, height))
    for frame in frames:
        writer.write(frame)
    writer.release()


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--rounds", type=int, default=1)
    asked.add_argument("--slow", action="store_true", help="a read takes at least a third of a second")
    options = asked.parse_args()
    reader = our_reader()
    live_reader: Any = _Slow(reader, 1 / 3, SystemClock()) if options.slow else reader
    took: dict[str, list[float]] = {"open": [], "loop": []}
    wrong = 0
    print(f"{'clip':<14} {'plates':<18} {'read':<18} {'open lane':<28} {'lane with a loop':<24}")
    with tempfile.TemporaryDirectory(prefix="parkgate-bench-") as folder:
        for scene in [scene for scene in scenes(Path(folder), reader) for _ in range(options.rounds)]:
            whole = _original(scene)
            told = [plate.plate for plate in read_file(whole, reader)]
            lanes = {"open": live(scene, OpenEyes(_LANE, scene.view), live_reader)}
            if len(scene.plates) == 1:
                lanes["loop"] = live(scene, LoopEyes(_LANE, scene.view), live_reader)
            wrong += not set(scene.plates) <= set(told)
            for kind, outcome in lanes.items():
                wrong += outcome.plates != list(scene.plates)
                took[kind] += [] if outcome.after is None else [outcome.after]
            shown = [f"{' '.join(one.plates) or '-'} {_seconds(one.after)}" for one in lanes.values()]
            shown += [""] * (2 - len(shown))
            print(f"{scene.name:<14} {' '.join(scene.plates):<18} {' '.join(told):<18} {shown[0]:<28} {shown[1]:<24}")
    for kind, seconds in took.items():
        print(json.dumps(_line(kind, seconds, wrong, options.slow)))


def _original(scene: Scene) -> Path:
    return next((film.path for film in films() if film.name == scene.name), scene.path)


def _seconds(after: float | None) -> str:
    return "" if after is None else f"{after:.2f} s"


def _line(kind: str, seconds: list[float], wrong: int, slow: bool) -> dict[str, Any]:
    return {
        "bench": f"first-plate-{kind}",
        "median": round(statistics.median(seconds), 3),
        "p99": round(percentile(seconds, 0.99), 3),
        "unit": "s from the first readable frame to the decided plate",
        "runs": len(seconds),
        "reads_a_second": 3 if slow else 8,
        "wrong_or_missed_in_all": wrong,
    }


if __name__ == "__main__":
    main()
