"""Keeps a picture of each vehicle that stands before an arm, and one of its plate, for whoever looks for it later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from pathlib import Path
from typing import Any, cast

import cv2
import structlog

from drivers.contract import Box, PlateCandidate
from edge.store.picture_notes import PictureNote, with_note
from edge.store.pictures import Pictures
from edge.vision.events import PlateDecided, PlateGuessed, VehicleGone, VehicleInView, VehiclePictured, VisionEvent
from edge.vision.frames.candidates import Candidate, better, of_plate
from edge.vision.frames.capture import Shot
from edge.vision.frames.privacy import plate_alone, shown
from edge.vision.settings import ViewSettings
from models.ids import LaneName
from models.instants import SECOND, Clock, Monotonic

_LOG = structlog.get_logger("edge.vision")
AT_LATEST = 3 * SECOND // 2
"""A vehicle whose plate isn't read by then is pictured as it stands: it is the one that gets a ticket on paper."""
_PATIENCE = SECOND
"""How long after that a frame is waited for whose plates are known."""
_WIDEST, _QUALITY, _PLATE_QUALITY = 800, 80, 90


class Stage(IntEnum):
    """How much was known of a vehicle when it was pictured last. More makes a better picture."""

    NOT_YET = 0
    STANDS = 1
    GUESSED = 2
    DECIDED = 3


@dataclass(frozen=True, slots=True)
class Subject:
    """The vehicle that stands there, and since when. `kept`: its best frames; nobody else's are among them."""

    vehicle: int
    since: Monotonic
    stage: Stage = Stage.NOT_YET
    kept: tuple[Candidate, ...] = ()


class Album:
    """One lane's. Blocking: for the process that reads its frames."""

    def __init__(self, lane: LaneName, folder: Path, clock: Clock, view: ViewSettings) -> None:
        self._lane, self._pictures, self._clock, self._view = lane, Pictures(folder), clock, view
        self._subject: Subject | None = None

    def watch(self, vehicle: int | None, at: Monotonic) -> None:
        """The arming loop went on for this vehicle, or off."""
        self._subject = None if vehicle is None else Subject(vehicle, at)

    def look(
        self, shot: Shot, events: Sequence[VisionEvent], plates: Sequence[PlateCandidate] | None
    ) -> list[VisionEvent]:
        """Takes the picture when it is time, and tells under which hashes it lies. `plates`: those in the frame; None
        where it wasn't read."""
        subject = follow(self._subject, events, shot.at)
        if subject is not None and plates and shot.at >= subject.since:
            subject = replace(subject, kept=better(subject.kept, shot.frame, plates))
        stage = Stage.NOT_YET if subject is None else due(subject, events, shot.at, read=plates is not None)
        if subject is None or stage is Stage.NOT_YET:
            self._subject = subject
            return []
        kept = () if stage is Stage.DECIDED else subject.kept
        self._subject = replace(subject, stage=stage, kept=kept)
        return self._take(subject.vehicle, shot, best(subject.kept, events), plates or ())

    def _take(
        self, vehicle: int, shot: Shot, found: Candidate | None, plates: Sequence[PlateCandidate]
    ) -> list[VisionEvent]:
        try:
            if found is None:
                # Whose the plates in it are isn't known: none may be seen.
                picture = self._keep(shot.frame, None, [plate.box for plate in plates], None)
                return [VehiclePictured(self._lane, vehicle, picture)]
            plate = encoded(plate_alone(found.frame, found.own.box, found.others), _PLATE_QUALITY)
            crop = self._pictures.put(plate, self._clock.read().wall)
            picture = self._keep(found.frame, found.own.box, found.others, crop)
        except (OSError, cv2.error) as wrong:
            _LOG.warning("vision.picture_not_kept", lane=self._lane, why=str(wrong))
            return []
        return [VehiclePictured(self._lane, vehicle, picture, crop)]

    def _keep(self, frame: Any, own: Box | None, others: Sequence[Box], crop: str | None) -> str:
        """Its hash. The picture itself says which crop is its own: whoever has the one finds the other."""
        kept, place = shown(frame, own, others, self._view)
        by = min(1.0, _WIDEST / kept.shape[1])
        box = None if place is None else (place.x, place.y, place.width, place.height)
        plate = None if box is None else tuple(round(by * side) for side in box)
        note = PictureNote(crop, cast("tuple[int, int, int, int] | None", plate))
        return self._pictures.put(with_note(encoded(kept, _QUALITY), note.text), self._clock.read().wall)


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


def due(subject: Subject, events: Sequence[VisionEvent], at: Monotonic, read: bool) -> Stage:
    """At which stage the vehicle is to be pictured now: NOT_YET when its picture can't be bettered. `read`: the plates
    in this frame are known."""
    stage = Stage.NOT_YET
    for event in events:
        if isinstance(event, PlateDecided):
            stage = Stage.DECIDED
        elif isinstance(event, PlateGuessed):
            stage = max(stage, Stage.GUESSED)
    waited = at - subject.since
    if stage is Stage.NOT_YET and waited >= (AT_LATEST if read else AT_LATEST + _PATIENCE):
        stage = Stage.STANDS
    return stage if stage > subject.stage and at >= subject.since else Stage.NOT_YET


def best(kept: Sequence[Candidate], events: Sequence[VisionEvent]) -> Candidate | None:
    """The frame that shows the plate that was told. Before one is, any plate in view may be another vehicle's."""
    for event in reversed(events):
        if isinstance(event, PlateDecided | PlateGuessed):
            return of_plate(kept, event.read.plate)
    return None


def encoded(frame: Any, quality: int) -> bytes:
    """As a JPEG with nothing in it but the picture, no larger than it takes to know a vehicle by."""
    height, width = frame.shape[:2]
    small: Any = frame
    if width > _WIDEST:
        size = (_WIDEST, round(height * _WIDEST / width))
        small = cast("Any", cv2.resize(frame, size, interpolation=cv2.INTER_AREA))
    done, picture = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise OSError("the picture can't be encoded")
    return picture.tobytes()
