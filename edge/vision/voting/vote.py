"""The vote of one vehicle: what the frames that showed its plate agree on, and whether that is certain or likely."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from drivers.contract import PlateCandidate
from models.instants import Monotonic


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

    `span` is in microseconds: frames of one instant repeat one mistake.
    """

    agreeing: int = 3
    span: int = 200_000
    confidence: float = 0.8
    share: float = 0.5
    shortest: int = 3
    likely_agreeing: int = 2
    likely_confidence: float = 0.5


RULES = VoteRules()


@dataclass(frozen=True, slots=True)
class Verdict:
    """The vote so far. `confidences`: one a character; `agreeing`: how many near reads gave exactly this text.

    `likely`: good enough for a question to the driver, never for more.
    """

    text: str
    confidences: tuple[float, ...]
    agreeing: int
    best: PlateCandidate
    certain: bool
    likely: bool

    @property
    def weakest(self) -> float:
        return min(self.confidences)


def verdict(reads: Sequence[Read], near: int, rules: VoteRules = RULES) -> Verdict | None:
    """What `reads` (oldest first) say together; None when there are none.

    Each character is voted on by itself, among the reads that have the winning number of characters; a read
    weighs more the larger and surer it is. It is certain only when enough reads at least `near` pixels wide,
    spread over some time, give exactly the winning text, no character is doubtful, the other readings don't
    outweigh it and no longer text came after it: a plate that is only just coming into view reads short.
    It is likely when that holds of fewer reads with doubtful characters, each of them at least half sure.
    """
    if not reads:
        return None
    peers = [read for read in reads if len(read.text) == _winning_length(reads, near)]
    elected = [_character(peers, place, near) for place in range(len(peers[0].text))]
    text = "".join(character for character, _ in elected)
    same = [read for read in peers if read.text == text]
    weakest = min(confidence for _, confidence in elected)
    close = [read for read in same if read.width >= near]
    sound = _is_spread(close, rules) and not _grew(reads, same, rules)
    return Verdict(
        text=text,
        confidences=tuple(confidence for _, confidence in elected),
        agreeing=len(close),
        best=max(same or peers, key=lambda read: _weight(read, near) * read.width).candidate,
        certain=sound
        and len(close) >= rules.agreeing
        and weakest >= rules.confidence
        and _sum(same, near) >= rules.share * _sum(reads, near),
        likely=sound and len(close) >= rules.likely_agreeing and weakest >= rules.likely_confidence,
    )


def _is_spread(close: Sequence[Read], rules: VoteRules) -> bool:
    """Whether there is a text that near reads of several moments agree on, long enough for a plate."""
    return bool(close) and len(close[0].text) >= rules.shortest and close[-1].at - close[0].at >= rules.span


def _grew(reads: Sequence[Read], same: Sequence[Read], rules: VoteRules) -> bool:
    """Whether a longer text was surely read after the last of `same`."""
    later = [read for read in reads if same and read.at > same[-1].at]
    return any(len(read.text) > len(same[-1].text) and _is_sure(read, rules) for read in later)


def _is_sure(read: Read, rules: VoteRules) -> bool:
    return min(read.candidate.confidences) >= rules.confidence


def _winning_length(reads: Sequence[Read], near: int) -> int:
    by_length: defaultdict[int, float] = defaultdict(float)
    for read in reads:
        by_length[len(read.text)] += _weight(read, near)
    return max(by_length, key=lambda length: (by_length[length], length))


def _character(peers: Sequence[Read], place: int, near: int) -> tuple[str, float]:
    """The character that wins one place, and how sure it is: those who read another count as nought."""
    votes: defaultdict[str, float] = defaultdict(float)
    for read in peers:
        votes[read.text[place]] += _weight(read, near) * read.candidate.confidences[place]
    winner = max(sorted(votes), key=lambda character: votes[character])
    return winner, votes[winner] / sum(_weight(read, near) for read in peers)


def _sum(reads: Sequence[Read], near: int) -> float:
    return sum(_weight(read, near) for read in reads)


def _weight(read: Read, near: int) -> float:
    confidences = read.candidate.confidences
    surety = sum(confidences) / len(confidences)
    return max(min(1.0, read.width / near) ** 2 * surety**2, 1e-6)
