"""A lane with an arming loop, while a vehicle stands on it: which plate is its own, once the vote is sure. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from drivers.contract import Box
from edge.vision.track import ALIKE, Sighting, Track, distance, follow, similarity
from edge.vision.vote import Verdict
from models.instants import SECOND, Monotonic

MOST_SCENERY = 16
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
    tracks: tuple[Track, ...] = ()
    scenery: tuple[Scenery, ...] = ()


def began(watch: Watch, vehicle: int) -> Watch:
    """A vehicle drove onto the loop: it gets a vote of its own."""
    return replace(watch, vehicle=vehicle, tracks=())


def over(watch: Watch) -> Watch:
    return replace(watch, vehicle=None, tracks=())


def read(watch: Watch, at: Monotonic, sightings: tuple[Sighting, ...]) -> tuple[Watch, Verdict | None]:
    """A frame was read; the verdict comes once. Of several plates the nearest is the one at the barrier."""
    if watch.vehicle is None:
        return watch, None
    strange = [sighting for sighting in sightings if not _is_scenery(watch, sighting)]
    tracks = follow(watch.tracks, at, strange, watch.near, known=True)
    watch = replace(watch, tracks=tracks)
    here = [track for track in tracks if at - track.seen < SECOND and track.here.width >= watch.near and track.came]
    if not here:
        return watch, None
    nearest = max(here, key=lambda track: track.here.width)
    verdict = nearest.verdict(watch.near)
    if not verdict.certain:
        return watch, None
    beside = [Scenery(t.verdict(watch.near).text, t.here) for t in tracks if t is not nearest and not t.moved]
    decided = replace(watch, vehicle=None, tracks=(), scenery=(*watch.scenery, *beside)[-MOST_SCENERY:])
    return decided, verdict


def _is_scenery(watch: Watch, sighting: Sighting) -> bool:
    candidate = sighting.candidate
    return any(
        distance(known.box, candidate.box) < _SAME_PLACE and similarity(known.text, candidate.text) >= ALIKE
        for known in watch.scenery
    )
