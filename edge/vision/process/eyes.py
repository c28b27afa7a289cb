"""Binds one lane's pictures to the reader: decides which frames are read, and turns what they show into events."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

from drivers.contract import Box, PlateCandidate, PlateReader
from edge.vision.events import PlateDecided, PlateGuessed, PlateRead, VehicleGone, VehicleInView, VisionEvent
from edge.vision.frames.capture import Shot
from edge.vision.frames.motion import MotionGate
from edge.vision.frames.view import is_caption, near_width, plates_in
from edge.vision.settings import ViewSettings
from edge.vision.voting import lookout as looking
from edge.vision.voting import watch as watching
from edge.vision.voting.lookout import CameIntoView, Decided, Effort, Guessed, Left, Lookout, Sign, Waited
from edge.vision.voting.track import Sighting
from edge.vision.voting.vote import RULES, Verdict, VoteRules
from edge.vision.voting.watch import Watch
from models.ids import LaneName
from models.instants import SECOND, Monotonic
from models.plates import Plate

_PAUSE = {Effort.FULL: SECOND // 8, Effort.SLOW: SECOND // 3, Effort.GLANCE: 4 * SECOND}

_EAGER = 10 * SECOND
"""A vehicle on the loop that isn't read by then is read less often."""

_SAME_SHAPE = 0.02


Surrounding = tuple[tuple[str, Box], ...]


class Eyes(Protocol):
    """What looks at one lane. Blocking while it reads."""

    plates: tuple[PlateCandidate, ...] | None
    """Those in the frame that was looked at last; None where it wasn't read."""

    own: Box | None
    """Where among them that of the vehicle is which is being read, as far as is known."""

    def look(self, shot: Shot, reader: PlateReader) -> list[VisionEvent]: ...

    def watch(self, vehicle: int | None, at: Monotonic) -> bool:
        """The arming loop went on for this vehicle, or off. Whether one drove up: it may be looked at afresh."""
        ...

    def let_go(self, vehicle: int, at: Monotonic) -> None:
        """The lane is done with this vehicle, which may still be seen."""
        ...

    def knew(self, text: str, box: Box, at: Monotonic, *, passed: bool) -> None:
        """Before these eyes, others had read this of a vehicle that stood there. `passed`: the lane was done with it"""
        ...

    def surrounded(self, standing: Surrounding, at: Monotonic) -> None:
        """Eyes before these had seen that stand there, whoever comes."""
        ...

    def surroundings(self) -> Surrounding:
        """What stands there, whoever comes, as far as is known."""
        ...

    def blinded(self) -> None:
        """There are no pictures for now."""
        ...

    def over(self) -> list[VisionEvent]:
        """No more pictures will come."""
        ...


class LoopEyes:
    """For a lane with an arming loop: reads from the moment the loop goes on until the vote is certain.

    While the loop is off it looks around now and then, so that it knows what stands there already.
    """

    def __init__(self, lane: LaneName, view: ViewSettings, rules: VoteRules = RULES) -> None:
        self._lane, self._view = lane, view
        self._gate = MotionGate(view.region)
        self._watch = Watch(1, rules)
        self._read_at: Monotonic | None = None
        self._size: tuple[int, int] | None = None
        self.plates: tuple[PlateCandidate, ...] | None = None
        self.own: Box | None = None

    def watch(self, vehicle: int | None, at: Monotonic) -> bool:
        if vehicle is None:
            self._watch = watching.over(self._watch, at)
            return False
        self._watch = watching.began(self._watch, vehicle, at)
        return self._watch.arrived == at

    def look(self, shot: Shot, reader: PlateReader) -> list[VisionEvent]:
        self.plates = self.own = None
        self._heed_size(*shot.frame.shape[:2])
        vehicle = self._watch.vehicle
        if not self._watch.occupied:
            self._look_around(shot, reader)
        if vehicle is None or shot.at < self._watch.since or not _is_due(self._read_at, shot.at, self._effort(shot)):
            return []
        self._read_at = shot.at
        self._watch = replace(self._watch, near=near_width(self._view, shot.frame.shape[1]))
        self._watch, verdict = watching.read(self._watch, shot.at, self._sightings(shot, reader))
        self.own = watching.place_of_nearest(self._watch, shot.at)
        if verdict is not None:
            return [PlateDecided(self._lane, vehicle, _plate_read(verdict))]
        self._watch, likely = watching.guess(self._watch, shot.at, _guess_after(self._view))
        return [] if likely is None else [PlateGuessed(self._lane, vehicle, _plate_read(likely))]

    def let_go(self, vehicle: int, at: Monotonic) -> None:
        """Here the loop tells who has left."""

    def knew(self, text: str, box: Box, at: Monotonic, *, passed: bool) -> None:
        self._watch = watching.knew(self._watch, text, box, at)

    def surrounded(self, standing: Surrounding, at: Monotonic) -> None:
        self._watch = watching.surrounded(self._watch, standing, at)

    def surroundings(self) -> Surrounding:
        return watching.surroundings(self._watch)

    def blinded(self) -> None:
        """The loop tells who stands there all the same."""

    def over(self) -> list[VisionEvent]:
        return []

    def _effort(self, shot: Shot) -> Effort:
        return Effort.FULL if shot.at - self._watch.since < _EAGER else Effort.SLOW

    def _heed_size(self, height: int, width: int) -> None:
        """A stream may come back in another size: what stands there does so still."""
        before, self._size = self._size, (height, width)
        if before is not None and before != self._size:
            self._watch = watching.picture_resized(self._watch, width / before[1], height / before[0])

    def _look_around(self, shot: Shot, reader: PlateReader) -> None:
        if self._gate.moves(shot.frame, shot.at, occupied=False):
            self._watch = watching.stirred(self._watch, shot.at)
        if watching.wants_to_look_around(self._watch, shot.at):
            self._watch = watching.looked_around(self._watch, shot.at, self._sightings(shot, reader))

    def _sightings(self, shot: Shot, reader: PlateReader) -> tuple[Sighting, ...]:
        self.plates = tuple(plates_in(shot.frame, reader, self._view))
        return tuple(
            Sighting(candidate, caption=is_caption(candidate.box, shot.frame.shape[0])) for candidate in self.plates
        )


class OpenEyes:
    """For a lane without loops: reads while something moves, and tells who is in view."""

    def __init__(self, lane: LaneName, view: ViewSettings, rules: VoteRules = RULES) -> None:
        self._lane, self._view = lane, view
        self._gate = MotionGate(view.region)
        self._lookout = Lookout(1, rules)
        self._read_at: Monotonic | None = None
        self._size: tuple[int, int] | None = None
        self.plates: tuple[PlateCandidate, ...] | None = None
        self.own: Box | None = None

    def watch(self, vehicle: int | None, at: Monotonic) -> bool:
        """There is no loop here: nothing to heed."""
        return False

    def look(self, shot: Shot, reader: PlateReader) -> list[VisionEvent]:
        self.plates = self.own = None
        self._heed_size(*shot.frame.shape[:2])
        moving = self._gate.moves(shot.frame, shot.at, occupied=self._lookout.subject is not None)
        sized = replace(self._lookout, near=near_width(self._view, shot.frame.shape[1]))
        here = looking.place_of_subject(sized)
        covered = here is not None and self._gate.is_covered(here)
        looms = self._gate.looms() if moving else sized.looms and self._gate.is_obstructed()
        self._lookout = looking.noticed(sized, shot.at, moving, looms, covered)
        wanted = looking.effort(self._lookout, shot.at)
        if wanted is Effort.NONE or not _is_due(self._read_at, shot.at, wanted):
            return []
        self._read_at = shot.at
        self.plates = tuple(plates_in(shot.frame, reader, self._view))
        sightings = tuple(
            Sighting(candidate, self._gate.is_fresh(candidate.box), is_caption(candidate.box, shot.frame.shape[0]))
            for candidate in self.plates
        )
        self._lookout, signs = looking.read(self._lookout, shot.at, sightings)
        self.own = looking.place_of_subject(self._lookout)
        self._lookout, guessed = looking.guess(self._lookout, shot.at, _guess_after(self._view))
        return [_event(self._lane, sign) for sign in (*signs, *guessed)]

    def _heed_size(self, height: int, width: int) -> None:
        """A stream may come back in another size; in another shape it may show more of the lane, or less."""
        before, self._size = self._size, (height, width)
        if before is None or before == self._size:
            return
        self._lookout = looking.picture_resized(self._lookout, width / before[1], height / before[0])
        if abs(width * before[0] - height * before[1]) > _SAME_SHAPE * width * before[0]:
            self._gate = MotionGate(self._view.region)

    def let_go(self, vehicle: int, at: Monotonic) -> None:
        self._lookout = looking.let_go(self._lookout, vehicle, at)

    def knew(self, text: str, box: Box, at: Monotonic, *, passed: bool) -> None:
        if passed:
            self._lookout = looking.has_passed(self._lookout, text, at)
        else:
            self._lookout = replace(self._lookout, waited=Waited(text, box.width))

    def surrounded(self, standing: Surrounding, at: Monotonic) -> None:
        """Whoever doesn't move isn't taken for a vehicle here."""

    def surroundings(self) -> Surrounding:
        return ()

    def blinded(self) -> None:
        self._lookout = looking.blinded(self._lookout)

    def over(self) -> list[VisionEvent]:
        self._lookout, signs = looking.ended(self._lookout)
        return [_event(self._lane, sign) for sign in signs]


def _is_due(last: Monotonic | None, at: Monotonic, wanted: Effort) -> bool:
    return last is None or at - last >= _PAUSE[wanted]


def _guess_after(view: ViewSettings) -> int:
    return round(view.guess_after * SECOND)


def _event(lane: LaneName, sign: Sign) -> VisionEvent:
    match sign:
        case CameIntoView(vehicle):
            return VehicleInView(lane, vehicle)
        case Decided(vehicle, verdict):
            return PlateDecided(lane, vehicle, _plate_read(verdict))
        case Guessed(vehicle, verdict):
            return PlateGuessed(lane, vehicle, _plate_read(verdict))
        case Left(vehicle):
            return VehicleGone(lane, vehicle)


def _plate_read(verdict: Verdict) -> PlateRead:
    box = verdict.best.box
    return PlateRead(
        Plate(verdict.text),
        verdict.weakest,
        verdict.agreeing,
        box,
        box.width,
        tuple(round(confidence, 4) for confidence in verdict.confidences),
        verdict.others,
    )
