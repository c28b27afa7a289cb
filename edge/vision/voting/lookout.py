"""A lane without an arming loop, seen by its camera alone: who comes, what the plate is, who has gone. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from drivers.contract import Box
from edge.vision.voting import departed as leaving
from edge.vision.voting import passed as passing_by
from edge.vision.voting.departed import Departed
from edge.vision.voting.passed import Known, Passed
from edge.vision.voting.question import Question, next_question
from edge.vision.voting.signs import CameIntoView, Decided, Effort, Guessed, Left, Sign
from edge.vision.voting.track import ALIKE, Sighting, Track, follow, is_on_vehicle, similarity, track_resized
from edge.vision.voting.vote import RULES, Verdict, VoteRules
from models.instants import BOOT, SECOND, Monotonic

OPENING_READS = 4
OPENING = SECOND // 2
GONE_AFTER = 1_200_000
GONE_READS = 2
FORGET_MOVED = 4 * SECOND
FORGET_STILL = 600 * SECOND
TIRED, PATIENT = 4 * SECOND, 10 * SECOND
HIDDEN_AT_MOST = 30 * SECOND
MOST_TRACKS = 24
AS_NEAR, STILL_AS_NEAR = 0.9, 0.6
"""Of the width of another vehicle's plate; of what its own had"""
COMES_BACK = 10 * SECOND


@dataclass(frozen=True, slots=True)
class Waited:
    """A vehicle that was in view when the pictures failed. A plate like its own, as near, is no scenery."""

    text: str
    width: int


@dataclass(frozen=True, slots=True)
class Lookout:
    """What is known of the lane. `near`: the width in pixels from which on a plate counts. `looms`: something as large
    as a vehicle is there, as far as the newest frame tells, and since `looming_since`.

    At most one vehicle is in view at a time, the nearest; those behind it wait for their turn. `passed`: those that the
    lane was done with while they could be seen.
    """

    near: int
    rules: VoteRules = RULES
    tracks: tuple[Track, ...] = ()
    vehicle: int = 0
    looms: bool = True
    subject: int | None = None
    decided: bool = False
    came: Monotonic = BOOT
    asked: Question | None = None
    departed: Departed | None = None
    opened: Monotonic | None = None
    opening_reads: int = 0
    read_at: Monotonic | None = None
    still_there: Monotonic = BOOT
    moved_at: Monotonic | None = None
    looming_since: Monotonic | None = None
    passed: Known = ()
    waited: Waited | None = None


def noticed(lookout: Lookout, at: Monotonic, moving: bool, looms: bool | None = None, covered: bool = False) -> Lookout:
    """A frame was looked at but not read: it only tells whether something moves and whether it is large, which what
    moves is unless it is said.

    While nothing moves, a vehicle that the newest read showed is still there; so is one whose place is `covered`, for
    a while and as long as no other comes: an arm or a person hides its plate.
    """
    looms = moving if looms is None else looms
    since = (lookout.looming_since or at) if looms else None
    passed = passing_by.looked_at(lookout.passed, at, lookout.opened is None, None if moving else _newest(lookout))
    opened = at if lookout.opened is None else lookout.opened
    lookout = replace(lookout, opened=opened, looms=looms, looming_since=since, passed=passed)
    subject = _subject(lookout)
    hidden = covered and subject is not None and _may_be_hidden(lookout, subject, at)
    if moving:
        return replace(lookout, moved_at=at, still_there=at if hidden else lookout.still_there)
    stands = hidden or (subject is not None and not _is_missing(lookout, subject))
    return replace(lookout, still_there=at if stands else lookout.still_there)


def read(lookout: Lookout, at: Monotonic, sightings: tuple[Sighting, ...]) -> tuple[Lookout, tuple[Sign, ...]]:
    """A frame was read: `sightings` are the plates in it."""
    opened = at if lookout.opened is None else lookout.opened
    known = lookout.opening_reads >= OPENING_READS and at - opened >= OPENING
    tracks = follow(lookout.tracks, at, sightings, lookout.near, known)
    lookout = replace(
        lookout,
        tracks=_remembered(tracks, at, lookout.subject),
        opened=opened,
        opening_reads=lookout.opening_reads + 1,
        read_at=at,
    )
    lookout = _come_back(_seen_passing(lookout, at), at)
    lookout = _echoed(_found_again(lookout, at), at)
    lookout, left = _let_go(lookout, at)
    lookout, came = _take_up(lookout, at)
    lookout, decided = _decide(lookout, at)
    return lookout, (*left, *came, *decided)


def guess(lookout: Lookout, at: Monotonic, after: int) -> tuple[Lookout, tuple[Sign, ...]]:
    """Ask the driver in view about the plate that leads, once the vote has gone on for `after` microseconds."""
    subject = _subject(lookout)
    if subject is None or lookout.decided:
        return lookout, ()
    verdict = _verdict(lookout, subject)
    question = next_question(verdict, lookout.came, at, after, lookout.asked)
    if question is None:
        return lookout, ()
    return replace(lookout, asked=question), (Guessed(lookout.vehicle, verdict),)


def let_go(lookout: Lookout, vehicle: int, at: Monotonic) -> Lookout:
    """The lane is done with this vehicle: it is nobody any more, for as long as it is still seen."""
    subject, hidden = _subject(lookout), lookout.waited or lookout.departed
    if lookout.vehicle != vehicle:
        return lookout
    if subject is None:
        return lookout if hidden is None else has_passed(replace(lookout, waited=None), hidden.text, at)
    verdict = _verdict(lookout, subject)
    one = Passed(verdict.text, verdict.certain, subject.number, subject.seen, at)
    passed = passing_by.passed_with(lookout.passed, one)
    return replace(lookout, subject=None, decided=False, passed=passed, looming_since=None)


def has_passed(lookout: Lookout, text: str, at: Monotonic) -> Lookout:
    """The vehicle with this plate had passed while nobody saw the picture; it may still be in it."""
    return replace(lookout, passed=passing_by.passed_with(lookout.passed, Passed(text, there=at)))


def blinded(lookout: Lookout) -> Lookout:
    """There are no pictures for now. Who was in view is told of anew if it stands there when they come again."""
    subject = _subject(lookout)
    waited = lookout.waited
    if subject is not None:
        waited = Waited(_verdict(lookout, subject).text, subject.here.width)
    kept = Lookout(lookout.near, lookout.rules, vehicle=lookout.vehicle)
    return replace(kept, departed=lookout.departed, passed=lookout.passed, waited=waited)


def ended(lookout: Lookout) -> tuple[Lookout, tuple[Sign, ...]]:
    """The picture is over: nobody is in view any more."""
    gone = () if lookout.subject is None else (Left(lookout.vehicle),)
    return Lookout(lookout.near, lookout.rules, vehicle=lookout.vehicle), gone


def picture_resized(lookout: Lookout, across: float, down: float) -> Lookout:
    """Pictures are so many times as wide and as high from now on, and perhaps another part of what was seen. Who is in
    view stays so; whatever else is there is the lane's own until it moves."""
    subject = _subject(lookout)
    known = () if subject is None else (track_resized(subject, across, down),)
    waited = None if lookout.waited is None else replace(lookout.waited, width=round(lookout.waited.width * across))
    resized = replace(lookout, tracks=known, departed=leaving.resized(lookout.departed), waited=waited)
    return replace(resized, opened=None, opening_reads=0)


def place_of_subject(lookout: Lookout) -> Box | None:
    """Where the plate of the vehicle in view was seen last."""
    subject = _subject(lookout)
    return None if subject is None else subject.here


def effort(lookout: Lookout, at: Monotonic) -> Effort:
    """Whether the newest frame is worth reading now."""
    wanted = _effort_for_who_comes(lookout, at)
    idle = wanted in (Effort.NONE, Effort.GLANCE)
    return Effort.SLOW if idle and passing_by.is_looked_for(lookout.passed, at, _newest(lookout)) else wanted


def _effort_for_who_comes(lookout: Lookout, at: Monotonic) -> Effort:
    if lookout.opened is None or lookout.opening_reads < OPENING_READS or at - lookout.opened < OPENING:
        return Effort.FULL
    stirring = not _is_calm(lookout, at)
    subject = _subject(lookout)
    if subject is None:
        return _effort_of_search(lookout, at, stirring)
    if lookout.decided:
        return Effort.SLOW if stirring or _is_missing(lookout, subject) else Effort.NONE
    return Effort.FULL if stirring or at - lookout.came < TIRED else Effort.SLOW


def _effort_of_search(lookout: Lookout, at: Monotonic, stirring: bool) -> Effort:
    # What stood there from the start can't come while nothing moves, however unsure it was read.
    may_come = (track for track in lookout.tracks if (track.came or stirring) and _is_in_view(track, at))
    if any(_could_be(lookout, track, at) for track in may_come):
        return Effort.FULL
    if not lookout.looms:
        return Effort.GLANCE if stirring else Effort.NONE
    since = at - (lookout.looming_since or at)
    if stirring:
        return Effort.FULL if since < TIRED else Effort.SLOW
    return Effort.SLOW if since < PATIENT else Effort.GLANCE


def _is_calm(lookout: Lookout, at: Monotonic) -> bool:
    return lookout.moved_at is None or at - lookout.moved_at > SECOND // 2


def _is_in_view(track: Track, at: Monotonic) -> bool:
    """Seen a moment ago, or in one of the newest reads: a small computer, or a slow camera, has few in a moment."""
    return at - track.seen < GONE_AFTER or track.missed < GONE_READS


def _subject(lookout: Lookout) -> Track | None:
    return next((track for track in lookout.tracks if track.number == lookout.subject), None)


def _verdict(lookout: Lookout, track: Track) -> Verdict:
    return track.verdict(lookout.near, lookout.rules)


def _others(lookout: Lookout, at: Monotonic) -> list[Track]:
    """The vehicles that are in view beside the one at the arm."""
    others = (track for track in lookout.tracks if track.number != lookout.subject and _is_in_view(track, at))
    return [track for track in others if _is_vehicle(lookout, track, at)]


def _another(lookout: Lookout, subject: Track, at: Monotonic) -> bool:
    """Whether another vehicle is seen where the one in view stood, or before it; one behind it shows nothing."""
    return any(not _is_behind(other, subject) for other in _others(lookout, at))


def _is_behind(track: Track, other: Track) -> bool:
    """Its plate is the smaller one, and isn't seen where the vehicle of the other is, which would hide it there: what
    is written on a vehicle, and is read as well, isn't behind its plate, nor its plate behind that."""
    smaller = track.here.width < AS_NEAR * other.here.width
    return smaller and not is_on_vehicle(track.here, other.here) and not is_on_vehicle(other.here, track.here)


def _may_be_hidden(lookout: Lookout, subject: Track, at: Monotonic) -> bool:
    return at - subject.seen < HIDDEN_AT_MOST and not _another(lookout, subject, at)


def _is_missing(lookout: Lookout, subject: Track) -> bool:
    """The newest read didn't show it, or something has moved since."""
    return subject.seen < _newest(lookout)


def _newest(lookout: Lookout) -> Monotonic:
    """When something moved, or was read."""
    return Monotonic(max(lookout.read_at or 0, lookout.moved_at or 0))


def _seen_passing(lookout: Lookout, at: Monotonic) -> Lookout:
    followed = tuple((track, _verdict(lookout, track)) for track in lookout.tracks) if lookout.passed else ()
    return replace(lookout, passed=passing_by.read(lookout.passed, at, followed))


def _come_back(lookout: Lookout, at: Monotonic) -> Lookout:
    """Whoever waited when the pictures failed is looked for in the first ones after that."""
    waited = lookout.waited
    if waited is None:
        return lookout
    if lookout.subject is not None or (lookout.opened is not None and at - lookout.opened > COMES_BACK):
        return replace(lookout, waited=None)
    tracks = tuple(replace(each, arrived=True) if _is_it(lookout, each, waited) else each for each in lookout.tracks)
    return replace(lookout, tracks=tracks)


def _is_it(lookout: Lookout, track: Track, waited: Waited) -> bool:
    as_near = track.here.width >= STILL_AS_NEAR * waited.width
    return as_near and similarity(_verdict(lookout, track).text, waited.text) >= ALIKE


def _found_again(lookout: Lookout, at: Monotonic) -> Lookout:
    """The vehicle in view was lost and is seen elsewhere: it rolled on behind an arm. It stays the same vehicle."""
    subject = _subject(lookout)
    if subject is None or subject.seen == at:
        return lookout
    text = _verdict(lookout, subject).text
    again = [track for track in lookout.tracks if track.seen == at and _is_as_near(track, subject)]
    found = next((track for track in again if similarity(_verdict(lookout, track).text, text) >= ALIKE), None)
    if found is None:
        return lookout
    tracks = tuple(track for track in lookout.tracks if track is not subject)
    return replace(lookout, tracks=tracks, subject=found.number)


def _is_as_near(track: Track, subject: Track) -> bool:
    return track.here.width >= STILL_AS_NEAR * subject.here.width


def _echoed(lookout: Lookout, at: Monotonic) -> Lookout:
    """A plate that goes on being seen after its vehicle was let go is no new vehicle's, however long it takes to drive
    off. One that stays where it is wasn't driving off: it was let go wrongly, and is there."""
    departed = lookout.departed
    if departed is None or departed.stays or at - departed.at >= GONE_AFTER or lookout.subject is not None:
        return lookout
    here = (track for track in lookout.tracks if track.seen == at and track.here.width >= lookout.near)
    again = (track.here for track in here if similarity(_verdict(lookout, track).text, departed.text) >= ALIKE)
    box = next(again, None)
    return lookout if box is None else replace(lookout, departed=leaving.seen_on(departed, box, at))


def _let_go(lookout: Lookout, at: Monotonic) -> tuple[Lookout, tuple[Sign, ...]]:
    subject = _subject(lookout)
    if lookout.subject is None:
        return lookout, ()
    if subject is not None and (_is_in_view(subject, at) or at - _last_there(lookout, subject, at) < GONE_AFTER):
        return lookout, ()
    departed = Departed(_verdict(lookout, subject).text, at) if subject is not None else lookout.departed
    tracks = tuple(track for track in lookout.tracks if track is not subject)
    return (
        replace(lookout, tracks=tracks, subject=None, decided=False, departed=departed, looming_since=None),
        (Left(lookout.vehicle),),
    )


def _last_there(lookout: Lookout, subject: Track, at: Monotonic) -> Monotonic:
    """When the vehicle in view was there for sure. Another one in its place shows that it isn't hidden but gone."""
    return subject.seen if _another(lookout, subject, at) else max(subject.seen, lookout.still_there)


def _take_up(lookout: Lookout, at: Monotonic) -> tuple[Lookout, tuple[Sign, ...]]:
    """Name the vehicle in view: the nearest that came. Until its plate is decided, a surer one may replace it that
    isn't behind it; a plate that is hidden for a moment is still the nearest."""
    if lookout.decided:
        return lookout, ()
    here = [track for track in lookout.tracks if track.seen == at and _is_vehicle(lookout, track, at)]
    if not here:
        return lookout, ()
    subject = _subject(lookout)
    first = max((*here, subject or here[0]), key=lambda track: track.here.width)
    before = [track for track in here if not _is_behind(track, first)]
    nearest = max(before, key=lambda track: (_verdict(lookout, track).certain, track.here.width), default=None)
    if nearest is None:
        return lookout, ()
    if subject is None:
        taken = replace(lookout, subject=nearest.number, vehicle=lookout.vehicle + 1, came=at, asked=None)
        return taken, (CameIntoView(taken.vehicle),)
    if _verdict(lookout, nearest).certain:
        return replace(lookout, subject=nearest.number), ()
    return lookout, ()


def _decide(lookout: Lookout, at: Monotonic) -> tuple[Lookout, tuple[Sign, ...]]:
    subject = _subject(lookout)
    if subject is None or lookout.decided:
        return lookout, ()
    verdict = _verdict(lookout, subject)
    if not verdict.certain or _is_second(lookout, subject, at):
        return lookout, ()
    return replace(lookout, decided=True), (Decided(lookout.vehicle, verdict),)


def _is_second(lookout: Lookout, subject: Track, at: Monotonic) -> bool:
    """Whether it stands behind another one: whose plate isn't sure yet, or was read for the first time just now."""
    new = [track for track in lookout.tracks if track.seen == at and track.came and _could_be(lookout, track, at)]
    return any(_is_behind(subject, other) for other in (*_others(lookout, at), *new))


def _is_vehicle(lookout: Lookout, track: Track, at: Monotonic) -> bool:
    """It came: it moved, or it appeared where nothing was. What stood there from the start is scenery till it moves."""
    return len(track.reads) >= 2 and track.came and _could_be(lookout, track, at)


def _could_be(lookout: Lookout, track: Track, at: Monotonic) -> bool:
    if track.here.width < lookout.near:
        return False
    verdict = _verdict(lookout, track)
    if not track.came and verdict.certain:
        return False
    if lookout.passed and passing_by.has_passed(lookout.passed, track, verdict):
        return False
    return not leaving.is_echo(lookout.departed, verdict.text, at)


def _remembered(tracks: tuple[Track, ...], at: Monotonic, subject: int | None) -> tuple[Track, ...]:
    """Without those that weren't seen for long; the vehicle in view is let go by other rules."""
    kept = [
        track
        for track in tracks
        if track.number == subject or at - track.seen < (FORGET_MOVED if track.came else FORGET_STILL)
    ]
    return tuple(sorted(sorted(kept, key=lambda track: track.seen)[-MOST_TRACKS:], key=lambda track: track.number))
