"""Which of the vehicles inside one that was seen at an exit may be, and whether that is sure enough to act on. Pure.

Each vehicle inside is a supposition: that it is this one, and was misread now or when it came. Against it stand the
others inside, and the stranger: a vehicle without an open ticket whose plate really is what was read. Strangers look
like vehicles inside oftener than chance would have it, since firms buy cars by the dozen with plates in a row; where
two such are inside, a third is expected. All of them are weighed by Bayes' rule, and what comes out is a probability.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import ne

from models.instants import HOUR, SECOND
from models.plates.likeness import all_right, likeness, sureness
from models.plates.rows import are_in_a_row, rows_of
from models.plates.seen import SeenPlate
from models.plates.spelling import Plate

MOST_LIKELY = 5
_A_WEEK = 7 * 24 * HOUR
WORTH_A_LOOK = 0.002
"""Less likely ones are not shown to anybody."""


@dataclass(frozen=True, slots=True)
class Inside:
    """A vehicle that is inside. `key` is its ticket; `since`: for how many microseconds, where that is known.
    `confidences`: of the read at its entry, one a character; empty where they aren't known."""

    key: str
    plate: Plate
    since: int | None = None
    confidences: tuple[float, ...] = ()


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


@dataclass(frozen=True, slots=True)
class Expected:
    """What an exit expects before it has seen anybody. `strangers`: exits without an open ticket.

    The others are how many strangers have just the plate that was read, for each such exit and vehicle inside.
    `in_a_row`: where it is in a row with one inside, and more of that row are seen there; `beside_a_row`: where it is
    otherwise like one of such a row; where only one is inside, less, as rows are rare in this lot. `next_to_it`: where
    it differs from one inside in one place; by `each_more` less for each other place. `crowded`: so many times
    likelier than by their length are plates that differ by chance: no country's are spread evenly.

    These, and `Sure`, were chosen on misreads of the half of the pictures that gave the weights; `bench/matching.py`
    holds them against the other half."""

    strangers: float = 0.1
    in_a_row: float = 0.8
    beside_a_row: float = 0.3
    next_to_it: float = 2e-4
    each_more: float = 0.05
    crowded: float = 3.0


@dataclass(frozen=True, slots=True)
class Sure:
    """How likely it must be that vehicle, and no other and no stranger, to be acted on: `floor` where one character was
    misread, lost or added, `for_more` where more were; and by `margin` likelier than any other that is inside."""

    floor: float = 0.88
    for_more: float = 0.99
    margin: float = 20.0


USUAL = Expected()
SURE_ENOUGH = Sure()


def match(seen: SeenPlate, inside: Sequence[Inside], expected: Expected = USUAL, sure: Sure = SURE_ENOUGH) -> Verdict:
    """What a plate that is exactly nobody's may be of those that are inside."""
    candidates = _weighed(seen, [one for one in inside if one.since is None or one.since > SECOND], expected)
    if not candidates or candidates[0].odds < WORTH_A_LOOK:
        return Nobody()
    first = candidates[0]
    alone = len(candidates) == 1 or first.odds >= sure.margin * candidates[1].odds
    texts = (seen.plate, *(runner.plate for runner in seen.others))
    one_place = any(_in_one_place(text, first.inside.plate) for text in texts)
    if alone and first.odds >= (sure.floor if one_place else sure.for_more):
        return Alike(first)
    worth = (candidate for candidate in candidates[:MOST_LIKELY] if candidate.odds >= WORTH_A_LOOK)
    return Doubtful(tuple(worth))


def _weighed(seen: SeenPlate, inside: Sequence[Inside], expected: Expected) -> list[Candidate]:
    """Those that come near at all, the likeliest first."""
    texts = _texts(seen)
    others = [text for text, _, _ in texts[1:]]
    near = [
        one
        for one in inside
        if _is_near(seen.plate, one.plate) or (others and any(_is_near(text, one.plate) for text in others))
    ]
    if not near:
        return []
    shares = [(1 - expected.strangers) * stayed(one.since) * _read_as(texts, one) for one in near]
    surely = expected.strangers * texts[0][2] * all_right(texts[0][1])
    lookalikes = _lookalikes(seen.plate, near, inside, expected)
    total = sum(shares) + surely * (lookalikes + expected.crowded * _by_chance(seen.plate, inside))
    weighed = [Candidate(one, share / total) for one, share in zip(near, shares, strict=True)]
    return sorted(weighed, key=lambda candidate: (-candidate.odds, candidate.inside.key))


def _texts(seen: SeenPlate) -> list[tuple[str, Sequence[float], float]]:
    """What was read and what it may be instead: text, sureness, and how likely that is the text to go by.

    A vote is right oftener than its shares say: most frames agree on a plate for a reason, so shares are squared.
    """
    squares = [runner.share**2 / (runner.share**2 + (1 - runner.share) ** 2) for runner in seen.others]
    others = [
        (runner.plate, sureness(runner.plate, ()), square)
        for runner, square in zip(seen.others, squares, strict=True)
        if runner.plate != seen.plate
    ]
    left = max(1 - sum(share for _, _, share in others), 0.5)
    return [(seen.plate, sureness(seen.plate, seen.confidences), left), *others]


def _read_as(texts: Sequence[tuple[str, Sequence[float], float]], one: Inside) -> float:
    at_entry = sureness(one.plate, one.confidences)
    return sum(share * likeness(text, sure, one.plate, at_entry) for text, sure, share in texts)


def stayed(since: int | None) -> float:
    """Weak evidence: who came half a minute ago, or a month ago, is up to three times less likely to leave now."""
    if since is None:
        return 1.0
    if since < 120 * SECOND:
        return max(1 / 3, since / (120 * SECOND))
    return max(1 / 3, min(1.0, _A_WEEK / since))


def _lookalikes(plate: Plate, near: Sequence[Inside], inside: Sequence[Inside], expected: Expected) -> float:
    """How many strangers have just the plate that was read because they belong to somebody inside, or look like it."""
    in_rows = rows_of(one.plate for one in inside)
    rare = (sum(count for count in in_rows.values() if count > 1) + 1) / (len(inside) + 50)
    return sum(_lookalike(plate, one.plate, inside, rare, expected) for one in near)


def _lookalike(plate: Plate, one: Plate, inside: Sequence[Inside], rare: float, expected: Expected) -> float:
    more = max(_differences(plate, one), 1) - 1
    by_itself = expected.next_to_it * expected.each_more**more
    row = any(are_in_a_row(one, other.plate) for other in inside)
    if are_in_a_row(plate, one):
        return by_itself + expected.in_a_row * (1.0 if row else rare / 2)
    return by_itself + expected.beside_a_row * expected.each_more**more * row


def _differences(one: str, other: str) -> int:
    """Places that differ; of texts of different length one more than the places that one of them hasn't got."""
    return sum(map(ne, one, other)) if len(one) == len(other) else 1 + abs(len(one) - len(other))


def _in_one_place(one: str, other: str) -> bool:
    if len(one) == len(other):
        return sum(map(ne, one, other)) <= 1
    return abs(len(one) - len(other)) == 1 and _same_ends(one, other) >= min(len(one), len(other))


def _by_chance(plate: str, inside: Sequence[Inside]) -> float:
    """How many strangers have this plate and nothing to do with anybody inside, for each stranger times those inside.

    Plates of one place begin alike: how many do here is told by those inside.
    """
    beginning, rest = plate[:2], plate[2:]
    alike = sum(one.plate.startswith(beginning) for one in inside) - 1
    return max(alike, len(inside) * _at_random(beginning)) * _at_random(rest)


def _at_random(text: str) -> float:
    likely = 1.0
    for character in text:
        likely *= 0.1 if character.isdigit() else 0.045
    return likely


def _is_near(text: str, plate: str) -> bool:
    """Cheap: whether it is worth to be weighed at all."""
    if len(text) == len(plate):
        return sum(map(ne, text, plate)) <= 3
    if text[:2] != plate[:2] and text[-2:] != plate[-2:]:
        return False
    shorter = min(len(text), len(plate))
    return abs(len(text) - len(plate)) <= 2 and _same_ends(text, plate) >= shorter - 1


def _same_ends(one: str, other: str) -> int:
    """How many characters are the same from the heads on and from the tails back."""
    shorter = min(len(one), len(other))
    ahead = next((place for place in range(shorter) if one[place] != other[place]), shorter)
    behind = next((place for place in range(shorter) if one[-1 - place] != other[-1 - place]), shorter)
    return ahead + behind
