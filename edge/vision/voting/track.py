"""Follows plates from frame to frame, so that the readings of one vehicle come together and stay together."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from rapidfuzz.distance import Levenshtein

from drivers.contract import Box, PlateCandidate
from edge.vision.voting.vote import RULES, Read, Verdict, VoteRules, verdict
from models.instants import SECOND, Monotonic

KEPT_READS = 48
SURE = 0.85
ALIKE = 0.7
_PLACE_REMEMBERED = 3
"""For so many seconds what is read at the place of a plate is taken for it, however it is read."""
_HALF_VEHICLE, _BONNET = 1.25, 1.0
"""In widths of its plate, which is half a metre wide."""
_MOVED = 0.12
_MOVED_PIXELS = 4


@dataclass(frozen=True, slots=True)
class Sighting:
    """A plate in one frame. `fresh`: the picture there isn't what it was while the lane lay empty.

    `caption`: it lies where cameras write their own text, and only a plate that moves counts there.
    """

    candidate: PlateCandidate
    fresh: bool = True
    caption: bool = False


@dataclass(frozen=True, slots=True)
class Track:
    """One plate through time. `moved`: it has left the place where it was first seen; a caption never does.

    `arrived`: it appeared in a lane that had been watched without it. `displaced` counts the newest reads
    in a row that were away from `origin`, `missed` the frames that were read since without showing it.
    """

    number: int
    origin: Box
    reads: tuple[Read, ...]
    arrived: bool = False
    moved: bool = False
    displaced: int = 0
    missed: int = 0

    @property
    def came(self) -> bool:
        """Whether it may be a vehicle's: it moved, or appeared where nothing was."""
        return self.moved or self.arrived

    @property
    def here(self) -> Box:
        return self.reads[-1].candidate.box

    @property
    def born(self) -> Monotonic:
        return self.reads[0].at

    @property
    def seen(self) -> Monotonic:
        return self.reads[-1].at

    def verdict(self, near: int, rules: VoteRules = RULES) -> Verdict:
        found = verdict(self.reads, near, rules)
        assert found is not None, "a track begins with a read"
        return found


def follow(
    tracks: Sequence[Track], at: Monotonic, sightings: Sequence[Sighting], near: int, known: bool
) -> tuple[Track, ...]:
    """The tracks after one more frame. `known`: the lane has been watched long enough for a newcomer to be one."""
    remaining = list(tracks)
    left = list(sightings)
    followed: list[Track] = []
    for _, track, sighting in sorted(_pairs(tracks, at, left, near), key=lambda pair: -pair[0]):
        if track in remaining and sighting in left:
            remaining.remove(track)
            left.remove(sighting)
            followed.append(_seen_again(track, at, sighting.candidate))
    first = max((track.number for track in tracks), default=0) + 1
    newcomers = [
        Track(number, sighting.candidate.box, (Read(at, sighting.candidate),), known and _is_new_here(sighting))
        for number, sighting in enumerate(left, start=first)
    ]
    unseen = [replace(track, missed=track.missed + 1) for track in remaining]
    return tuple(sorted([*unseen, *followed, *newcomers], key=lambda track: track.number))


def _is_new_here(sighting: Sighting) -> bool:
    return sighting.fresh and not sighting.caption


def _pairs(
    tracks: Sequence[Track], at: Monotonic, sightings: Sequence[Sighting], near: int
) -> Iterable[tuple[float, Track, Sighting]]:
    for track in tracks:
        for sighting in sightings:
            affinity = _affinity(track, at, sighting.candidate, near)
            if affinity > 0:
                yield affinity, track, sighting


def _affinity(track: Track, at: Monotonic, candidate: PlateCandidate, near: int) -> float:
    """How likely `candidate` is the plate of `track`: 0 for no, higher for surer."""
    away = distance(track.here, candidate.box)
    standing = track.verdict(near)
    alike = max(similarity(standing.text, candidate.text), similarity(track.reads[-1].text, candidate.text))
    missed = (at - track.seen) / SECOND
    if away < 0.5 and (alike >= ALIKE or missed < _PLACE_REMEMBERED):
        another = standing.certain and alike < 0.4 and min(candidate.confidences) >= SURE
        return 0.0 if another else 2.0 + alike - away
    if alike >= ALIKE and away < 3 + 3 * missed and missed < 3:
        return 1.0 + alike - away / 100
    if alike >= 0.3 and away < 1.2 and missed < 0.6:
        return alike
    return 0.0


def _seen_again(track: Track, at: Monotonic, candidate: PlateCandidate) -> Track:
    off = _centre_distance(track.origin, candidate.box) >= _MOVED * track.origin.width + _MOVED_PIXELS
    displaced = track.displaced + 1 if off else 0
    reads = (*track.reads, Read(at, candidate))[-KEPT_READS:]
    return replace(track, reads=reads, displaced=displaced, moved=track.moved or displaced >= 2, missed=0)


def resized(box: Box, across: float, down: float) -> Box:
    """The same place in pictures that are so many times as wide and as high."""
    return Box(round(box.x * across), round(box.y * down), round(box.width * across), round(box.height * down))


def track_resized(track: Track, across: float, down: float) -> Track:
    def of(read: Read) -> Read:
        return replace(read, candidate=replace(read.candidate, box=resized(read.candidate.box, across, down)))

    return replace(track, origin=resized(track.origin, across, down), reads=tuple(of(read) for read in track.reads))


def similarity(one: str, other: str) -> float:
    """1 for equal texts, 0 for texts with nothing in common."""
    return Levenshtein.normalized_similarity(one, other)


def is_on_vehicle(box: Box, plate: Box) -> bool:
    """Whether `box` lies where at least the vehicle of this plate is in the picture, seen from before."""
    aside = abs(box.x + box.width / 2 - plate.x - plate.width / 2)
    above = plate.y + plate.height / 2 - box.y - box.height / 2
    return aside <= _HALF_VEHICLE * plate.width and -plate.height <= above <= _BONNET * plate.width


def distance(one: Box, other: Box) -> float:
    """Between the centres, in widths of the wider plate."""
    return _centre_distance(one, other) / max(one.width, other.width, 1)


def _centre_distance(one: Box, other: Box) -> float:
    return math.hypot(
        one.x + one.width / 2 - other.x - other.width / 2, one.y + one.height / 2 - other.y - other.height / 2
    )
