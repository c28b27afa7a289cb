"""What of a picture counts: the region of interest, the masks, and where a camera writes its own captions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from drivers.contract import Box, PlateCandidate, PlateReader
from edge.vision.frames.motion import Frame
from edge.vision.settings import ViewSettings

_CAPTION_STRIP = 0.07
_SAME_PLATE = 0.6


def near_width(view: ViewSettings, frame_width: int) -> int:
    """The width in pixels from which on a plate in a picture of that width is near enough to count."""
    return max(view.min_plate_pixels, round(view.min_plate_share * frame_width))


def plates_in(frame: Frame, reader: PlateReader, view: ViewSettings) -> list[PlateCandidate]:
    """The plates in the part of `frame` that counts, in the whole picture's pixels, each once. Blocking."""
    height, width = frame.shape[:2]
    if view.region is None:
        found = reader.read(frame)
    else:
        left, top = int(view.region.x * width), int(view.region.y * height)
        right = max(left + 1, round((view.region.x + view.region.width) * width))
        bottom = max(top + 1, round((view.region.y + view.region.height) * height))
        found = [_shifted(candidate, left, top) for candidate in reader.read(frame[top:bottom, left:right])]
    return each_once([c for c in found if not _is_masked(c.box, width, height, view)])


def is_caption(box: Box, frame_height: int) -> bool:
    """Whether the box lies wholly in the strip along the upper or lower edge where cameras write name and time."""
    strip = _CAPTION_STRIP * frame_height
    return box.y + box.height <= strip or box.y >= frame_height - strip


def each_once(candidates: Sequence[PlateCandidate]) -> list[PlateCandidate]:
    """Without the second box of a plate that was found twice: the surer detection stays."""
    kept: list[PlateCandidate] = []
    for candidate in sorted(candidates, key=lambda candidate: -candidate.detection):
        if all(_shared(candidate.box, other.box) < _SAME_PLATE for other in kept):
            kept.append(candidate)
    return kept


def _shared(one: Box, other: Box) -> float:
    """The common area, as a share of the smaller box."""
    width = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
    height = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
    if width <= 0 or height <= 0:
        return 0.0
    return width * height / min(one.width * one.height, other.width * other.height)


def _is_masked(box: Box, width: int, height: int, view: ViewSettings) -> bool:
    x, y = (box.x + box.width / 2) / width, (box.y + box.height / 2) / height
    return any(mask.holds(x, y) for mask in view.masks)


def _shifted(candidate: PlateCandidate, left: int, top: int) -> PlateCandidate:
    return replace(candidate, box=replace(candidate.box, x=candidate.box.x + left, y=candidate.box.y + top))
