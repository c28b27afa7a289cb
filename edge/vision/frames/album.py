"""Keeps one picture of each vehicle that stands before an arm, for whoever looks for its stay later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import cv2
import structlog

from edge.store.pictures import Pictures
from edge.vision.events import PlateDecided, PlateGuessed, VehicleGone, VehicleInView, VehiclePictured, VisionEvent
from edge.vision.frames.capture import Shot
from models.ids import LaneName
from models.instants import SECOND, Clock, Monotonic

_LOG = structlog.get_logger("edge.vision")
AT_LATEST = 3 * SECOND // 2
"""A vehicle whose plate isn't read by then is pictured as it stands: it is the one that gets a ticket on paper."""
_WIDEST, _QUALITY = 800, 80


@dataclass(frozen=True, slots=True)
class Subject:
    """The vehicle that stands there, and since when; `pictured`: it was."""

    vehicle: int
    since: Monotonic
    pictured: bool = False


class Album:
    """One lane's. Blocking: for the process that reads its frames."""

    def __init__(self, lane: LaneName, folder: Path, clock: Clock) -> None:
        self._lane, self._pictures, self._clock = lane, Pictures(folder), clock
        self._subject: Subject | None = None

    def watch(self, vehicle: int | None, at: Monotonic) -> None:
        """The arming loop went on for this vehicle, or off."""
        self._subject = None if vehicle is None else Subject(vehicle, at)

    def look(self, shot: Shot, events: Sequence[VisionEvent]) -> list[VisionEvent]:
        """Takes the picture if this is the frame for it, and tells under which hash it lies."""
        self._subject = follow(self._subject, events, shot.at)
        if self._subject is None or not is_the_one(self._subject, events, shot.at):
            return []
        self._subject = replace(self._subject, pictured=True)
        try:
            hash = self._pictures.put(encoded(shot.frame), self._clock.read().wall)
        except (OSError, cv2.error) as wrong:
            _LOG.warning("vision.picture_not_kept", lane=self._lane, why=str(wrong))
            return []
        return [VehiclePictured(self._lane, self._subject.vehicle, hash)]


def follow(subject: Subject | None, events: Sequence[VisionEvent], at: Monotonic) -> Subject | None:
    """Who stands there after these events. Only lanes without an arming loop tell who comes into view."""
    for event in events:
        match event:
            case VehicleInView(_, vehicle):
                subject = Subject(vehicle, at)
            case VehicleGone():
                subject = None
            case _:
                pass
    return subject


def is_the_one(subject: Subject, events: Sequence[VisionEvent], at: Monotonic) -> bool:
    """The frame with which the plate was read, or the first one when that takes long. One picture a vehicle."""
    read = any(isinstance(event, PlateDecided | PlateGuessed) for event in events)
    return not subject.pictured and at >= subject.since and (read or at - subject.since >= AT_LATEST)


def encoded(frame: Any) -> bytes:
    """As a JPEG that shows a vehicle, not its driver's freckles."""
    height, width = frame.shape[:2]
    small: Any = frame
    if width > _WIDEST:
        size = (_WIDEST, round(height * _WIDEST / width))
        small = cast("Any", cv2.resize(frame, size, interpolation=cv2.INTER_AREA))
    done, picture = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    if not done:
        raise OSError("the picture can't be encoded")
    return picture.tobytes()
