"""Processor time of one lane: ours, from the camera to the decided plate, beside fast-alpr on every frame of it."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2

from bench.lane_film import CODECS, RATE, SIZES, written
from bench.plates import our_reader, plain_alpr
from bench.report import Measured
from drivers.opencv_camera import OpenCvCameraSettings
from edge.clock import SystemClock
from edge.vision.events import PlateDecided, VisionEvent
from edge.vision.frames.capture import Capture
from edge.vision.frames.motion import Frame
from edge.vision.frames.view import near_width
from edge.vision.process.eyes import Eyes, OpenEyes
from edge.vision.settings import ViewSettings
from models.ids import LaneName

_LANE = LaneName("gate")
_PATIENCE = 0.2
_AGREEING = 3
VIEW = ViewSettings()


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds of processor time for the whole film, how many frames were read, and the plates in order."""

    seconds: float
    reads: int
    plates: list[str]


class Counted:
    """A reader that counts."""

    def __init__(self, reader: Any) -> None:
        self._reader = reader
        self.name, self.reads = reader.name, 0

    def read(self, frame: Frame) -> Any:
        self.reads += 1
        return self._reader.read(frame)


def ours(film: Path, reader: Any, eyes: Eyes) -> Cost:
    """As the vision process does it, with its capture thread; the film is played as fast as its frames are looked at,
    so that every frame is looked at and its moments stay those of the film."""
    counted, changed, said = Counted(reader), threading.Event(), list[VisionEvent]()
    begun = time.process_time()
    capture = Capture(OpenCvCameraSettings(source=str(film), realtime=False), SystemClock(), changed.set)
    capture.start()
    while not capture.is_over:
        changed.wait(_PATIENCE)
        changed.clear()
        shot = capture.take()
        if shot is not None:
            said += eyes.look(shot, counted)
    said += eyes.over()
    capture.stop()
    capture.join(1)
    plates = [str(event.read.plate) for event in said if isinstance(event, PlateDecided)]
    return Cost(time.process_time() - begun, counted.reads, plates)


def theirs(film: Path, alpr: Any) -> Cost:
    """fast-alpr on every frame. Its plates: what at least three near frames read alike, once for each time it comes."""
    begun = time.process_time()
    capture = cv2.VideoCapture(str(film))
    seen: list[tuple[int, str]] = []
    count = 0
    while True:
        there, frame = capture.read()
        if not there:
            break
        near = near_width(VIEW, frame.shape[1])
        found = [r for r in alpr.predict(frame) if r.ocr is not None and r.detection.bounding_box.width >= near]
        seen += [(count, result.ocr.text) for result in found]
        count += 1
    return Cost(time.process_time() - begun, count, list(_came(seen)))


def _came(seen: list[tuple[int, str]]) -> Iterator[str]:
    """Each plate once for each time it comes: seen at least three times, and not within the five seconds before."""
    often = {text for text, times in Counter(text for _, text in seen).items() if times >= _AGREEING}
    last: dict[str, int] = {}
    for frame, text in seen:
        if text in often and frame - last.get(text, -RATE * 60) > 5 * RATE:
            yield text
        last[text] = frame


def compared(bench: str, goal: str, seconds: float, plates: list[str], frames: Callable[[], Iterator[Frame]]) -> None:
    """Measure both on the same film in each size, by turns, and print a line for each size."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--runs", type=int, default=5)
    asked.add_argument("--size", choices=[size.name for size in SIZES], action="append")
    asked.add_argument("--codec", choices=list(CODECS), default="mpeg4")
    options = asked.parse_args()
    reader, alpr = our_reader(), plain_alpr()
    for size in SIZES:
        if options.size and size.name not in options.size:
            continue
        with tempfile.TemporaryDirectory(prefix="parkgate-bench-") as folder:
            film = written(frames(), size, options.codec, Path(folder))
            costs = [_both(film, reader, alpr, run) for run in range(options.runs)]
        _print(bench, goal, seconds, plates, f"{size.name}-{options.codec}", costs)


def _both(film: Path, reader: Any, alpr: Any, run: int) -> tuple[Cost, Cost]:
    if run % 2:
        limit = theirs(film, alpr)
        mine = ours(film, reader, OpenEyes(_LANE, VIEW))
    else:
        mine = ours(film, reader, OpenEyes(_LANE, VIEW))
        limit = theirs(film, alpr)
    print(f"run {run + 1}: {mine.seconds:.2f} s ({mine.reads} reads) and {limit.seconds:.2f} s", file=sys.stderr)
    return mine, limit


def _print(bench: str, goal: str, seconds: float, plates: list[str], form: str, costs: list[tuple[Cost, Cost]]) -> None:
    shares = [(mine.seconds / seconds, limit.seconds / seconds) for mine, limit in costs]
    what = "fast-alpr's predict on every frame of the same film, decoding included on both sides"
    unit = "processor seconds for each second of the lane"
    line = Measured(f"{bench}-{form}", unit, what, *zip(*shares, strict=True), goal=goal).line()
    mine, limit = costs[-1]
    extra = {
        "reads": mine.reads,
        "frames": limit.reads,
        "plates": plates,
        "ours_found": mine.plates,
        "limit_found": limit.plates,
        "same_plates": mine.plates == plates and set(plates) <= set(limit.plates),
        "lanes_of_two_cores": int(2 / sorted(share for share, _ in shares)[len(shares) // 2]),
    }
    print(json.dumps({**json.loads(line), **extra}))
