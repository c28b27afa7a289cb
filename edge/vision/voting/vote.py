"""The vote of one vehicle: what the frames that showed its plate agree on, and whether that is certain or likely."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from drivers.contract import PlateCandidate
from models.instants import Monotonic
from models.plates import Plate, RunnerUp
from models.plates.formats import Country, likely_spelling

MOST_OTHERS = 5
_LEAST_SHARE = 0.01
_LEAST_SURE = 1e-3


@dataclass(frozen=True, slots=True)
class Read:
    """One frame's reading of a plate."""

    at: Monotonic
    candidate: PlateCandidate

    @property
    def text(self) -> str:
        return self.candidate.text

    @property
    def width(self) -> int:
        return self.candidate.box.width


@dataclass(frozen=True, slots=True)
class VoteRules:
    """When a vote is certain, and when it is likely enough (`likely_`) to ask the driver.

    `span` is in microseconds: frames of one instant repeat one mistake. `detection`: how sure the finder of plates
    has to be, on average, that this is one. `longer`: the share of sure readings with more characters from which on
    this one may have lost some in the glare. `whole`: how many readings have to show the plate off the picture's edge.
    `countries`: where most vehicles come from; a doubtful character of a plate that only so is one of theirs needs to
    be but `fitting` sure. `mixed`: a text without a digit or without a letter is no plate for sure, unless of theirs.
    """

    agreeing: int = 3
    span: int = 200_000
    confidence: float = 0.8
    share: float = 0.5
    shortest: int = 3
    detection: float = 0.4
    longer: float = 0.15
    whole: int = 2
    fitting: float = 0.7
    mixed: bool = True
    countries: tuple[Country, ...] = ()
    likely_agreeing: int = 2
    likely_confidence: float = 0.5


RULES = VoteRules()


@dataclass(frozen=True, slots=True)
class Verdict:
    """The vote so far. `confidences`: one a character; `agreeing`: how many near reads gave exactly this text.

    `likely`: good enough for a question to the driver, never for more. `others`: what else was read, with its share
    of the vote, the likeliest first.
    """

    text: str
    confidences: tuple[float, ...]
    agreeing: int
    best: PlateCandidate
    certain: bool
    likely: bool
    others: tuple[RunnerUp, ...] = ()

    @property
    def weakest(self) -> float:
        return min(self.confidences)


def verdict(reads: Sequence[Read], near: int, rules: VoteRules = RULES) -> Verdict | None:
    """What `reads` (oldest first) say together; None when there are none.

    Each character is voted on by itself, among the reads that have the winning number of characters; a read
    weighs more the larger and surer it is. A plate that the picture's edge cuts votes only where no whole one was
    seen, and for nothing more. It is certain only when enough reads at least `near` pixels wide, spread over some
    time, give exactly the winning text, no character is doubtful, the other readings don't outweigh it and no longer
    text came after it or beside it: a plate that is only just coming into view, or shines, reads short.
    It is likely when that holds of fewer reads with doubtful characters, each of them at least half sure; then doubtful
    characters are spelled as the countries of the rules spell plates. What is sure is never spelled otherwise.
    """
    if not reads:
        return None
    voters = [read for read in reads if not read.candidate.cut] or reads
    length = _winning_length(voters, near)
    peers = [read for read in voters if len(read.text) == length]
    elected = [_character(peers, place, near) for place in range(length)]
    text = "".join(character for character, _ in elected)
    same = [read for read in peers if read.text == text]
    weakest = min(confidence for _, confidence in elected)
    close = _close(reads, text, near, rules)
    sound = _is_spread(close, rules) and not _grew(voters, same, rules) and _mean_detection(close) >= rules.detection
    confidences = tuple(confidence for _, confidence in elected)
    others = _others(text, voters, near)
    spelled = likely_spelling(text, confidences, rules.countries, rules.confidence)
    return Verdict(
        text=spelled,
        confidences=confidences,
        agreeing=len(close),
        best=max(same or peers, key=lambda read: _weight(read, near) * read.width).candidate,
        certain=sound
        and spelled == text
        and len(close) >= rules.agreeing
        and weakest >= _confidence_asked(text, others, rules)
        and _sum(same, near) >= rules.share * _sum(voters, near)
        and _is_spelled_as_a_plate(text, rules)
        and not _lost_a_character(text, voters, near, rules),
        likely=sound and len(close) >= rules.likely_agreeing and weakest >= rules.likely_confidence,
        others=others if spelled == text else _with_first(text, _sum(same, near) / _sum(voters, near), others),
    )


def _confidence_asked(text: str, others: Sequence[RunnerUp], rules: VoteRules) -> float:
    """How sure each character has to be: less where the text is a plate of this country and nothing else read is."""
    if not _fits(text, rules) or any(_fits(other.plate, rules) for other in others):
        return rules.confidence
    return min(rules.fitting, rules.confidence)


def _is_spelled_as_a_plate(text: str, rules: VoteRules) -> bool:
    mixed = any(character.isdigit() for character in text) and any(character.isalpha() for character in text)
    return mixed or not rules.mixed or _fits(text, rules)


def _fits(text: str, rules: VoteRules) -> bool:
    return any(country.has(text) for country in rules.countries)


def _with_first(text: str, share: float, others: tuple[RunnerUp, ...]) -> tuple[RunnerUp, ...]:
    return (RunnerUp(Plate(text), share), *others)[:MOST_OTHERS]


def without_safeguards(rules: VoteRules = RULES) -> VoteRules:
    """For the proof that the safeguards are what keeps wrong plates out: the first reading decides."""
    none = replace(rules, agreeing=1, span=0, confidence=0.0, share=0.0, shortest=1, detection=0.0)
    return replace(none, longer=1.1, whole=0, mixed=False)


def _close(reads: Sequence[Read], text: str, near: int, rules: VoteRules) -> list[Read]:
    """The near reads of exactly this text. Those of a plate at the picture's edge count with enough that are whole."""
    same = [read for read in reads if read.text == text and read.width >= near]
    whole = [read for read in same if not read.candidate.cut]
    return same if len(whole) >= rules.whole else whole


def _is_spread(close: Sequence[Read], rules: VoteRules) -> bool:
    """Whether there is a text that near reads of several moments agree on, long enough for a plate."""
    return bool(close) and len(close[0].text) >= rules.shortest and close[-1].at - close[0].at >= rules.span


def _grew(reads: Sequence[Read], same: Sequence[Read], rules: VoteRules) -> bool:
    """Whether a longer text was surely read after the last of `same`."""
    later = [read for read in reads if same and read.at > same[-1].at]
    return any(len(read.text) > len(same[-1].text) and _is_sure(read, rules) for read in later)


def _lost_a_character(text: str, reads: Sequence[Read], near: int, rules: VoteRules) -> bool:
    """Whether enough sure reads have all of `text` and more: light that shines on a plate takes characters away."""
    longer = [
        read for read in reads if len(read.text) > len(text) and _holds(read.text, text) and _is_sure(read, rules)
    ]
    return len(longer) >= 2 and _sum(longer, near) >= rules.longer * _sum(reads, near)


def _holds(longer: str, text: str) -> bool:
    """Whether `longer` is `text` with characters put in."""
    rest = iter(longer)
    return all(character in rest for character in text)


def _is_sure(read: Read, rules: VoteRules) -> bool:
    return min(read.candidate.confidences) >= rules.confidence


def _mean_detection(reads: Sequence[Read]) -> float:
    return sum(read.candidate.detection for read in reads) / len(reads)


def _winning_length(reads: Sequence[Read], near: int) -> int:
    by_length: defaultdict[int, float] = defaultdict(float)
    for read in reads:
        by_length[len(read.text)] += _weight(read, near)
    return max(by_length, key=lambda length: (by_length[length], length))


def _character(peers: Sequence[Read], place: int, near: int) -> tuple[str, float]:
    """The character that wins one place, and how sure it is. A reading counts there as much as it is sure there: those
    who read another count as nought, but one that only guessed at another takes little away."""
    votes: defaultdict[str, float] = defaultdict(float)
    surety: defaultdict[str, float] = defaultdict(float)
    for read in peers:
        character, sure = read.text[place], max(read.candidate.confidences[place], _LEAST_SURE)
        votes[character] += _weight(read, near) * sure
        surety[character] += _weight(read, near) * sure**2
    winner = max(sorted(votes), key=lambda character: votes[character])
    return winner, surety[winner] / sum(votes.values())


def _others(text: str, reads: Sequence[Read], near: int) -> tuple[RunnerUp, ...]:
    by_text: defaultdict[str, float] = defaultdict(float)
    for read in reads:
        by_text[read.text] += _weight(read, near)
    total = sum(by_text.values())
    shares = sorted(((weight / total, other) for other, weight in by_text.items() if other != text), reverse=True)
    return tuple(RunnerUp(Plate(other), share) for share, other in shares[:MOST_OTHERS] if share >= _LEAST_SHARE)


def _sum(reads: Sequence[Read], near: int) -> float:
    return sum(_weight(read, near) for read in reads)


def _weight(read: Read, near: int) -> float:
    confidences = read.candidate.confidences
    surety = sum(confidences) / len(confidences)
    return max(min(1.0, read.width / near) ** 2 * surety**2, 1e-6)
