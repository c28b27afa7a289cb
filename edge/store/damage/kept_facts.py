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
class Kept:
    """What is left of a stream: runs of facts whose chain holds, in order, none of them empty.

    `first`: those from the first one that the cloud may lack; what lies before is with the cloud. `later`: behind
    places that couldn't be read. `whole`: nothing is missing of what the cloud lacks, up to the last fact that was
    ever committed. `lost`: how many facts are missing after `first`.
    """

    claim: Claim
    first: tuple[SentFact, ...]
    later: tuple[SentFact, ...]
    last_run: tuple[SentFact, ...]
    whole: bool
    lost: int

    @property
    def sound_to(self) -> int:
        return self.first[-1].seq if self.first else self.claim.acked


def kept(claim: Claim, mark: Mark | None, rows: Iterable[Row], lot: LotId) -> Kept:
    """`rows` are the facts as they could be read, their columns as in COLUMNS."""
    runs = list(_runs(rows, claim, lot))
    needed = next((run for run in runs if run[0].seq <= claim.acked + 1 <= run[-1].seq + 1), ())
    later = [fact for run in runs if run is not needed and run[0].seq > claim.acked for fact in run]
    seq, hash = _head(claim, mark)
    end = needed[-1] if needed else None
    reaches = (end.seq, end.hash) == (seq, hash) if end else claim.acked == seq
    last = runs[-1] if runs and (runs[-1][-1].seq, runs[-1][-1].hash) == (seq, hash) else ()
    missing = max(0, max(seq, later[-1].seq if later else 0) - (end.seq if end else claim.acked) - len(later))
    return Kept(claim, tuple(needed), tuple(later), tuple(last), reaches, missing)


def _head(claim: Claim, mark: Mark | None) -> tuple[int, str]:
    """The last fact that was ever committed, by the store's account and by the mark beside it."""
    if mark is not None and mark.stream_id == claim.stream_id and mark.seq >= claim.seq:
        return mark.seq, mark.hash
    return claim.seq, claim.hash


def _runs(rows: Iterable[Row], claim: Claim, lot: LotId) -> Iterator[list[SentFact]]:
    """Facts whose hash follows from the one before. After a gap the first one only serves to prove the next."""
    before: SentFact | None = None
    run: list[SentFact] = []
    for fact in _read(rows):
        follows = before is not None and before.seq + 1 == fact.seq
        previous = before.hash if before is not None and follows else GENESIS if fact.seq == 1 else None
        if previous is not None and _follows(fact, previous, claim, lot):
            run.append(fact)
        else:
            if run:
                yield run
            run = []
        before = fact
    if run:
        yield run


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
