"""Which facts of a damaged journal can be believed, and how its stream goes on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from edge.store import journal
from edge.store.damage.headmark import Mark
from edge.store.damage.salvage import Row
from models.facts.base import Stream
from models.ids import LotId, StreamId
from models.wire.chain import GENESIS
from models.wire.envelopes import SentFact

COLUMNS = tuple(journal.COLUMNS.split(", "))

FACTS = f"SELECT {journal.COLUMNS} FROM journal WHERE stream_id = ? AND seq > ? ORDER BY seq"
"""The question for `salvage.Reader.by_number`."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What a damaged store says of one of its streams, as far as it can be read."""

    stream: Stream
    stream_id: StreamId
    seq: int
    hash: str
    acked: int


@dataclass(frozen=True, slots=True)
class Point:
    """A fact that is known by its number and hash, and needn't be there."""

    seq: int
    hash: str


BEGINNING = Point(0, GENESIS)


@dataclass(frozen=True, slots=True)
class Kept:
    """What is left of a stream: runs of facts whose chain holds, in order, none of them empty.

    `first`: those from the first one that the cloud may lack; what lies before is with the cloud. `later`: behind
    places that couldn't be read. `whole`: nothing is missing of what the cloud lacks, up to the last fact that was
    ever committed. `lost`: how many facts are missing after `first`. `before`: what `first` follows, or, where nothing
    is kept of a stream that goes on, what its next fact is going to follow. `gone`: of what the cloud has, some facts
    that retention hadn't taken away can't be read any more.
    """

    claim: Claim
    before: Point
    first: tuple[SentFact, ...]
    later: tuple[SentFact, ...]
    last_run: tuple[SentFact, ...]
    whole: bool
    lost: int
    gone: bool

    @property
    def sound_to(self) -> int:
        return self.first[-1].seq if self.first else self.claim.acked


@dataclass(frozen=True, slots=True)
class _Run:
    """Facts of which each follows from the one before, and the first one from `before`."""

    before: Point
    facts: tuple[SentFact, ...]

    @property
    def end(self) -> Point:
        return Point(self.facts[-1].seq, self.facts[-1].hash)

    def has_next_of(self, seq: int) -> bool:
        """It is what the cloud lacks that has the facts up to `seq`, or ends where that begins."""
        return self.before.seq <= seq <= self.end.seq


def kept(claim: Claim, mark: Mark | None, rows: Iterable[Row], lot: LotId, dropped: Point = BEGINNING) -> Kept:
    """`rows` are the facts as they could be read, their columns as in COLUMNS; `dropped` is the last fact that
    retention took away, as far as that can be read."""
    runs = list(_runs(rows, claim, lot, dropped))
    needed = next((run for run in runs if run.has_next_of(claim.acked)), None)
    later = [fact for run in runs if run is not needed and run.before.seq >= claim.acked for fact in run.facts]
    head = _head(claim, mark)
    before = needed.before if needed else head
    whole = needed.end == head if needed else claim.acked == head.seq
    missing = max(head.seq, later[-1].seq if later else 0) - (needed.end.seq if needed else claim.acked) - len(later)
    return Kept(
        claim=claim,
        before=before,
        first=needed.facts if needed else (),
        later=tuple(later),
        last_run=runs[-1].facts if runs and runs[-1].end == head else (),
        whole=whole,
        lost=max(0, missing),
        gone=(whole or needed is not None) and before.seq > dropped.seq,
    )


def _head(claim: Claim, mark: Mark | None) -> Point:
    """The last fact that was ever committed, by the store's account and by the mark beside it."""
    if mark is not None and mark.stream_id == claim.stream_id and mark.seq >= claim.seq:
        return Point(mark.seq, mark.hash)
    return Point(claim.seq, claim.hash)


def _runs(rows: Iterable[Row], claim: Claim, lot: LotId, dropped: Point) -> Iterator[_Run]:
    """After a gap the first fact only serves to prove the next."""
    known = {dropped.seq: dropped, BEGINNING.seq: BEGINNING}
    last: Point | None = None
    begins, run = BEGINNING, list[SentFact]()
    for fact in _read(rows):
        before = last if last is not None and last.seq + 1 == fact.seq else known.get(fact.seq - 1)
        if before is not None and _follows(fact, before.hash, claim, lot):
            begins = begins if run else before
            run.append(fact)
        elif run:
            yield _Run(begins, tuple(run))
            run = []
        last = Point(fact.seq, fact.hash)
    if run:
        yield _Run(begins, tuple(run))


def _follows(fact: SentFact, previous: str, claim: Claim, lot: LotId) -> bool:
    try:
        return fact.follows(previous, lot, claim.stream, claim.stream_id)
    except UnicodeEncodeError:
        return False  # a text that was damaged, and is none any more


def _read(rows: Iterable[Row]) -> Iterator[SentFact]:
    for row in rows:
        try:
            yield journal.sent_fact(row)
        except (ValueError, TypeError):
            continue
