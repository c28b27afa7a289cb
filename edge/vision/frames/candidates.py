"""The best frames of the vehicle that stands before an arm, a few of them, until it is known what its plate is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from drivers.contract import Box, PlateCandidate
from edge.vision.frames.capture import Shot
from edge.vision.voting.track import ALIKE, similarity
from models.instants import Monotonic

MOST = 3
"""Frames kept in memory, each of another text: a vehicle is rarely read in more ways, and a frame is large."""
_SAME = 0.3


@dataclass(frozen=True, slots=True)
class Candidate:
    """A frame in which `own` was read; `others` are the plates beside it."""

    frame: Any
    at: Monotonic
    own: PlateCandidate
    others: tuple[Box, ...]

    @property
    def worth(self) -> float:
        return worth(self.own)


def worth(plate: PlateCandidate) -> float:
    """The wider and the surer, the better a picture is of its vehicle."""
    surety = sum(plate.confidences) / len(plate.confidences) if plate.confidences else 0.0
    return plate.box.width * surety**2


def better(kept: tuple[Candidate, ...], shot: Shot, plates: Sequence[PlateCandidate]) -> tuple[Candidate, ...]:
    """With this frame for every text that no kept one shows as well. The frame is copied, and only then."""
    known = {candidate.own.text: candidate.worth for candidate in kept}
    wanted = [plate for plate in plates if worth(plate) > known.get(plate.text, 0.0)]
    if not wanted:
        return kept
    least = min(known.values()) if len(kept) == MOST else 0.0
    if all(plate.text not in known and worth(plate) <= least for plate in wanted):
        return kept
    copy = shot.frame.copy()
    texts = {plate.text for plate in wanted}
    newer = [Candidate(copy, shot.at, plate, beside(plate, plates)) for plate in wanted]
    rest = [candidate for candidate in kept if candidate.own.text not in texts]
    return tuple(sorted([*rest, *newer], key=lambda candidate: -candidate.worth)[:MOST])


def of_plate(kept: Sequence[Candidate], text: str) -> Candidate | None:
    """The frame in which this very plate was read, or nearly this one; never that of another vehicle."""
    near = [candidate for candidate in kept if similarity(candidate.own.text, text) >= ALIKE]
    return max(near, key=lambda candidate: (candidate.own.text == text, candidate.worth), default=None)


def beside(own: PlateCandidate, plates: Sequence[PlateCandidate]) -> tuple[Box, ...]:
    """The other plates' boxes, without a second box of the same plate."""
    return tuple(plate.box for plate in plates if plate is not own and _shared(own.box, plate.box) < _SAME)


def _shared(one: Box, other: Box) -> float:
    """The common area, as a share of the smaller box."""
    width = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
    height = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
    smaller = min(one.width * one.height, other.width * other.height)
    return width * height / smaller if width > 0 and height > 0 and smaller > 0 else 0.0
