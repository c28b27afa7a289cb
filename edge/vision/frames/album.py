"""Keeps a picture of each vehicle that stands before an arm, and one of its plate, for whoever looks for it later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from pathlib import Path
from typing import Any, Protocol, cast

import cv2
import structlog

from drivers.contract import Box, PlateCandidate
from edge.store.picture_notes import PictureNote, with_note
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
from edge.vision.faults import PICTURES_NOT_KEPT
from edge.vision.frames.candidates import Candidate, beside, better, of_plate
from edge.vision.frames.capture import Shot
from edge.vision.frames.privacy import plate_alone, shown
from edge.vision.settings import ViewSettings
from models.ids import LaneName
from models.instants import SECOND, Clock, Monotonic

_LOG = structlog.get_logger("edge.vision")
AT_LATEST = 3 * SECOND // 2
"""A vehicle whose plate isn't read by then is pictured as it stands: it is the one that gets a ticket on paper."""
_PATIENCE = SECOND
"""How long after that a frame is waited for in which its plate's place is known."""
_REMEMBERED = 5 * SECOND
_WIDEST, _QUALITY, _PLATE_QUALITY = 800, 80, 90


class Seen(Protocol):
    """What the eyes saw in a frame. `plates` is None where it wasn't read; `own`: the place of the vehicle's plate."""

    plates: tuple[PlateCandidate, ...] | None
    own: Box | None


class Stage(IntEnum):
    """How much was known of a vehicle when it was pictured last. More makes a better picture."""

    NOT_YET = 0
    STANDS = 1
    GUESSED = 2
    DECIDED = 3


@dataclass(frozen=True, slots=True)
class Subject:
    """The vehicle that stands there, and since when."""

    vehicle: int
    since: Monotonic
    stage: Stage = Stage.NOT_YET


class Album:
    """One lane's. Blocking: for the process that reads its frames."""

    def __init__(self, lane: LaneName, folder: Path, clock: Clock, view: ViewSettings) -> None:
        self._lane, self._pictures, self._clock, self._view = lane, Pictures(folder), clock, view
        self._subject: Subject | None = None
        self._kept: tuple[Candidate, ...] = ()
        self._troubles = Troubles(lane)

    def watch(self, vehicle: int | None, at: Monotonic) -> None:
        """The arming loop went on for this vehicle, or off."""
        self._kept = ()
        self._subject = None if vehicle is None else Subject(vehicle, at)

    def look(self, shot: Shot, events: Sequence[VisionEvent], seen: Seen) -> list[VisionEvent]:
        """Takes the picture when it is time, and tells under which hashes it lies."""
        subject = self._subject = follow(self._subject, events, shot.at)
        self._kept = self._collected(shot, events, seen.plates or ())
        stage = Stage.NOT_YET if subject is None else due(subject, events, shot.at, seen)
        if subject is None or stage is Stage.NOT_YET:
            return []
        self._subject = replace(subject, stage=stage)
        found = best(self._kept, events) if stage > Stage.STANDS else standing(shot, seen)
        return self._take(subject.vehicle, shot, found, seen.plates or ())

    def _collected(
        self, shot: Shot, events: Sequence[VisionEvent], plates: Sequence[PlateCandidate]
    ) -> tuple[Candidate, ...]:
        """The best frames so far. Of a lane without a loop also from shortly before the vehicle was taken for one, but
        none from before the last one left."""
        kept = () if any(isinstance(event, VehicleGone) for event in events) else self._kept
        if self._subject is None:
            kept = tuple(candidate for candidate in kept if shot.at - candidate.at < _REMEMBERED)
        elif self._subject.stage is Stage.DECIDED:
            return ()
        elif shot.at < self._subject.since:
            return kept
        return better(kept, shot, plates) if plates else kept

    def _take(
        self, vehicle: int, shot: Shot, found: Candidate | None, plates: Sequence[PlateCandidate]
    ) -> list[VisionEvent]:
        try:
            picture, crop = self._kept_as(shot, found, plates)
        except (OSError, cv2.error) as wrong:
            _LOG.warning("vision.picture_not_kept", lane=self._lane, why=str(wrong))
            return self._troubles.failed(wrong)
        return [*self._troubles.kept(), VehiclePictured(self._lane, vehicle, picture, crop)]

    def _kept_as(self, shot: Shot, found: Candidate | None, plates: Sequence[PlateCandidate]) -> tuple[str, str | None]:
        """The hashes of the picture and of its plate alone."""
        if found is None:
            # Whose the plates in it are isn't known: none may be seen.
            return self._keep(shot.frame, None, [plate.box for plate in plates], None), None
        plate = encoded(plate_alone(found.frame, found.own.box, found.others), _PLATE_QUALITY)
        crop = self._pictures.put(plate, self._clock.read().wall)
        return self._keep(found.frame, found.own.box, found.others, crop), crop

    def _keep(self, frame: Any, own: Box | None, others: Sequence[Box], crop: str | None) -> str:
        """Its hash. The picture itself says which crop is its own: whoever has the one finds the other."""
        kept, place = shown(frame, own, others, self._view)
        by = min(1.0, _WIDEST / kept.shape[1])
        box = None if place is None else (place.x, place.y, place.width, place.height)
        plate = None if box is None else tuple(round(by * side) for side in box)
        note = PictureNote(crop, cast("tuple[int, int, int, int] | None", plate))
        return self._pictures.put(with_note(encoded(kept, _QUALITY), note.text), self._clock.read().wall)


class Troubles:
    """Whether one camera's pictures can be kept, told when it begins and when it is over."""

    def __init__(self, camera: LaneName) -> None:
        self._camera, self._told = camera, ""

    def failed(self, wrong: Exception) -> list[VisionEvent]:
        """In the system's own words where it has some: nothing that changes from picture to picture."""
        why = getattr(wrong, "strerror", None) or str(wrong)
        before, self._told = self._told, why
        return [] if why == before else [CameraFault(self._camera, PICTURES_NOT_KEPT.code, why)]

    def kept(self) -> list[VisionEvent]:
        before, self._told = self._told, ""
        return [CameraCleared(self._camera, PICTURES_NOT_KEPT.code)] if before else []


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


def due(subject: Subject, events: Sequence[VisionEvent], at: Monotonic, seen: Seen) -> Stage:
    """At which stage the vehicle is to be pictured now: NOT_YET when its picture can't be bettered."""
    stage = Stage.NOT_YET
    for event in events:
        if isinstance(event, PlateDecided):
            stage = Stage.DECIDED
        elif isinstance(event, PlateGuessed):
            stage = max(stage, Stage.GUESSED)
    waited = at - subject.since
    if stage is Stage.NOT_YET and waited >= (AT_LATEST if seen.own else AT_LATEST + _PATIENCE):
        stage = Stage.STANDS
    return stage if stage > subject.stage and at >= subject.since else Stage.NOT_YET


def standing(shot: Shot, seen: Seen) -> Candidate | None:
    """The frame of a vehicle that isn't read yet, with the plate that is taken for its own."""
    plates = seen.plates or ()
    own = next((plate for plate in plates if plate.box == seen.own), None)
    return None if own is None else Candidate(shot.frame, shot.at, own, beside(own, plates))


def best(kept: Sequence[Candidate], events: Sequence[VisionEvent]) -> Candidate | None:
    """The frame that shows the plate that was told."""
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
