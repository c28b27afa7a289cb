"""A lane's camera: whether pictures come and how they are, and whether a plate can be read in them."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

import cv2

from drivers.contract import CameraSettings, PlateReader, PlateSource
from edge.doctor.findings import About
from edge.doctor.needs import DeviceFile, Part, far_end, needs
from edge.doctor.pictures import Sample, best_of, judged, marked, plate_judged
from edge.doctor.reach import NoWay, connected
from edge.doctor.subject import Found, Subject
from edge.vision.faults import UNREACHABLE
from edge.vision.frames.capture import Capture, Shot
from edge.vision.frames.motion import Frame
from edge.vision.frames.view import plates_in
from edge.vision.readers.choosing import choose_reader
from edge.vision.readers.weights import WeightsError
from edge.vision.settings import ViewSettings, VisionSettings
from models.instants import SECOND, Clock, Monotonic

CAMERA, PLATES = "camera", "plates"
FIRST_PICTURE_SECONDS, REFUSED_SECONDS = 7.0, 2.5
SAMPLE_SECONDS, READ_SECONDS = 1.5, 5.0
_SAMPLED = 12
_LOOK_SECONDS = 0.02


class Eye:
    """One camera, open from the first check on it to `close`. Blocking; used by one thread at a time."""

    def __init__(self, part: Part, view: ViewSettings, clock: Clock, why_not: str = "") -> None:
        """`why_not`: why it isn't to be opened."""
        self.part, self._view, self._clock, self._why_not = part, view, clock, why_not
        self._settings: Any = part.settings
        self._came = 0
        self._pause = threading.Event()
        self._capture = Capture(self._settings, clock, self._one_more)
        self._opened = False
        self._last: Frame | None = None

    def look(self) -> Found:
        about = About(CAMERA, self.part.name)
        if self._why_not:
            yield about.skipped(self._why_not)
            return
        self._opened = True
        self._capture.start()
        first = self._next_shot(self._ends(FIRST_PICTURE_SECONDS), hopeless_after=self._ends(REFUSED_SECONDS))
        if first is None:
            yield from self._nothing_came(about)
            return
        yield from judged(about, self._sample(first.frame))

    def read(self, reader: PlateReader, folder: Path) -> Found:
        """Read plates for a while, and keep the picture with the best one marked in `folder`."""
        about = About(PLATES, self.part.name)
        if self._last is None:
            yield about.skipped("there was no picture to look for a plate in")
            return
        frame, plate = self._best_seen(reader)
        try:
            picture = _kept(marked(frame, self._view, plate), folder / f"{self.part.name}.jpg")
        except OSError as error:
            yield about.warn(
                f"the picture can't be kept in {folder}: {error.strerror}", "--pictures: a folder to write to"
            )
            picture = "no picture"
        if plate is None:
            yield about.skipped(
                f"no plate was seen in {READ_SECONDS:g} s; the view is in {picture}",
                f"Put a vehicle where drivers stop, then look again with --only camera,plates --lane {self.part.lane}",
                picture=picture,
            )
            return
        yield plate_judged(about, plate, self._view, frame.shape[1], picture)

    def close(self) -> None:
        if self._opened:
            self._capture.stop()
            self._capture.join(1.0)

    def _best_seen(self, reader: PlateReader) -> tuple[Frame, Any]:
        """The picture with the best plate until one is read well, or the last picture and no plate."""
        ends, best = self._ends(READ_SECONDS), None
        assert self._last is not None
        frame, seen_in = self._last, self._last
        while True:
            found = best_of(plates_in(frame, reader, self._view))
            if found is not None and found is best_of([found] if best is None else [best, found]):
                best, seen_in = found, frame
            shot = None if best is not None and min(best.confidences) > 0.9 else self._next_shot(ends)
            if shot is None:
                return (seen_in if best is not None else frame), best
            frame = shot.frame

    def _sample(self, first: Frame) -> Sample:
        begun, before = self._clock.monotonic(), self._came
        ends, frames = self._ends(SAMPLE_SECONDS), [first]
        while (shot := self._next_shot(ends)) is not None:
            frames.append(shot.frame)
        self._last = frames[-1]
        seconds = max(0.001, (self._clock.monotonic() - begun) / SECOND)
        recorded = getattr(self._settings, "is_recording", False)
        step = max(1, len(frames) // _SAMPLED)
        return Sample(frames[::step], None if recorded else (self._came - before) / seconds)

    def _next_shot(self, ends: Monotonic, hopeless_after: Monotonic | None = None) -> Shot | None:
        """The newest picture; None when the time is over, or the recording, or when it was refused again and again."""
        while (now := self._clock.monotonic()) < ends and not self._capture.is_over:
            shot = self._capture.take()
            if shot is not None:
                return shot
            if hopeless_after is not None and now > hopeless_after and self._capture.fault() is not None:
                return None
            self._pause.wait(_LOOK_SECONDS)
        return None

    def _nothing_came(self, about: About) -> Found:
        fault = self._capture.fault()
        why = "it doesn't answer, or no picture comes" if fault is None else fault[1]
        source = str(getattr(self._settings, "source", ""))
        if "://" not in source:
            yield about.fail(f"no pictures: {why}", UNREACHABLE.look_at if fault is None else fault[0].look_at)
            return
        end = far_end(source)
        try:
            connected(end.host, end.port, seconds=2.0).close()
        except NoWay as none:
            yield about.fail(f"no pictures: {none.why}", none.fix)
            return
        yield about.fail(
            f"no pictures: {why}; {end.address} itself answers",
            "The path, user and password in the camera's address; how many streams it serves at once",
        )

    def _ends(self, seconds: float) -> Monotonic:
        return Monotonic(self._clock.monotonic() + round(seconds * SECOND))

    def _one_more(self) -> None:
        """On the capture's thread."""
        self._came += 1


def eyes(subject: Subject) -> list[Eye]:
    views: dict[str, ViewSettings] = {lane.name: lane.view for lane in subject.lanes}
    seeing = [part for part in subject.parts if part.settings.contract is CameraSettings]
    return [Eye(part, views[part.lane], subject.machine.clock, _why_not(part, subject)) for part in seeing]


def told(subject: Subject) -> list[Part]:
    """The cameras that read plates themselves."""
    return [part for part in subject.parts if part.settings.contract is PlateSource]


def look_at_told(part: Part) -> Found:
    yield About(CAMERA, part.name).skipped(
        "it reads plates itself, and no picture is looked at here; `parkgate-edge status` shows its faults",
        "Drive a vehicle past it while the daemon runs: its log says lane.plate once a plate counted",
    )


def _why_not(part: Part, subject: Subject) -> str:
    if part.settings.simulated:
        return "a simulation's camera: there is nothing to open"
    if subject.daemon is not None and any(isinstance(need, DeviceFile) for need in needs(part.settings)):
        return (
            "the running daemon has it, and a camera at this computer serves one programme; its faults tell how it is"
        )
    return ""


class Reading:
    """The lot's own plate reader, once it is loaded."""

    def __init__(self, vision: VisionSettings) -> None:
        self._vision = vision
        self.reader: PlateReader | None = None

    def load(self) -> Found:
        about = About(PLATES, "vision")
        try:
            self.reader = choose_reader(self._vision)
        except (WeightsError, OSError) as error:
            yield about.fail(f"the plate reader can't be loaded: {error}", "`parkgate-edge weights status`")
            return
        yield about.ok(f"plates are read by {self.reader.name}")


def _kept(picture: Frame, path: Path) -> str:
    """For its owner's eyes only: there is a plate on it. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    done, encoded = cv2.imencode(".jpg", picture)
    if not done:
        raise OSError(0, "it can't be encoded")
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(encoded.tobytes())
    return str(path)
