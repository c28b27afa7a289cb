"""Whatever a line does to windows and acknowledgements, each fact arrives once and in order, and the line isn't
flooded."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from edge.sync import cursor as rules
from edge.sync.cursor import WINDOWS_AHEAD, Cursor, after_sending, hear_ack, moved_back, resumed, rewound, still_next
from models.ids import StreamId
from models.wire.envelopes import Ack
from tests.edge.lossy import Line, a_line, chain_of, seqs
from tests.models.happenings import LOT, STREAM

PLACE = st.integers(0, 30)


class LossyLine(RuleBasedStateMachine):
    """Drops, repeats and overtakes windows and acknowledgements; restarts the lot; falls silent."""

    def __init__(self) -> None:
        super().__init__()
        self.line = Line()
        self.faults = 0

    @rule(count=st.integers(1, 12))
    def things_happen(self, count: int) -> None:
        self.line.edge.facts += count

    @rule()
    def pump(self) -> None:
        self.line.pump()

    @precondition(lambda self: self.line.up)
    @rule(place=PLACE)
    def a_window_arrives(self, place: int) -> None:
        self.line.arrive_up(self._place(place, len(self.line.up)))

    @precondition(lambda self: self.line.down)
    @rule(place=PLACE, marks=st.sampled_from([True, True, False]))
    def an_acknowledgement_arrives(self, place: int, marks: bool) -> None:
        self.line.arrive_down(self._place(place, len(self.line.down)), marks=marks)

    @precondition(lambda self: self.line.up)
    @rule(place=PLACE)
    def a_window_is_lost(self, place: int) -> None:
        self.line.up.pop(place % len(self.line.up))
        self.faults += 1

    @precondition(lambda self: self.line.up)
    @rule(place=PLACE)
    def a_window_is_repeated(self, place: int) -> None:
        self.line.up.append(self.line.up[place % len(self.line.up)])
        self.faults += 1

    @precondition(lambda self: self.line.down)
    @rule(place=PLACE)
    def an_acknowledgement_is_lost(self, place: int) -> None:
        self.line.down.pop(place % len(self.line.down))
        self.faults += 1

    @precondition(lambda self: self.line.down)
    @rule(place=PLACE)
    def an_acknowledgement_is_repeated(self, place: int) -> None:
        self.line.down.append(self.line.down[place % len(self.line.down)])
        self.faults += 1

    @rule()
    def the_line_falls_silent_or_is_new(self) -> None:
        self.line.edge.rewind()
        self.faults += 1

    @rule()
    def the_lot_restarts(self) -> None:
        self.line.edge.restart()
        self.faults += 1

    def _place(self, place: int, waiting: int) -> int:
        self.faults += place % waiting > 0
        return place % waiting

    @invariant()
    def facts_are_applied_once_and_in_order(self) -> None:
        applied = seqs(self.line.cloud.applied)
        assert applied == list(range(1, len(applied) + 1))

    @invariant()
    def nothing_counts_as_sent_that_is_not_applied(self) -> None:
        assert self.line.edge.marked <= self.line.edge.cursor.acked <= len(self.line.cloud.applied)

    @invariant()
    def only_so_many_windows_are_under_way(self) -> None:
        cursor = self.line.edge.cursor
        assert len(cursor.ends) <= WINDOWS_AHEAD
        assert cursor.acked <= cursor.sent <= cursor.highest <= self.line.edge.facts

    @invariant()
    def a_fault_costs_at_most_the_windows_under_way(self) -> None:
        assert self.line.edge.repeats <= WINDOWS_AHEAD * self.faults

    def teardown(self) -> None:
        assert self.line.settles()
        assert tuple(self.line.cloud.applied) == chain_of(self.line.edge.facts)
        assert self.line.edge.repeats <= WINDOWS_AHEAD * (self.faults + 2)


TestLossyLine = LossyLine.TestCase
TestLossyLine.settings = settings(max_examples=150, stateful_step_count=50, deadline=None)


def test_a_lost_window_is_asked_for_and_everything_arrives() -> None:
    line = a_line(20)
    line.pump()
    line.up.pop(1)
    assert line.settles(silences=0)
    assert line.edge.repeats <= WINDOWS_AHEAD


def test_without_the_rewind_a_lost_window_is_lost_for_good(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: the law above depends on it."""
    monkeypatch.setattr(rules, "rewound", lambda cursor: cursor)
    line = a_line(20)
    line.pump()
    line.up.pop(1)
    assert not line.settles(silences=20)
    assert len(line.cloud.applied) == 2


def test_a_lost_tail_comes_back_after_a_silence() -> None:
    line = a_line(6)
    line.pump()
    line.up.clear()
    assert not line.settles(silences=0)
    assert line.settles(silences=1)


def everything_comes_twice(line: Line) -> Line:
    """A line that broke and was made anew: paho sends what wasn't confirmed, and the lot its unacknowledged tail."""
    line.pump()
    line.edge.rewind()
    line.pump()
    return line


def test_repeating_what_had_arrived_does_not_beget_repetitions() -> None:
    line = everything_comes_twice(a_line(800))
    assert line.settles(silences=0)
    assert line.edge.repeats == WINDOWS_AHEAD


def test_without_knowing_its_own_repetitions_a_lot_would_repeat_its_whole_backlog(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The control for `repeats_to`."""
    rewound = rules.rewound
    monkeypatch.setattr(rules, "rewound", lambda cursor: replace(rewound(cursor), repeats_to=0))
    line = everything_comes_twice(a_line(800))
    line.settles(silences=0)
    assert line.edge.repeats > 400, "more than one repetition for each window of the backlog"


def test_a_lot_that_restarts_with_a_backlog_that_the_cloud_has_sends_one_round_of_it() -> None:
    """The acknowledgements were never marked: the store was full, or a week-old number came back with the card."""
    line = a_line(800)
    assert line.settles()
    line.edge.marked = 0
    line.edge.facts += 10
    line.edge.restart()
    repeats = line.edge.repeats
    assert line.settles(silences=0)
    assert line.edge.repeats - repeats == WINDOWS_AHEAD
    assert line.edge.marked == 810


def test_a_cloud_restored_from_yesterdays_backup_is_not_believed_backwards() -> None:
    line = a_line(40)
    assert line.settles()
    del line.cloud.applied[10:]
    line.edge.facts += 2
    line.pump()
    line.arrive_up()
    assert line.edge.hear(line.down.pop()) == "behind"
    assert line.edge.marked == 40


SENT = Cursor(STREAM, acked=4, sent=10, highest=10, ends=(6, 8, 10))


def an_ack(seq: int, *, hash: str | None = None, stream_id: StreamId = STREAM) -> Ack:
    own = chain_of(20)[seq - 1].hash
    return Ack(lot=LOT, stream="ledger", stream_id=stream_id, seq=seq, hash=hash or own)


@pytest.mark.parametrize(
    ("ack", "own", "verdict"),
    [
        (an_ack(8), True, "advanced"),
        (an_ack(8, hash="f" * 64), True, "forked"),
        (an_ack(8, stream_id=StreamId("another")), True, "foreign"),
        (an_ack(12), True, "beyond"),
        (an_ack(8), False, "beyond"),
        (an_ack(2), True, "behind"),
        (an_ack(4), True, "replay"),
    ],
)
def test_an_acknowledgement_is_believed_only_for_facts_that_were_sent(ack: Ack, own: bool, verdict: str) -> None:
    heard = hear_ack(SENT, ack, chain_of(20)[ack.seq - 1].hash if own else None)
    assert heard.verdict == verdict
    assert heard.cursor.acked == (8 if verdict == "advanced" else 4)
    if verdict in ("forked", "foreign", "beyond", "behind"):
        assert heard.cursor == SENT, "what isn't believed changes nothing"


def test_an_acknowledgement_in_the_middle_of_a_window_is_believed_for_what_it_says() -> None:
    heard = hear_ack(SENT, an_ack(7), chain_of(20)[6].hash)
    assert (heard.cursor.acked, heard.cursor.sent, heard.cursor.ends) == (7, 10, (8, 10))


def test_the_first_window_after_a_quiet_restart_may_be_lost_and_is_asked_for() -> None:
    cursor = resumed(STREAM, 4, 4)
    for last in (6, 8):
        cursor = rules.after_sending(cursor, last)
    assert hear_ack(cursor, an_ack(4), chain_of(20)[3].hash).verdict == "replay"


def test_an_acknowledgement_meanwhile_doesnt_undo_a_window_that_was_filled_and_all_else_does() -> None:
    filled = after_sending(after_sending(resumed(STREAM, 0, 0), 10), 20)
    heard = hear_ack(filled, Ack(lot=LOT, stream="ledger", stream_id=STREAM, seq=10, hash="h"), "h")
    assert heard.verdict == "advanced"
    assert still_next(filled, heard.cursor)
    beyond = replace(filled, acked=25, sent=25)
    others = rewound(filled), moved_back(filled, 20, "s"), beyond, after_sending(filled, 30)
    assert not any(still_next(filled, now) for now in (*others, replace(filled, stream_id=StreamId("another"))))
    full = replace(filled, ends=tuple(range(WINDOWS_AHEAD)))
    assert not still_next(filled, full)
