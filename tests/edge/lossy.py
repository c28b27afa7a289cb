"""A lot, a cloud and a line between them that loses, repeats and overtakes: all of it pure, all of it by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from cloud.ingest.window import Apply, Duplicate, Gap, judge, overlap
from cloud.ingest.window import Cursor as CloudCursor
from edge.sync import cursor as rules
from models.facts import DaemonStarted
from models.facts.base import Stream
from models.ids import LotId, StreamId
from models.instants import Instant, Monotonic, Reading
from models.wire.chain import GENESIS
from models.wire.envelopes import Ack, SentFact, Window
from models.wire.standing import Answer, Ask, Standing
from tests.models.happenings import LOT, STREAM, sent

FACTS_IN_A_WINDOW = 2
FLOOD = 1000
"""More windows than any test has need of: a line that still carries some after that many is flooded."""


_CHAIN: list[SentFact] = []


def chain_of(length: int, after: int = 0) -> tuple[SentFact, ...]:
    """The facts from `after` to `length` of the one journal that all these lots write."""
    while len(_CHAIN) < length:
        seq, previous = len(_CHAIN) + 1, _CHAIN[-1].hash if _CHAIN else GENESIS
        at = Reading("boot", Monotonic(seq), Instant(seq), True)
        _CHAIN.append(sent(DaemonStarted(release=str(seq), at=Instant(seq)), at, seq, previous))
    return tuple(_CHAIN[after:length])


@dataclass
class Cloud:
    """The cloud's own rule (`cloud.ingest.window`), over a list instead of a database."""

    lot: LotId = LOT
    stream_id: StreamId = STREAM
    applied: list[SentFact] = field(default_factory=list)
    stream: Stream = "ledger"
    lacking: int = 0

    def take(self, window: Window) -> Ack:
        cursor = CloudCursor(self.stream, self.seq, self.hash)
        shared = overlap(cursor, window)
        held = next((fact.hash for fact in self.applied if fact.seq == shared), None)
        verdict = judge(cursor, window, held)
        assert isinstance(verdict, Apply | Duplicate | Gap), verdict
        if isinstance(verdict, Apply):
            self.applied += verdict.facts
            self.lacking += verdict.lacking
        return self.ack().model_copy(update={"session": window.session})

    def answer(self, ask: Ask) -> Answer:
        hashes = {fact.seq: fact.hash for fact in self.applied}
        return Answer(
            lot=self.lot,
            stream="ledger",
            stream_id=ask.stream_id,
            nonce=ask.nonce,
            standing=Standing.CURRENT,
            seq=len(self.applied),
            hash=self.hash,
            agrees=max((mark.seq for mark in ask.marks if hashes.get(mark.seq) == mark.hash), default=0),
        )

    @property
    def seq(self) -> int:
        return self.applied[-1].seq if self.applied else 0

    @property
    def hash(self) -> str:
        return self.applied[-1].hash if self.applied else GENESIS

    def ack(self) -> Ack:
        return Ack(lot=self.lot, stream=self.stream, stream_id=self.stream_id, seq=self.seq, hash=self.hash)


@dataclass
class Edge:
    """What `edge.sync.link` does with its cursor, without a broker and without a clock."""

    facts: int = 0
    marked: int = 0
    published: int = 0
    repeats: int = 0
    cursor: rules.Cursor = field(default_factory=lambda: rules.resumed(STREAM, 0, 0))

    def send(self) -> Window | None:
        """The next window, when one may go."""
        after = self.cursor.sent
        facts = chain_of(min(self.facts, after + FACTS_IN_A_WINDOW), after)
        if not facts or not self.cursor.may_send:
            return None
        self.cursor = rules.after_sending(self.cursor, facts[-1].seq)
        self.repeats += facts[-1].seq <= self.published
        self.published = max(self.published, facts[-1].seq)
        return Window(lot=LOT, stream="ledger", stream_id=STREAM, previous=self._hash(after) or "", facts=facts)

    def hear(self, ack: Ack, *, marks: bool = True) -> str:
        heard = rules.hear_ack(self.cursor, ack, self._hash(ack.seq))
        self.cursor = heard.cursor
        if heard.verdict == "advanced" and marks:
            self.marked = ack.seq
        return heard.verdict

    def rewind(self) -> None:
        """The link is new, or has been silent for too long."""
        self.cursor = rules.rewound(self.cursor)

    def restart(self) -> None:
        self.cursor = rules.resumed(STREAM, self.marked, self.facts)

    @property
    def waits(self) -> bool:
        return self.cursor.sent > self.cursor.acked

    def _hash(self, seq: int) -> str | None:
        if seq > self.facts:
            return None
        return chain_of(seq, seq - 1)[0].hash if seq else GENESIS


@dataclass
class Line:
    """Both ends and what is under way between them."""

    edge: Edge = field(default_factory=Edge)
    cloud: Cloud = field(default_factory=Cloud)
    up: list[Window] = field(default_factory=list)
    down: list[Ack] = field(default_factory=list)

    def pump(self) -> None:
        while window := self.edge.send():
            self.up.append(window)

    def arrive_up(self, place: int = 0) -> None:
        self.down.append(self.cloud.take(self.up.pop(place)))

    def arrive_down(self, place: int = 0, *, marks: bool = True) -> None:
        self.edge.hear(self.down.pop(place), marks=marks)

    def settles(self, silences: int = 2) -> bool:
        """Whether everything has arrived once the line is sound again, with at most so many silences."""
        while True:
            self._run_dry()
            if not self.edge.waits:
                return self.edge.cursor.acked == self.edge.facts
            if silences == 0:
                return False
            silences -= 1
            self.edge.rewind()

    def _run_dry(self) -> None:
        self.pump()
        for _ in range(FLOOD):
            if not self.up and not self.down:
                return
            if self.up:
                self.arrive_up()
            if self.down:
                self.arrive_down()
            self.pump()


def a_line(facts: int) -> Line:
    return Line(Edge(facts=facts))


def seqs(facts: Sequence[SentFact]) -> list[int]:
    return [fact.seq for fact in facts]
