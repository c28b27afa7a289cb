"""Which of the vehicles inside one that was seen at an exit may be, and whether that is sure enough to act on. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from models.instants import SECOND
from models.plates.alike import MISREAD, apart
from models.plates.seen import SeenPlate
from models.plates.spelling import Plate

MOST_LIKELY = 5


@dataclass(frozen=True, slots=True)
class Inside:
    """A vehicle that is inside. `key` is its ticket; `since`: for how many microseconds, where that is known."""

    key: str
    plate: Plate
    since: int | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """`odds`: how likely it is this one and no other and no stranger, 0 to 1."""

    inside: Inside
    odds: float


@dataclass(frozen=True, slots=True)
class Alike:
    """One of those inside, above the floor and alone by the margin; its plate isn't exactly what was read."""

    found: Candidate


@dataclass(frozen=True, slots=True)
class Doubtful:
    """Some of those inside may be it, the likeliest first, at most five: a person or the driver decides."""

    among: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class Nobody:
    """None of those inside has a plate that looks like it."""


Verdict = Alike | Doubtful | Nobody


def match(seen: SeenPlate, inside: Sequence[Inside]) -> Verdict:
    """What a plate that is exactly nobody's may be of those that are inside."""
    near = sorted(
        ((apart(seen.plate, one.plate), one.key, one) for one in inside if one.since is None or one.since > SECOND),
        key=lambda each: each[:2],
    )
    alike = [one for cost, _, one in near if cost <= MISREAD]
    match alike:
        case []:
            return Nobody()
        case [one]:
            return Alike(Candidate(one, 0.9))
        case _:
            return Doubtful(tuple(Candidate(one, 1 / len(alike)) for one in alike[:MOST_LIKELY]))
