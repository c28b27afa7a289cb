"""What the cloud's answer about a stream means for the lot: go on, send again, look closer, open a new stream. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from models.wire.standing import MOST_MARKS, Answer, Standing

ENROLLED = "enrolled"


@dataclass(frozen=True, slots=True)
class InLine:
    """What the cloud has is ours, and no less than it said before."""


@dataclass(frozen=True, slots=True)
class SendAgain:
    """The cloud has lost what follows fact `after`: it was restored from a copy."""

    after: int


@dataclass(frozen=True, slots=True)
class LookCloser:
    """Somewhere after fact `agreed` and before `differs` the two histories part."""

    agreed: int
    differs: int


@dataclass(frozen=True, slots=True)
class OpenNew:
    """The histories part after fact `after`, or the stream may not be gone on with. `why`: forked, left, outdated,
    or enrolled: then there is no other history, but a new enrolment of the same lot."""

    after: int
    why: str


@dataclass(frozen=True, slots=True)
class KeptApart:
    """Another computer is this lot to the cloud. What is sent is kept there, and isn't believed."""

    outdated: bool


Meaning = InLine | SendAgain | LookCloser | OpenNew | KeptApart


def meaning(answer: Answer, own_hash: str | None, acked: int, head: int, oldest: int, asked: Sequence[int]) -> Meaning:
    """`own_hash`: this lot's hash of fact `answer.seq`, None when it has no such fact. `oldest`: the number before the
    first fact that the lot still has. `asked`: the numbers of the marks that were sent, in order."""
    same = own_hash is not None and own_hash == answer.hash
    match answer.standing:
        case Standing.OUTDATED | Standing.RIVAL if same:
            return KeptApart(outdated=answer.standing is Standing.OUTDATED)
        case Standing.CURRENT if same:
            return InLine() if answer.seq >= acked else SendAgain(answer.seq)
        case Standing.CURRENT if own_hash is None and answer.seq < oldest:
            return SendAgain(answer.seq)  # of what the cloud lost, the lot has dropped a part itself
        case Standing.CURRENT:
            why = "forked"
        case Standing.LEFT if same and answer.enrolled_anew:
            why = ENROLLED
        case Standing.LEFT | Standing.RIVAL:
            why = "left"
        case Standing.OUTDATED:
            why = "outdated"  # what only this card has is worth keeping, though it isn't believed
    return _parting(answer.agrees, head, oldest, asked) or OpenNew(answer.agrees, why)


def _parting(agreed: int, head: int, oldest: int, asked: Sequence[int]) -> LookCloser | None:
    """Where to look next; None when the parting is known to the fact."""
    differs = min((seq for seq in asked if seq > agreed), default=head + 1)
    return LookCloser(agreed, differs) if _between(agreed, differs, oldest) else None


def marks_for(closer: LookCloser, oldest: int) -> tuple[int, ...]:
    """What to ask about to look closer: the two ends again, so that an answer stands by itself, and some between."""
    return tuple(sorted({closer.agreed, closer.differs, *_between(closer.agreed, closer.differs, oldest)}))


def _between(agreed: int, differs: int, oldest: int) -> tuple[int, ...]:
    """Numbers between the two, evenly spread and no more than go into one question; none that the lot has dropped."""
    first, last, most = max(agreed + 1, oldest, 1), differs - 1, MOST_MARKS - 2
    count = last - first + 1
    if count <= most:
        return tuple(range(first, last + 1))
    return tuple(sorted({first + n * (count - 1) // (most - 1) for n in range(most)}))
