"""Whatever a line loses, repeats and overtakes, a lot comes to hold exactly what its cloud has issued.

The cloud's and the lot's own rules over a line that is played by hand; the lot's tables are real.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from cloud.intents.hearing import Known, judge_taken
from cloud.intents.sending import Deltas, Snapshot, Towards, due, runnable, without_gap
from edge.store import Store, Transaction, inbox
from models.instants import SECOND, Instant
from models.intents import Intent
from models.wire import following
from models.wire.following import Gap
from models.wire.intents import START, Intents, SnapshotPart, Taken
from models.wire.snapshots import Gathered, with_part
from tests.edge.lots import LOT, NOON, HandClock
from tests.intents import Issued, a_permit, a_reservation, a_tariff, a_word, revoked

PLACE = st.integers(0, 30)
FOLDER = tempfile.TemporaryDirectory(prefix="parkgate-intents-")
AFTER_A_SILENCE = 400 * SECOND
TOO_MANY = 400


@cache
def store() -> Store:
    """One for all examples: to make one takes longer than an example does."""
    return Store(Path(FOLDER.name) / "lot.sqlite", LOT, HandClock(), synchronous="OFF")


@dataclass
class Lot:
    """What `edge.sync.downlink` does, without a broker."""

    gathered: Gathered = field(default_factory=Gathered)
    wants: str = "nothing"
    dialects: tuple[int, ...] = (1,)

    def forgets_everything(self) -> None:
        """A new card: the lot begins at nothing."""

        def empty(tx: Transaction) -> None:
            for table in ("intents", "permits", "tariffs", "reservations", "journal", "streams"):
                tx.connection.execute(f"DELETE FROM {table}")
            tx.connection.execute("UPDATE intents_taken SET revision = 0, hash = ?", (START.hash,))

        store().write_now(empty)
        self.gathered, self.wants = Gathered(), "nothing"

    def hears(self, message: Intents | SnapshotPart) -> Taken | None:
        if isinstance(message, Intents):
            verdict = store().write_now(lambda tx: inbox.take(tx, message))
            self.wants = "deltas" if isinstance(verdict, Gap) else "nothing"
            return self.says()
        self.gathered = with_part(self.gathered, message)
        parts = self.gathered.whole
        if parts is None:
            return None
        self.gathered = Gathered()
        store().write_now(lambda tx: inbox.take_snapshot(tx, inbox.checked(tx.lot, parts)))
        return self.says()

    def says(self, *, hello: bool = False) -> Taken:
        def now(tx: Transaction) -> Taken:
            connection = tx.connection
            waiting = inbox.waiting(connection)
            return a_word(
                LOT,
                inbox.place(connection),
                checksum=inbox.checksum_of_all(connection, LOT),
                withheld=waiting.withheld,
                parked=waiting.parked,
                wants=self.wants,
                dialects=self.dialects,
                hello=hello,
            )

        return store().write_now(now)


@dataclass
class Cloud:
    """What `cloud.intents.publisher` does, over a list instead of a database. `kept_from`: older ones are forgotten."""

    issued: Issued = field(default_factory=Issued)
    towards: Towards = field(default_factory=lambda: Towards(0, START.hash, 0, 0, Instant(0), 0, False, False, None))
    now: Instant = NOON
    kept_from: int = 1
    cases: list[str] = field(default_factory=list)

    def issues(self, intent: Intent) -> None:
        self.issued.says(intent)
        place = self.issued.place
        self.towards = replace(self.towards, revision=place.revision, hash=place.hash)

    def hears(self, taken: Taken) -> None:
        judged = judge_taken(self.towards, taken, self._known(taken), self.now)
        self.towards = judged.lot
        if judged.kind in ("ahead", "forked") or judged.differs:
            self.cases.append(judged.kind)

    def sends(self) -> list[Intents | SnapshotPart]:
        self.now = Instant(self.now + SECOND // 100)
        what = due(self.towards, self.now)
        if what is None:
            return []
        messages = self._deltas(what) if isinstance(what, Deltas) else []
        messages = messages or list(self.issued.snapshot(each=2, said=self.towards.said))
        ends = [message.intents[-1].revision for message in messages if isinstance(message, Intents)]
        sent = max(ends, default=self.towards.revision)
        self.towards = replace(self.towards, sent=sent, sent_at=self.now, tries=self.towards.tries + 1)
        return messages

    def _deltas(self, what: Deltas) -> list[Intents | SnapshotPart]:
        if what.after + 1 < self.kept_from:
            return []
        found = without_gap(what.after, self.issued.log[what.after :])
        return [self.issued.deltas(sent.revision - 1, sent.revision, said=self.towards.said) for sent in found]

    def _known(self, taken: Taken) -> Known:
        kept = taken.revision == 0 or self.kept_from <= taken.revision <= len(self.issued.log)
        at_head = taken.revision == self.towards.revision
        held = [self.issued.log[revision - 1] for revision in taken.withheld]
        return Known(
            self.issued.hashes[taken.revision] if kept or at_head else None,
            self.issued.checksum if at_head else None,
            any(runnable(sent, taken) for sent in held),
        )


@dataclass
class Line:
    cloud: Cloud = field(default_factory=Cloud)
    lot: Lot = field(default_factory=Lot)
    down: list[Intents | SnapshotPart] = field(default_factory=list)
    up: list[Taken] = field(default_factory=list)

    def pump(self) -> None:
        self.down += self.cloud.sends()

    def arrives_down(self, place: int = 0) -> None:
        answer = self.lot.hears(self.down.pop(place))
        if answer is not None:
            self.up.append(answer)

    def arrives_up(self, place: int = 0) -> None:
        self.cloud.hears(self.up.pop(place))

    def silence(self) -> None:
        self.cloud.now = Instant(self.cloud.now + AFTER_A_SILENCE)

    def settles(self) -> bool:
        """Whether the lot holds what the cloud issued, once the line is sound again and the lot has said hello."""
        self.down.clear()
        self.up = [self.lot.says(hello=True)]
        self.silence()
        for _ in range(TOO_MANY):
            self.pump()
            if self.up:
                self.arrives_up()
            elif self.down:
                self.arrives_down()
            elif self.equal:
                return True
            else:
                self.silence()
        return False

    @property
    def equal(self) -> bool:
        said = self.lot.says()
        return said.place == self.cloud.issued.place and said.checksum == self.cloud.issued.checksum


def in_force(tx: Transaction) -> tuple[set[str], set[str]]:
    permits = {f"permit:{row['id']}" for row in tx.connection.execute("SELECT id FROM permits")}
    return permits, {f"tariff:{row['id']}" for row in tx.connection.execute("SELECT id FROM tariffs")}


INTENTS = [
    *(a_permit(f"p{n}", f"AB{n}") for n in range(4)),
    *(revoked(f"p{n}") for n in range(4)),
    a_tariff("t1"),
    a_tariff("t2", dialect=3),
    a_reservation(),
]


class LossyLine(RuleBasedStateMachine):
    """Drops, repeats and overtakes messages both ways; forgets old intents; exchanges the lot's card."""

    def __init__(self) -> None:
        super().__init__()
        self.line, self.had = Line(), 0
        self.line.lot.forgets_everything()

    @rule(which=st.lists(st.sampled_from(INTENTS), min_size=1, max_size=5))
    def something_is_issued(self, which: list[Intent]) -> None:
        for intent in which:
            self.line.cloud.issues(intent)

    @rule()
    def pump(self) -> None:
        self.line.pump()

    @rule()
    def the_link_comes_up(self) -> None:
        self.line.up.append(self.line.lot.says(hello=True))

    @precondition(lambda self: self.line.down)
    @rule(place=PLACE)
    def a_message_arrives(self, place: int) -> None:
        self.line.arrives_down(place % len(self.line.down))

    @precondition(lambda self: self.line.up)
    @rule(place=PLACE)
    def a_word_arrives(self, place: int) -> None:
        self.line.arrives_up(place % len(self.line.up))

    @precondition(lambda self: self.line.down)
    @rule(place=PLACE)
    def a_message_is_lost(self, place: int) -> None:
        self.line.down.pop(place % len(self.line.down))

    @precondition(lambda self: self.line.down)
    @rule(place=PLACE)
    def a_message_is_repeated(self, place: int) -> None:
        self.line.down.append(self.line.down[place % len(self.line.down)])

    @precondition(lambda self: self.line.up)
    @rule(place=PLACE)
    def a_word_is_lost(self, place: int) -> None:
        self.line.up.pop(place % len(self.line.up))

    @precondition(lambda self: self.line.up)
    @rule(place=PLACE)
    def a_word_is_repeated(self, place: int) -> None:
        self.line.up.append(self.line.up[place % len(self.line.up)])

    @rule()
    def it_is_silent_for_long(self) -> None:
        self.line.silence()

    @rule()
    def the_lot_gets_a_new_card(self) -> None:
        self.line.lot.forgets_everything()
        self.had = 0

    @rule(dialects=st.sampled_from([(1,), (1, 2, 3)]))
    def the_lot_gets_another_release(self, dialects: tuple[int, ...]) -> None:
        self.line.lot.dialects = dialects

    @rule()
    def the_cloud_forgets_old_intents(self) -> None:
        self.line.cloud.kept_from = len(self.line.cloud.issued.log) + 1

    @rule()
    def the_line_is_sound_for_a_while(self) -> None:
        self.line.up.append(self.line.lot.says(hello=True))
        self.line.silence()
        for _ in range(12):
            self.line.pump()
            if self.line.up:
                self.line.arrives_up()
            if self.line.down:
                self.line.arrives_down()

    @invariant()
    def what_the_lot_has_never_becomes_older(self) -> None:
        now = self.line.lot.says().revision
        assert now >= self.had
        self.had = now

    @invariant()
    def the_lot_acts_by_what_stands(self) -> None:
        said = self.line.lot.says()
        log = self.line.cloud.issued
        stands = {sent.subject for sent in Issued(log.lot, log.log[: said.revision]).standing}
        permits, tariffs = store().write_now(in_force)
        assert permits == {subject for subject in stands if subject.startswith("permit")}
        assert tariffs == stands & {"tariff:t1"}

    @invariant()
    def what_stands_is_what_was_issued_up_to_there(self) -> None:
        said = self.line.lot.says()
        log = self.line.cloud.issued
        then = Issued(log.lot, log.log[: said.revision], log.hashes[: said.revision + 1])
        assert said.hash == then.place.hash
        assert said.checksum == then.checksum

    @invariant()
    def no_case_is_made_of_a_bad_line(self) -> None:
        assert self.line.cloud.cases == []

    def teardown(self) -> None:
        assert self.line.settles()
        assert not self.line.lot.says().withheld or self.line.lot.dialects == (1,)


TestLossyLine = LossyLine.TestCase
TestLossyLine.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)


def a_line(count: int) -> Line:
    line = Line()
    line.lot.forgets_everything()
    line.cloud.issues(a_permit())
    assert line.settles()
    for n in range(count):
        line.cloud.issues(a_permit(f"p{n}", f"AB{n}"))
    return line


def test_a_lost_message_is_asked_for_and_everything_arrives() -> None:
    line = a_line(6)
    line.pump()
    line.down.pop(1)
    assert line.settles()


def test_without_the_gap_a_lost_message_would_be_lost_for_good(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: a lot that takes whatever lies beyond a gap never holds what was issued."""

    def careless(own: object, message: Intents) -> object:
        last = message.intents[-1] if message.intents else None
        if last is None:
            return following.Nothing()
        place = following.Place(last.revision, line.cloud.issued.hashes[last.revision])
        return following.Follows(message.intents, place)

    line = a_line(6)
    monkeypatch.setattr(inbox, "judge", careless)
    line.pump()
    line.down.pop(1)
    while line.down:
        line.arrives_down()
    assert line.lot.says().place == line.cloud.issued.place
    assert not line.equal


def test_a_lot_that_is_damaged_is_seen_and_made_whole() -> None:
    line = a_line(3)
    assert line.settles()
    store().write_now(lambda tx: tx.connection.execute("DELETE FROM intents WHERE subject = 'permit:p1'"))
    assert not line.equal
    assert line.settles()
    assert line.cloud.cases == ["agrees"], "and a person is told"


def test_a_lot_that_knows_more_than_its_cloud_is_sent_nothing_until_a_person_has_looked() -> None:
    line = a_line(3)
    assert line.settles()
    line.cloud = Cloud()
    line.cloud.issues(a_permit())
    before = line.lot.says()
    assert not line.settles()
    assert line.cloud.cases[0] == "ahead"
    assert line.lot.says() == before


def test_due_says_nothing_to_a_lot_that_has_not_said_what_it_understands() -> None:
    cloud = Cloud()
    cloud.issues(a_permit())
    assert due(cloud.towards, cloud.now) is None
    cloud.hears(a_word())
    assert due(cloud.towards, cloud.now) == Snapshot()


def test_a_lot_that_is_upgraded_gets_the_tariff_that_was_kept_from_it() -> None:
    line = a_line(1)
    line.cloud.issues(a_tariff("t2", dialect=3))
    assert line.settles()
    assert line.lot.says().withheld == (3,)
    line.lot.dialects = (1, 2, 3)
    assert line.settles()
    said = line.lot.says()
    assert said.withheld == ()
    assert [each.revision for each in said.parked] == [3], "this release's engine doesn't run it after all"


def test_a_snapshot_that_comes_late_does_not_bring_the_past_back() -> None:
    line = Line()
    line.lot.forgets_everything()
    line.cloud.issues(a_permit())
    line.up.append(line.lot.says(hello=True))
    line.arrives_up()
    line.pump()
    late = list(line.down)
    line.cloud.issues(revoked())
    assert line.settles()
    line.down = late
    while line.down:
        line.arrives_down()
    assert line.equal
