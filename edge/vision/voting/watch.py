"""A lane with an arming loop, while a vehicle stands on it: which plate is its own, surely or likely. Pure.

What stood there before, what belongs to a vehicle that has left, and what came up behind this one is only asked about.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from drivers.contract import Box, PlateCandidate
from edge.vision.voting import others
from edge.vision.voting.others import ALL_BUT_NEAR, FIRST_LOOKS, ON_TIME, UNKNOWN, Predecessor, Widths
from edge.vision.voting.question import Question, next_question
from edge.vision.voting.track import ALIKE, Sighting, Track, distance, follow, resized, similarity, track_resized
from edge.vision.voting.vote import RULES, Verdict, VoteRules
from models.instants import BOOT, SECOND, Monotonic

MOST_SCENERY = 16
STOOD = SECOND
"""What is read at the same place for this long while the loop is off was there before the vehicle."""
LONG_BEFORE = 10 * SECOND
REST, BREATH, SELDOM = 3 * SECOND // 2, 5 * SECOND, 20 * SECOND
OUT_OF_SIGHT, NEVER_SEEN_TO_GO = 3, 30
"""So many looks at the empty loop without it, and it is scenery no more; where nothing has moved since, it was rather
misread: a sign is read now and then."""
STEPPED_OFF = 5 * SECOND
"""A loop that drops out doesn't make scenery of the vehicle on it for so long; what stands there longer is parked"""
_SAME_PLACE, _SAME_SIZE = 0.15, 0.12
"""In widths of the plate: who creeps forward by a few hand's breadths isn't there any more."""


@dataclass(frozen=True, slots=True)
class Scenery:
    """A text and where it stands: a parked car, a sign, a caption. `since` when it is known, `seen` when it was seen
    last, `certain` once it was seen again there; `missed` counts the looks in a row that didn't show it."""

    text: str
    box: Box
    since: Monotonic = BOOT
    certain: bool = True
    missed: int = 0
    seen: Monotonic = BOOT


@dataclass(frozen=True, slots=True)
class Watch:
    """The vehicle on the loop. `vehicle` is None while the loop is off or its plate is decided; `occupied`: the loop is
    on; `arrived`: since when; `since`: when it was looked at afresh; `seen`: how often it was. `last`: where the
    vehicle that was on it last was read; a loop that drops out doesn't make it scenery. `looks` counts those at the
    empty loop since something moved.
    """

    near: int
    rules: VoteRules = RULES
    vehicle: int | None = None
    occupied: bool = False
    arrived: Monotonic = BOOT
    since: Monotonic = BOOT
    left: Monotonic | None = None
    asked: Question | None = None
    seen: int = 0
    tracks: tuple[Track, ...] = ()
    on_time: tuple[int, ...] = ()
    """The numbers of those that came with the vehicle"""
    still: tuple[Track, ...] = ()
    """Of what stood there before; one of them is the vehicle's where it had stopped short of the loop"""
    echoes: tuple[Track, ...] = ()
    """Of vehicles that have left; one of them is the vehicle's where it came back"""
    widths: Widths = UNKNOWN
    before: tuple[Predecessor, ...] = ()
    scenery: tuple[Scenery, ...] = ()
    last: tuple[Scenery, ...] = ()
    moved_at: Monotonic | None = None
    looked_at: Monotonic | None = None
    looks: int = 0


def began(watch: Watch, vehicle: int, at: Monotonic) -> Watch:
    """A vehicle drove onto the loop, or is looked at afresh: it gets a vote of its own."""
    watch = over(watch, at)
    blank = replace(watch, vehicle=vehicle, occupied=True, since=at, asked=None, on_time=(), last=())
    if others.is_same_vehicle(watch.left, at):
        return blank
    return replace(blank, arrived=at, seen=0, widths=others.of_the_next(watch.widths))


def knew(watch: Watch, text: str, box: Box, at: Monotonic) -> Watch:
    """The plate of the vehicle on the loop is decided already, by eyes before these."""
    widths = others.learned(watch.widths, box.width)
    return replace(watch, vehicle=None, widths=widths, last=(Scenery(text, box, at),))


def surrounded(watch: Watch, standing: Iterable[tuple[str, Box]], at: Monotonic) -> Watch:
    """This was there before the vehicle: eyes before these had looked at the empty loop."""
    known = tuple(Scenery(text, box, at) for text, box in standing)
    return replace(watch, scenery=(*watch.scenery, *known)[-MOST_SCENERY:])


def surroundings(watch: Watch) -> tuple[tuple[str, Box], ...]:
    """What is known to stand there, whoever is on the loop."""
    return tuple((known.text, known.box) for known in watch.scenery if known.certain)


def over(watch: Watch, at: Monotonic) -> Watch:
    """The loop went off."""
    if not watch.occupied:
        return watch
    leader = _leader(watch, watch.tracks)
    seen = tuple(_standing(watch, track) for track in watch.tracks if _counts(watch, track))
    unlearned = None if watch.vehicle is None or leader is None else leader.here.width
    return replace(
        watch,
        vehicle=None,
        occupied=False,
        left=at,
        tracks=(),
        still=(),
        echoes=(),
        widths=replace(watch.widths, unlearned=unlearned),
        before=others.remembered(watch.before, _departed(watch, leader, at), at),
        last=watch.last or seen,
    )


def picture_resized(watch: Watch, across: float, down: float) -> Watch:
    """The camera's pictures have so many times the width and the height now: all places are meant in them."""

    def tracks(each: tuple[Track, ...]) -> tuple[Track, ...]:
        return tuple(track_resized(track, across, down) for track in each)

    def standing(each: tuple[Scenery, ...]) -> tuple[Scenery, ...]:
        return tuple(replace(known, box=resized(known.box, across, down)) for known in each)

    return replace(
        watch,
        tracks=tracks(watch.tracks),
        still=tracks(watch.still),
        echoes=tracks(watch.echoes),
        widths=others.resized(watch.widths, across),
        scenery=standing(watch.scenery),
        last=standing(watch.last),
    )


def stirred(watch: Watch, at: Monotonic) -> Watch:
    """Something moved in the picture: what stands there has to be looked at anew."""
    return replace(watch, moved_at=at, looks=0)


def wants_to_look_around(watch: Watch, at: Monotonic) -> bool:
    """Whether the empty loop's surroundings shall be read now: twice whenever they have come to rest, else seldom."""
    if watch.occupied:
        return False
    if watch.looked_at is None:
        return True
    rested = watch.moved_at is None or at - watch.moved_at >= REST
    wait = (STOOD if 0 < watch.looks < 2 else BREATH) if rested and watch.looks < 2 else SELDOM
    return at - watch.looked_at >= wait


def looked_around(watch: Watch, at: Monotonic, sightings: tuple[Sighting, ...]) -> Watch:
    """A frame was read while the loop was off: what stands there is nobody's who comes."""
    if watch.occupied:
        return watch
    last = watch.last if watch.left is not None and at - watch.left < STEPPED_OFF else ()
    left = [s.candidate for s in sightings if not any(_is_same(each, s.candidate) for each in last)]
    kept: list[Scenery] = []
    for known in watch.scenery:
        again = next((candidate for candidate in left if _is_same(known, candidate)), None)
        if again is not None:
            left.remove(again)
            certain = known.certain or at - known.since >= STOOD
            kept.append(replace(known, box=again.box, certain=certain, missed=0, seen=at))
        elif known.missed + 1 < (OUT_OF_SIGHT if _may_have_gone(watch, known) else NEVER_SEEN_TO_GO):
            kept.append(replace(known, missed=known.missed + 1))
    new = [Scenery(candidate.text, candidate.box, at, certain=False, seen=at) for candidate in left]
    return replace(watch, scenery=(*kept, *new)[-MOST_SCENERY:], looked_at=at, looks=watch.looks + 1)


def _may_have_gone(watch: Watch, known: Scenery) -> bool:
    return watch.moved_at is not None and watch.moved_at >= known.seen


def read(watch: Watch, at: Monotonic, sightings: tuple[Sighting, ...]) -> tuple[Watch, Verdict | None]:
    """A frame was read; the verdict comes once. Of several plates the nearest is the one at the barrier."""
    if watch.vehicle is None:
        return watch, None
    watch = _followed(watch, at, sightings)
    nearest = _nearest(watch, at)
    if nearest is None or not _may_be_its_own(watch, nearest, at):
        return watch, None
    verdict = nearest.verdict(watch.near, watch.rules)
    if not verdict.certain:
        return watch, None
    beside = [_standing(watch, track) for track in watch.tracks if track is not nearest and not track.moved]
    return replace(
        watch,
        vehicle=None,
        tracks=(),
        still=(),
        echoes=(),
        widths=others.learned(watch.widths, nearest.here.width),
        scenery=(*watch.scenery, *beside)[-MOST_SCENERY:],
        last=(_standing(watch, nearest),),
    ), verdict


def guess(watch: Watch, at: Monotonic, after: int) -> tuple[Watch, Verdict | None]:
    """The plate to ask the driver about, now that the vote has gone on for `after` microseconds, if there is one.

    It is that of the nearest vehicle when one was last in view: an arm or a light may hide it from then on. Where
    nothing was read but what had stood there before, the vehicle may have waited just short of the loop.
    """
    verdict = None if watch.vehicle is None else _to_ask_about(watch, at)
    if verdict is None:
        return watch, None
    question = next_question(verdict, watch.since, at, after, watch.asked)
    return (watch, None) if question is None else (replace(watch, asked=question), verdict)


def place_of_nearest(watch: Watch, at: Monotonic) -> Box | None:
    """Where the plate of the vehicle on the loop is in the frame that was read at `at`, as far as is known."""
    nearest = _nearest(watch, at)
    return None if nearest is None or nearest.seen != at or not _may_be_its_own(watch, nearest, at) else nearest.here


def _followed(watch: Watch, at: Monotonic, sightings: tuple[Sighting, ...]) -> Watch:
    strange, known, echoed = list[Sighting](), list[Sighting](), list[Sighting]()
    for sighting in sightings:
        if _is_scenery(watch, sighting):
            known.append(sighting)
        elif others.is_echo(watch.before, watch.arrived, sighting.candidate, at):
            echoed.append(sighting)
        else:
            strange.append(sighting)
    watch = replace(
        watch,
        seen=watch.seen + 1,
        tracks=follow(watch.tracks, at, strange, watch.near, known=True),
        still=follow(watch.still, at, known, watch.near, known=True),
        echoes=follow(watch.echoes, at, echoed, watch.near, known=True),
    )
    return _with_those_on_time(watch, at) if watch.seen <= FIRST_LOOKS or at - watch.arrived < ON_TIME else watch


def _with_those_on_time(watch: Watch, at: Monotonic) -> Watch:
    now = [track for track in watch.tracks if track.seen == at and track.here.width >= ALL_BUT_NEAR * watch.near]
    numbers = (*watch.on_time, *(track.number for track in now if track.number not in watch.on_time))
    return replace(watch, on_time=numbers, widths=others.came(watch.widths, (track.here.width for track in now)))


def _may_be_its_own(watch: Watch, track: Track, at: Monotonic) -> bool:
    """Whether it may be decided: it came with the vehicle, or is as wide as those on this loop are. Where one that had
    left stands before it, only the latter tells that it isn't behind that one."""
    if others.is_as_wide_as_usual(watch.widths, track.here.width):
        return True
    echo = _nearest_of(watch, watch.echoes, at)
    behind = echo is not None and echo.here.width > track.here.width
    return track.number in watch.on_time and not behind


def _to_ask_about(watch: Watch, at: Monotonic) -> Verdict | None:
    """Of one that has left only while it is there to be seen."""
    leader, echo = _leader(watch, watch.tracks), _nearest_of(watch, watch.echoes, at)
    if echo is not None and (leader is None or not _may_be_its_own(watch, leader, at)):
        return _doubted(watch, echo)
    if leader is not None:
        own = _may_be_its_own(watch, leader, at)
        return leader.verdict(watch.near, watch.rules) if own else _doubted(watch, leader)
    stood = _leader(watch, watch.still)
    return None if stood is None else _doubted(watch, stood)


def _doubted(watch: Watch, track: Track) -> Verdict:
    found = track.verdict(watch.near, watch.rules)
    return replace(found, certain=False, likely=found.certain or found.likely)


def _departed(watch: Watch, leader: Track | None, at: Monotonic) -> Predecessor | None:
    """The plate of the vehicle that leaves, as far as it is known: decided, or asked about as its own."""
    if watch.vehicle is None:
        return Predecessor(watch.last[0].text, at) if watch.last else None
    if leader is None or watch.asked is None or not _may_be_its_own(watch, leader, at):
        return None
    text = leader.verdict(watch.near, watch.rules).text
    return Predecessor(text, at) if text == watch.asked.text else None


def _nearest(watch: Watch, at: Monotonic) -> Track | None:
    return _nearest_of(watch, watch.tracks, at)


def _leader(watch: Watch, tracks: tuple[Track, ...]) -> Track | None:
    seen = [track.seen for track in tracks if _counts(watch, track)]
    return _nearest_of(watch, tracks, max(seen)) if seen else None


def _nearest_of(watch: Watch, tracks: tuple[Track, ...], at: Monotonic) -> Track | None:
    here = [track for track in tracks if at - track.seen < SECOND and _counts(watch, track)]
    return max(here, key=lambda track: track.here.width, default=None)


def _counts(watch: Watch, track: Track) -> bool:
    return track.came and track.here.width >= watch.near


def _standing(watch: Watch, track: Track) -> Scenery:
    return Scenery(track.verdict(watch.near, watch.rules).text, track.here, track.born)


def _is_scenery(watch: Watch, sighting: Sighting) -> bool:
    """It stood there before the vehicle came. Once is enough, if that was long before: who drives up is soon there."""
    known = (each for each in watch.scenery if each.certain or watch.arrived - each.seen >= LONG_BEFORE)
    return any(_is_same(each, sighting.candidate) for each in known)


def _is_same(known: Scenery, candidate: PlateCandidate) -> bool:
    size = abs(known.box.width - candidate.box.width) / max(known.box.width, 1)
    near = distance(known.box, candidate.box) < _SAME_PLACE and size < _SAME_SIZE
    return near and similarity(known.text, candidate.text) >= ALIKE
