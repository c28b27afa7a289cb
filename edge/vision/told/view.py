"""A lane without an arming loop whose camera reads plates itself: who comes, with which plate, and who has gone. Pure.

A device that tells when vehicles come and leave is believed in that. Of any other, a vehicle is there from its plate
on, until it has passed or nothing was heard of it for long.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from drivers.plate_sources.heard import HeardVehicle
from drivers.plate_sources.trust import Trust
from edge.vision.events import PlateDecided, PlateGuessed, VehicleGone, VehicleInView, VisionEvent
from edge.vision.told.spent import Spent, is_spent, spent_with
from edge.vision.told.voices import Voice, Voices, joined, plates, weighed
from models.ids import LaneName
from models.instants import SECOND, Monotonic
from models.plates import Plate
from models.plates.alike import NEIGHBOUR, apart
from models.spots import VehicleType

SERVED = 15 * SECOND
"""For so long after a vehicle has passed, what the device still says of it is about one that is driving away"""
LONGEST = 1800 * SECOND
"""A device that tells when vehicles leave may lose that word once; the lane isn't blocked for ever"""
MOST = 8


@dataclass(frozen=True, slots=True)
class Subject:
    """A vehicle in view. `event`: the device's id that it came with; `heard`: when something was said of it last."""

    number: int
    event: str
    came: Monotonic
    heard: Monotonic
    voices: Voices = ()
    decided: bool = False
    asked: Plate | None = None
    vehicle_type: VehicleType | None = None


@dataclass(frozen=True, slots=True)
class Left:
    """One that has gone, with its ids and plates."""

    events: frozenset[str]
    plates: frozenset[Plate]
    at: Monotonic


@dataclass(frozen=True, slots=True)
class View:
    """`subjects`: the first to come first. `early`: plates of vehicles that aren't where they count yet."""

    lane: LaneName
    vehicle: int = 0
    subjects: tuple[Subject, ...] = ()
    early: Voices = ()
    left: tuple[Left, ...] = ()
    spent: Spent = ()


Stepped = tuple[View, list[VisionEvent]]


def heard(view: View, voice: Voice, at: Monotonic, trust: Trust) -> Stepped:
    """The device has said a plate."""
    subject = _whose(view, voice)
    if subject is not None:
        said = replace(subject, voices=joined(subject.voices, voice), heard=at)
        return tick(_with(view, said), at, trust)
    if trust.tells_ends:
        return replace(view, early=joined(view.early, voice)), []
    if _has_left(view, voice, at):
        return _said_again(view, voice, at), []
    if is_spent(view.spent, voice.event, at):
        return replace(view, spent=spent_with(view.spent, (voice.event,), at)), []
    if len(view.subjects) >= MOST:
        return view, []
    if any(voice.at < each.at for each in view.left):
        voice = replace(voice, confidence=0.0)  # Seen while another stood there, and told late.
    view, came = _comes(view, voice.event, at, (voice,), voice.vehicle_type)
    view, more = tick(view, at, trust)
    return view, [*came, *more]


def said(view: View, vehicle: HeardVehicle, at: Monotonic, trust: Trust) -> Stepped:
    """The device says that a vehicle is where it counts, or that it isn't any more."""
    subject = next((each for each in view.subjects if each.event == vehicle.event), None)
    if not vehicle.here:
        view = replace(view, early=tuple(voice for voice in view.early if voice.event != vehicle.event))
        return (view, []) if subject is None else _goes(view, subject, at, trust)
    if subject is not None:
        kind = vehicle.vehicle_type or subject.vehicle_type
        return _with(view, replace(subject, heard=at, vehicle_type=kind)), []
    if _event_has_left(view, vehicle.event, at) or len(view.subjects) >= MOST:
        return view, []
    known = tuple(voice for voice in view.early if voice.event == vehicle.event)
    view, came = _comes(view, vehicle.event, at, known, vehicle.vehicle_type)
    view, more = tick(view, at, trust)
    return view, [*came, *more]


def served(view: View, vehicle: int, at: Monotonic, trust: Trust) -> Stepped:
    """The lane is done with this vehicle: it is driving away, whatever is still said of it. Said again of one that has
    gone, it is nothing: the one behind it stands there by now."""
    subject = next((each for each in view.subjects if each.number == vehicle), None)
    return (view, []) if subject is None else _goes(view, subject, at, trust)


def blinded(view: View, at: Monotonic) -> View:
    """Nobody knows who is there. Numbers go on rising, and what was said counts for nothing later."""
    spent = (voice.event for subject in view.subjects for voice in subject.voices)
    return View(view.lane, view.vehicle, spent=spent_with(view.spent, spent, at))


def tick(view: View, at: Monotonic, trust: Trust) -> Stepped:
    """Time has passed, or something was said."""
    events: list[VisionEvent] = []
    view, gone = _let_go(view, at, trust)
    events += gone
    for subject in view.subjects:
        found = None if subject.decided else weighed(subject.voices, trust)
        if found is None:
            continue
        waited = at - max(subject.came, found.since)
        if found.agreed and at - found.since >= trust.settle:
            view = _with(view, replace(subject, decided=True))
            events.append(PlateDecided(view.lane, subject.number, found.read))
        elif not found.agreed and waited >= trust.ask_after and subject.asked != found.read.plate:
            view = _with(view, replace(subject, asked=found.read.plate))
            events.append(PlateGuessed(view.lane, subject.number, found.read))
    return view, events


def due(view: View, trust: Trust) -> Monotonic | None:
    """When `tick` may have something to say; None: not before something is heard."""
    moments = [_ends(subject, trust) for subject in view.subjects[:1]]
    for subject in view.subjects:
        found = None if subject.decided else weighed(subject.voices, trust)
        if found is None or (not found.agreed and subject.asked == found.read.plate):
            continue
        wait = found.since + trust.settle if found.agreed else max(subject.came, found.since) + trust.ask_after
        moments.append(Monotonic(wait))
    return min(moments, default=None)


def _whose(view: View, voice: Voice) -> Subject | None:
    """Of which vehicle this is said: by the device's id, or, where each of its ids is one photograph, by the plate."""
    by_event = (each for each in view.subjects if voice.event in {each.event, *(said.event for said in each.voices)})
    by_plate = (each for each in view.subjects if _alike(voice.plate, plates(each.voices)))
    return next(by_event, None) or next(by_plate, None)


def _comes(view: View, event: str, at: Monotonic, voices: Voices, kind: VehicleType | None) -> Stepped:
    subject = Subject(view.vehicle + 1, event, at, at, voices, vehicle_type=kind)
    early = tuple(voice for voice in view.early if voice.event != event)
    view = replace(view, vehicle=subject.number, subjects=(*view.subjects, subject), early=early)
    return view, [VehicleInView(view.lane, subject.number)]


def _goes(view: View, subject: Subject, at: Monotonic, trust: Trust, until: Monotonic | None = None) -> Stepped:
    """`until`: when it was there last for certain; now, where it isn't said."""
    events = frozenset((subject.event, *(voice.event for voice in subject.voices)))
    left = Left(events, plates(subject.voices), at if until is None else until)
    rest = tuple(each for each in view.subjects if each is not subject)
    remembered = (*(each for each in view.left if at - each.at < SERVED), left)[-MOST:]
    spent = spent_with(view.spent, (voice.event for voice in subject.voices), at)
    was_first = subject is view.subjects[0]
    view = replace(view, subjects=rest, left=remembered, spent=spent)
    gone = VehicleGone(view.lane, subject.number)
    if was_first and rest and at >= _ends(rest[0], trust):
        view, anew = _begin_anew(view, at)
        # First those behind, so that none of them is the one before the arm meanwhile.
        return view, [*(VehicleGone(view.lane, each.number) for each in rest), gone, *anew]
    # Whoever stood behind it is before the arm from now on.
    rest = tuple(replace(each, heard=max(each.heard, at)) if place == 0 else each for place, each in enumerate(rest))
    return replace(view, subjects=rest), [gone]


def _begin_anew(view: View, at: Monotonic) -> Stepped:
    """Of who is the first now, nothing was heard for so long that it may have driven off behind the one that stood
    there. Its plate is a question, unless it is said again; those behind it come after it, as they did."""
    first, *others = view.subjects
    doubted = tuple(replace(voice, confidence=0.0) for voice in first.voices)
    again = (replace(first, heard=at, voices=doubted), *others)
    anew = tuple(
        replace(each, number=view.vehicle + place, came=at, decided=False, asked=None)
        for place, each in enumerate(again, start=1)
    )
    come: list[VisionEvent] = [VehicleInView(view.lane, each.number) for each in anew]
    return replace(view, vehicle=anew[-1].number, subjects=anew), come


def _let_go(view: View, at: Monotonic, trust: Trust) -> Stepped:
    first = view.subjects[0] if view.subjects else None
    if first is None or at < _ends(first, trust):
        return view, []
    # Nobody saw it drive away. If it is said again after this silence, it stands there.
    return _goes(view, first, at, trust, until=first.heard)


def _ends(subject: Subject, trust: Trust) -> Monotonic:
    return Monotonic(subject.heard + (LONGEST if trust.tells_ends else trust.gone_after))


def _event_has_left(view: View, event: str, at: Monotonic) -> bool:
    return any(event in each.events and at - each.at < SERVED for each in view.left)


def _has_left(view: View, voice: Voice, at: Monotonic) -> bool:
    recent = [each for each in view.left if at - each.at < SERVED]
    return any(voice.event in each.events or _alike(voice.plate, each.plates) for each in recent)


def _said_again(view: View, voice: Voice, at: Monotonic) -> View:
    """A plate that is said again and again after its vehicle was served is a parked car's: until the device is silent
    of it, nobody comes with it."""
    left = (replace(each, at=at) if _alike(voice.plate, each.plates) else each for each in view.left)
    return replace(view, left=tuple(left))


def _with(view: View, subject: Subject) -> View:
    changed = tuple(subject if each.number == subject.number else each for each in view.subjects)
    return replace(view, subjects=changed)


def _alike(plate: Plate, others: frozenset[Plate]) -> bool:
    return any(apart(plate, other) <= NEIGHBOUR for other in others)
