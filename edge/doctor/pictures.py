"""What a camera's pictures tell about the camera, and the plate drawn where it was found. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
import numpy.typing as npt

from drivers.contract import PlateCandidate
from edge.doctor.findings import About, Finding
from edge.vision.frames.motion import Frame
from edge.vision.frames.view import near_width
from edge.vision.settings import Area, ViewSettings

DARK, BRIGHT = 40.0, 215.0
FLAT = 16.0
DAZZLED_FROM, DAZZLED_SHARE = 250, 0.15
LEAST_RATE = 5.0
LEAST_WIDTH, LEAST_HEIGHT = 640, 480
NARROW_PLATE = 90
UNSURE = 0.7
_GREEN, _BLUE, _BLACK = (60, 220, 60), (230, 140, 40), (0, 0, 0)


@dataclass(frozen=True, slots=True)
class Sample:
    """A few of a camera's pictures. `rate` is None for a recording, whose pace means nothing."""

    frames: Sequence[Frame]
    rate: float | None


def judged(about: About, sample: Sample) -> list[Finding]:
    """Size, pace, light and life of the pictures. At least one frame is needed."""
    height, width = sample.frames[0].shape[:2]
    wrong = [*_pace(about, sample, width, height), *_light(about, sample.frames[-1])]
    pace = "" if sample.rate is None else f", {sample.rate:.0f} pictures a second"
    grey = _grey(sample.frames[-1])
    figures = {"width": width, "height": height, "brightness": round(float(grey.mean()), 1)}
    if sample.rate is not None:
        figures["rate"] = round(sample.rate, 1)
    return [about.ok(f"pictures come: {width} x {height}{pace}", **figures), *wrong]


def _pace(about: About, sample: Sample, width: int, height: int) -> list[Finding]:
    wrong: list[Finding] = []
    if width < LEAST_WIDTH or height < LEAST_HEIGHT:
        fix = "A larger picture in the camera's settings (1280 x 720 is enough), or its main stream instead of the sub"
        wrong.append(about.warn(f"the picture is small: {width} x {height}", fix))
    if sample.rate is None:
        return wrong
    if len(sample.frames) > 1 and all(np.array_equal(sample.frames[0], other) for other in sample.frames[1:]):
        wrong.append(about.fail("all pictures are the same to the last point: it is frozen", "Restart the camera"))
    if sample.rate < LEAST_RATE:
        fix = "The camera's pictures a second (10 to 15), its bit rate, and the network; a processor that is busy"
        wrong.append(about.warn(f"only {sample.rate:.1f} pictures come a second", fix))
    return wrong


def _light(about: About, frame: Frame) -> list[Finding]:
    grey = _grey(frame)
    mean, spread = float(grey.mean()), float(grey.std())
    dazzled = float((grey >= DAZZLED_FROM).mean())
    if mean < DARK:
        return [
            about.warn("the picture is too dark", "Light at the lane; infra-red on; the lens cap; the shutter time")
        ]
    if dazzled > DAZZLED_SHARE or mean > BRIGHT:
        said = f"{dazzled:.0%} of the picture is dazzled"
        return [about.warn(said, "Sun or headlights into the lens: turn the camera, shade it, a shorter shutter time")]
    if spread < FLAT:
        return [
            about.warn("the picture has hardly any contrast", "The lens: dirt, dew, a spider's web, or out of focus")
        ]
    return []


def best_of(candidates: Sequence[PlateCandidate]) -> PlateCandidate | None:
    """The plate that counts: the surest of the large ones."""
    known = [candidate for candidate in candidates if candidate.confidences]
    return max(known, key=lambda found: found.box.width * min(found.confidences) ** 2, default=None)


def plate_judged(about: About, plate: PlateCandidate, view: ViewSettings, frame_width: int, picture: str) -> Finding:
    """Whether a plate is large enough to be read at all times, and was read surely."""
    sure, wide = min(plate.confidences), plate.box.width
    said = f"{plate.text} is read, {sure:.0%} sure, {wide} pixels wide; see {picture}"
    figures = {"plate": plate.text, "confidence": round(sure, 3), "plate_pixels": wide, "picture": picture}
    counts_from = near_width(view, frame_width)
    if wide < counts_from:
        fix = f"`view:` counts plates from {counts_from} pixels on: bring the camera nearer, zoom in, or change `view:`"
        return about.warn(f"{said}: too narrow to count", fix, **figures)
    if wide < NARROW_PLATE:
        fix = f"Zoom in or bring the camera nearer: {NARROW_PLATE} pixels where vehicles stop read well at night too"
        return about.warn(f"{said}: narrow", fix, **figures)
    if sure < UNSURE:
        return about.warn(
            f"{said}: unsure", "Focus, angle (under 30 degrees) and shutter time of the camera", **figures
        )
    return about.ok(said, **figures)


def marked(frame: Frame, view: ViewSettings, plate: PlateCandidate | None) -> Frame:
    """The picture with what counts of it, and the plate with what was read."""
    painted = frame.copy()
    height, width = frame.shape[:2]
    if view.region is not None:
        cv2.rectangle(painted, *_corners(view.region, width, height), _BLUE, 2)
    for mask in view.masks:
        cv2.rectangle(painted, *_corners(mask, width, height), _BLACK, -1)
    if plate is not None:
        _mark(painted, plate)
    return painted


def _mark(painted: Frame, plate: PlateCandidate) -> None:
    box = plate.box
    thick = max(2, painted.shape[1] // 400)
    cv2.rectangle(painted, (box.x, box.y), (box.x + box.width, box.y + box.height), _GREEN, thick)
    scale = max(0.6, painted.shape[1] / 1200)
    text = f"{plate.text} {min(plate.confidences):.0%}"
    above = box.y - 3 * thick if box.y > 40 * scale else box.y + box.height + round(28 * scale)
    for colour, weight in ((_BLACK, 3 * thick), (_GREEN, thick)):
        cv2.putText(painted, text, (box.x, above), cv2.FONT_HERSHEY_SIMPLEX, scale, colour, weight, cv2.LINE_AA)


def _corners(area: Area, width: int, height: int) -> tuple[tuple[int, int], tuple[int, int]]:
    left, top = round(area.x * width), round(area.y * height)
    return (left, top), (left + round(area.width * width), top + round(area.height * height))


def _grey(frame: Frame) -> npt.NDArray[np.uint8]:
    return cast("npt.NDArray[np.uint8]", cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY))
