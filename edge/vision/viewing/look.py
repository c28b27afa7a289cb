"""Looks through a lane's camera for a few seconds: the picture with the best plate, or the last one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

from drivers.contract import CameraSettings, FrameSource, PlateCandidate, PlateReader
from edge.vision.frames.candidates import worth
from edge.vision.frames.health.usable import usable
from edge.vision.frames.motion import Frame
from edge.vision.frames.view import plates_in
from edge.vision.settings import ViewSettings
from models.instants import SECOND, Clock


@dataclass(frozen=True, slots=True)
class Look:
    """One picture, and the plates that count in it, the best first."""

    frame: Frame
    plates: tuple[PlateCandidate, ...]

    @property
    def best(self) -> PlateCandidate | None:
        return self.plates[0] if self.plates else None


def look(camera: CameraSettings, view: ViewSettings, reader: PlateReader, seconds: float, clock: Clock) -> Look:
    """Raises OSError when no picture comes, or none that can be looked at."""
    source = camera.open()
    try:
        return _best(source, view, reader, seconds, clock)
    finally:
        source.close()


def _best(source: FrameSource, view: ViewSettings, reader: PlateReader, seconds: float, clock: Clock) -> Look:
    ends = clock.monotonic() + round(seconds * SECOND)
    best: Look | None = None
    try:
        for frame in _frames(source):
            plates = sorted(plates_in(frame, reader, view), key=lambda plate: -worth(plate))
            seen = Look(frame, tuple(plates))
            if best is None or _value(seen) >= _value(best):
                best = seen
            if clock.monotonic() >= ends:
                break
    except OSError:
        if best is None:
            raise
        # Lost: what it has shown is as good as it was.
    if best is None:
        raise OSError("no picture comes")
    return best


def _frames(source: FrameSource) -> Iterator[Frame]:
    while (given := cast("Any", source.read())) is not None:
        frame = usable(given)
        if isinstance(frame, str):
            raise OSError(frame)
        yield frame


def _value(seen: Look) -> float:
    return 0.0 if seen.best is None else worth(seen.best)
