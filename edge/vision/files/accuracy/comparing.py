"""How what was read compares with what is there: plate by plate, character by character. Pure."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from rapidfuzz.distance import Levenshtein

from drivers.contract import Box
from edge.vision.files.accuracy.truth import TruePlate
from edge.vision.files.found import FoundPlate

_SAME_PLACE = 0.3
_SAME_PLATE = 0.5
"""From here on a text is a wrong reading of a plate; below it the plate was missed and the text invented."""
NOTHING = "–"

Fit = Callable[[TruePlate, FoundPlate], float]
"""How well the two go together; 0: not at all."""


class Outcome(Enum):
    """`ALIKE`: right but for O and 0, which many plates and many who write lists don't tell apart. `BESIDES`: less
    prominent in its photograph than a plate of the list, which mostly names only the one that the photograph is of."""

    EXACT = "exact"
    ALIKE = "O for 0"
    WRONG = "wrong"
    MISSED = "missed"
    INVENTED = "invented"
    BESIDES = "besides"


@dataclass(frozen=True, slots=True)
class Answer:
    """One plate that is there, or was read, or both."""

    outcome: Outcome
    truth: TruePlate | None
    found: FoundPlate | None

    @property
    def true_text(self) -> str:
        return "" if self.truth is None else self.truth.plate

    @property
    def read_text(self) -> str:
        return "" if self.found is None else self.found.plate


@dataclass(frozen=True, slots=True)
class Step:
    """One place of two texts laid side by side; NOTHING where one of them has no character."""

    true: str
    read: str

    @property
    def differs(self) -> bool:
        return self.true != self.read


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds a file."""

    files: int
    median: int
    p99: int


@dataclass(frozen=True, slots=True)
class Totals:
    """`plates` are there. `characters`: of those plates that were found; `right` of them were read right."""

    files: int
    plates: int
    exact: int
    alike: int
    wrong: int
    missed: int
    invented: int
    besides: int
    characters: int
    right: int
    confused: tuple[tuple[Step, int], ...]

    @property
    def exact_or_alike(self) -> int:
        return self.exact + self.alike

    @property
    def errors(self) -> int:
        """What the page shows as such."""
        return self.alike + self.wrong + self.missed + self.invented

    def share(self, count: int) -> float:
        """Of the plates that are there."""
        return count / self.plates if self.plates else 1.0

    @property
    def character_share(self) -> float:
        return self.right / self.characters if self.characters else 1.0


def compared(true: Sequence[TruePlate], found: Sequence[FoundPlate], photograph: bool = False) -> tuple[Answer, ...]:
    """Each plate and each reading once: the same text first, then all but the same, then the same place.

    The readings of a photograph come with the most prominent first.
    """
    left, right = list(true), list(found)
    answers = [
        *_paired(left, right, Outcome.EXACT, lambda plate, read: float(plate.plate == read.plate)),
        *_paired(left, right, Outcome.ALIKE, lambda plate, read: float(_plain(plate.plate) == _plain(read.plate))),
        *_paired(left, right, Outcome.WRONG, _affinity),
    ]
    first = min((found.index(answer.found) for answer in answers if answer.found), default=len(found))
    return (
        *answers,
        *(Answer(Outcome.MISSED, plate, None) for plate in left),
        *(Answer(_surplus(photograph and found.index(read) > first), None, read) for read in right),
    )


def _surplus(besides: bool) -> Outcome:
    return Outcome.BESIDES if besides else Outcome.INVENTED


def aligned(true: str, read: str) -> list[Step]:
    """The two texts place by place, so that a character which is missing or too many shifts nothing after it."""
    steps: list[Step] = []
    for op in Levenshtein.opcodes(true, read):
        ours, theirs = true[op.src_start : op.src_end], read[op.dest_start : op.dest_end]
        length = max(len(ours), len(theirs))
        pairs = zip(ours.ljust(length, NOTHING), theirs.ljust(length, NOTHING), strict=True)
        steps += [Step(one, other) for one, other in pairs]
    return steps


def totals(files: Sequence[Sequence[Answer]]) -> Totals:
    answers = [answer for file in files for answer in file]
    counts = Counter(answer.outcome for answer in answers)
    pairs = [aligned(answer.true_text, answer.read_text) for answer in answers if answer.truth and answer.found]
    confused = Counter(step for steps in pairs for step in steps if step.differs)
    return Totals(
        files=len(files),
        plates=sum(answer.truth is not None for answer in answers),
        exact=counts[Outcome.EXACT],
        alike=counts[Outcome.ALIKE],
        wrong=counts[Outcome.WRONG],
        missed=counts[Outcome.MISSED],
        invented=counts[Outcome.INVENTED],
        besides=counts[Outcome.BESIDES],
        characters=sum(step.true != NOTHING for steps in pairs for step in steps),
        right=sum(not step.differs for steps in pairs for step in steps),
        confused=tuple(sorted(confused.items(), key=lambda each: (-each[1], each[0].true, each[0].read))),
    )


def counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def times(milliseconds: Iterable[int]) -> Times | None:
    """None where there are none. The 99th percentile is a time that occurred: the nearest rank."""
    took = sorted(milliseconds)
    if not took:
        return None
    return Times(len(took), round(statistics.median(took)), took[math.ceil(0.99 * len(took)) - 1])


def _paired(left: list[TruePlate], right: list[FoundPlate], outcome: Outcome, fit: Fit) -> Iterable[Answer]:
    """The pairs that fit, the best first; they are taken out of both lists."""
    pairs = [(fit(plate, read), place, at) for place, plate in enumerate(left) for at, read in enumerate(right)]
    taken: list[tuple[int, int]] = []
    for fits, place, at in sorted(pairs, key=lambda pair: (-pair[0], pair[1], pair[2])):
        if fits > 0 and all(place != one and at != other for one, other in taken):
            taken.append((place, at))
    answers = [Answer(outcome, left[place], right[at]) for place, at in taken]
    left[:] = [plate for place, plate in enumerate(left) if all(place != one for one, _ in taken)]
    right[:] = [read for at, read in enumerate(right) if all(at != other for _, other in taken)]
    return answers


def _affinity(plate: TruePlate, read: FoundPlate) -> float:
    """How surely a reading is one of this plate, 0 for no: by its place where the file says it, else by its text."""
    if plate.box is not None:
        shared = overlap(plate.box, read.box)
        return shared if shared >= _SAME_PLACE else 0.0
    similar = Levenshtein.normalized_similarity(plate.plate, read.plate)
    return similar if similar >= _SAME_PLATE else 0.0


def overlap(one: Box, other: Box) -> float:
    """The common area, as a share of the smaller box."""
    width = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
    height = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
    smaller = min(one.width * one.height, other.width * other.height)
    return width * height / smaller if width > 0 and height > 0 and smaller > 0 else 0.0


def _plain(text: str) -> str:
    return text.replace("O", "0")
