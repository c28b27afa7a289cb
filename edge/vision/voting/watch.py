"""A lane with an arming loop, while a vehicle stands on it: which plate is its own, surely or likely. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from drivers.contract import Box
from edge.vision.voting.question import Question, next_question
from edge.vision.voting.track import ALIKE, Sighting, Track, distance, follow, similarity
from edge.vision.voting.vote import Verdict
from models.instants import SECOND, Monotonic

MOST_SCENERY = 16
START = Monotonic(0)
_SAME_PLACE = 0.3


@dataclass(frozen=True, slots=True)
class Scenery:
    """A text that stood still beside a vehicle that was decided: a parked car, a sign, a caption."""

    text: str
    box: Box


@dataclass(frozen=True, slots=True)
class Watch:
    """The vehicle on the loop. `vehicle` is None while the loop is off or its plate is decided."""

    near: int
    vehicle: int | None = None
    since: Monotonic = START
    asked: Question | None = None
    tracks: tuple[Track, ...] = ()
    scenery: tuple[Scenery, ...] = ()


def began(watch: Watch, vehicle: int, at: Monotonic) -> Watch:
    """A vehicle drove onto the loop: it gets a vote of its own."""
    return replace(watch, vehicle=vehicle, since=at, asked=None, tracks=())


def over(watch: Watch) -> Watch:
    return replace(watch, vehicle=None, tracks=())


def read(watch: Watch, at: Monotonic, sightings: tuple[Sighting, ...]) -> tuple[Watch, Verdict | None]:
    """A frame was read; the verdict comes once. Of several plates the nearest is the one at the barrier."""
    if watch.vehicle is None:
        return watch, None
    strange = [sighting for sighting in sightings if not _is_scenery(watch, sighting)]
    tracks = follow(watch.tracks, at, strange, watch.near, known=True)
    watch = replace(watch, tracks=tracks)
    nearest = _nearest(watch, at)
    if nearest is None:
        return watch, None
    verdict = nearest.verdict(watch.near)
    if not verdict.certain:
        return watch, None
    beside = [Scenery(t.verdict(watch.near).text, t.here) for t in tracks if t is not nearest and not t.moved]
    decided = replace(watch, vehicle=None, tracks=(), scenery=(*watch.scenery, *beside)[-MOST_SCENERY:])
    return decided, verdict


def guess(watch: Watch, at: Monotonic, after: int) -> tuple[Watch, Verdict | None]:
    """The plate to ask the driver about, now that the vote has gone on for `after` microseconds, if there is one.

    It is that of the nearest vehicle when one was last in view: an arm or a light may hide it from then on.
    """
    seen = [track.seen for track in watch.tracks if _counts(watch, track)]
    leader = _nearest(watch, max(seen)) if seen else None
    if watch.vehicle is None or leader is None:
        return watch, None
    verdict = leader.verdict(watch.near)
    question = next_question(verdict, watch.since, at, after, watch.asked)
    return (watch, None) if question is None else (replace(watch, asked=question), verdict)


def _nearest(watch: Watch, at: Monotonic) -> Track | None:
    here = [track for track in watch.tracks if at - track.seen < SECOND and _counts(watch, track)]
    return max(here, key=lambda track: track.here.width, default=None)


def _counts(watch: Watch, track: Track) -> bool:
    return track.came and track.here.width >= watch.near


def _is_scenery(watch: Watch, sighting: Sighting) -> bool:
    candidate = sighting.candidate
    return any(
        distance(known.box, candidate.box) < _SAME_PLACE and similarity(known.text, candidate.text) >= ALIKE
        for known in watch.scenery
    )
