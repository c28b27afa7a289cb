"""A lane with an arming loop, while a vehicle stands on it: which plate is its own, surely or likely. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from drivers.contract import Box, PlateCandidate
from edge.vision.voting.question import Question, next_question
from edge.vision.voting.track import ALIKE, Sighting, Track, distance, follow, similarity
from edge.vision.voting.vote import RULES, Verdict, VoteRules
from models.instants import SECOND, Monotonic

MOST_SCENERY = 16
START = Monotonic(0)
STOOD = SECOND
"""What is read at the same place for this long while the loop is off was there before the vehicle."""
REST, BREATH, SELDOM = 3 * SECOND // 2, 5 * SECOND, 20 * SECOND
OUT_OF_SIGHT = 3
"""So many looks at the empty loop without it, and it is scenery no more."""
_SAME_PLACE, _SAME_SIZE = 0.15, 0.12
"""In widths of the plate: who creeps forward by a few hand's breadths isn't there any more."""


@dataclass(frozen=True, slots=True)
class Scenery:
    """A text and where it stands: a parked car, a sign, a caption. `since` when it is known, `certain` once it was seen
    again there; `missed` counts the looks in a row that didn't show it."""

    text: str
    box: Box
    since: Monotonic = START
    certain: bool = True
    missed: int = 0


@dataclass(frozen=True, slots=True)
class Watch:
    """The vehicle on the loop. `vehicle` is None while the loop is off or its plate is decided; `occupied`: the loop is
    on. `last`: where the vehicle that was on it last was read; a loop that drops out doesn't make it scenery. `looks`
    counts those at the empty loop since something moved.
    """

    near: int
    rules: VoteRules = RULES
    vehicle: int | None = None
    occupied: bool = False
    since: Monotonic = START
    asked: Question | None = None
    tracks: tuple[Track, ...] = ()
    still: tuple[Track, ...] = ()
    """Of what stood there before; one of them is the vehicle's where it had stopped short of the loop"""
    scenery: tuple[Scenery, ...] = ()
    last: tuple[Scenery, ...] = ()
    moved_at: Monotonic | None = None
    looked_at: Monotonic | None = None
    looks: int = 0


def began(watch: Watch, vehicle: int, at: Monotonic) -> Watch:
    """A vehicle drove onto the loop: it gets a vote of its own."""
    return replace(watch, vehicle=vehicle, occupied=True, since=at, asked=None, tracks=(), still=(), last=())


def over(watch: Watch) -> Watch:
    seen = tuple(_standing(watch, track) for track in watch.tracks if _counts(watch, track))
    return replace(watch, vehicle=None, occupied=False, tracks=(), still=(), last=watch.last or seen)


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
    left = [s.candidate for s in sightings if not any(_is_same(last, s.candidate) for last in watch.last)]
    kept: list[Scenery] = []
    for known in watch.scenery:
        again = next((candidate for candidate in left if _is_same(known, candidate)), None)
        if again is not None:
            left.remove(again)
            certain = known.certain or at - known.since >= STOOD
            kept.append(replace(known, box=again.box, certain=certain, missed=0))
        elif known.missed + 1 < OUT_OF_SIGHT and known.certain:
            kept.append(replace(known, missed=known.missed + 1))
    new = [Scenery(candidate.text, candidate.box, at, certain=False) for candidate in left]
    return replace(watch, scenery=(*kept, *new)[-MOST_SCENERY:], looked_at=at, looks=watch.looks + 1)


def read(watch: Watch, at: Monotonic, sightings: tuple[Sighting, ...]) -> tuple[Watch, Verdict | None]:
    """A frame was read; the verdict comes once. Of several plates the nearest is the one at the barrier."""
    if watch.vehicle is None:
        return watch, None
    strange = [sighting for sighting in sightings if not _is_scenery(watch, sighting)]
    known = [sighting for sighting in sightings if _is_scenery(watch, sighting)]
    tracks = follow(watch.tracks, at, strange, watch.near, known=True)
    still = follow(watch.still, at, known, watch.near, known=True)
    watch = replace(watch, tracks=tracks, still=still)
    nearest = _nearest(watch, at)
    if nearest is None:
        return watch, None
    verdict = nearest.verdict(watch.near, watch.rules)
    if not verdict.certain:
        return watch, None
    beside = [_standing(watch, track) for track in tracks if track is not nearest and not track.moved]
    scenery = (*watch.scenery, *beside)[-MOST_SCENERY:]
    return replace(
        watch, vehicle=None, tracks=(), still=(), scenery=scenery, last=(_standing(watch, nearest),)
    ), verdict


def guess(watch: Watch, at: Monotonic, after: int) -> tuple[Watch, Verdict | None]:
    """The plate to ask the driver about, now that the vote has gone on for `after` microseconds, if there is one.

    It is that of the nearest vehicle when one was last in view: an arm or a light may hide it from then on. Where
    nothing was read but what had stood there before, the vehicle may have waited just short of the loop.
    """
    leader, stood = _leader(watch, watch.tracks), _leader(watch, watch.still)
    if watch.vehicle is None or (leader is None and stood is None):
        return watch, None
    verdict = _doubted(watch, stood) if leader is None else leader.verdict(watch.near, watch.rules)
    question = next_question(verdict, watch.since, at, after, watch.asked)
    return (watch, None) if question is None else (replace(watch, asked=question), verdict)


def place_of_nearest(watch: Watch, at: Monotonic) -> Box | None:
    """Where the plate of the vehicle on the loop is in the frame that was read at `at`, as far as is known."""
    nearest = _nearest(watch, at)
    return None if nearest is None or nearest.seen != at else nearest.here


def _doubted(watch: Watch, stood: Track | None) -> Verdict:
    assert stood is not None, "asked only about what was read"
    found = stood.verdict(watch.near, watch.rules)
    return replace(found, certain=False, likely=found.certain or found.likely)


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
    return any(known.certain and _is_same(known, sighting.candidate) for known in watch.scenery)


def _is_same(known: Scenery, candidate: PlateCandidate) -> bool:
    size = abs(known.box.width - candidate.box.width) / max(known.box.width, 1)
    near = distance(known.box, candidate.box) < _SAME_PLACE and size < _SAME_SIZE
    return near and similarity(known.text, candidate.text) >= ALIKE
