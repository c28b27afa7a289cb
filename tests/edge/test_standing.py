"""However long two histories ran together, the lot finds the fact after which they part in a few questions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.broker import BrokerSettings
from edge.faults import FaultBoard
from edge.sync import standing as standing_rules
from edge.sync.connection import Connection
from edge.sync.reckoning import Reckoning
from edge.sync.standing import InLine, KeptApart, LookCloser, OpenNew, SendAgain, marks_for, meaning
from models.ids import LotId, StreamId
from models.wire.standing import MOST_MARKS, Answer, Standing
from tests.edge.clouds import ledger
from tests.edge.lots import a_level, a_lot

LOT, STREAM = LotId("lot"), StreamId("stream")


def an_answer(
    standing: Standing = Standing.CURRENT, seq: int = 0, agrees: int = 0, hash: str = "cloud's", anew: bool = False
) -> Answer:
    said = {"standing": standing, "seq": seq, "hash": hash, "agrees": agrees, "enrolled_anew": anew}
    return Answer.model_validate({"lot": LOT, "stream": "ledger", "stream_id": STREAM, "nonce": "n", **said})


def questions_until_the_parting(common: int, acked: int, head: int, cloud: int, oldest: int = 0) -> tuple[int, int]:
    """The fact after which the lot opens a new stream, and how many questions it took. Both have the first `common`."""
    marks: tuple[int, ...] = tuple(sorted({acked, head} - {0}))
    for question in range(1, 100):
        agrees = max((seq for seq in marks if seq <= common), default=0)
        means = meaning(an_answer(seq=cloud, agrees=agrees), None, acked, head, oldest, marks)
        if isinstance(means, OpenNew):
            return means.after, question
        assert isinstance(means, LookCloser)
        marks = tuple(seq for seq in marks_for(means, oldest) if 1 <= seq <= head and seq >= oldest)
        assert 0 < len(marks) <= MOST_MARKS
    raise AssertionError("it never found it")


@given(common=st.integers(0, 10**6), own=st.integers(1, 10**6), others=st.integers(1, 10**6), data=st.data())
def test_the_parting_is_found_to_the_fact(common: int, own: int, others: int, data: st.DataObject) -> None:
    head = common + own
    acked = data.draw(st.integers(0, head))
    after, questions = questions_until_the_parting(common, acked, head, common + others)
    assert after == common
    assert questions <= 5


@given(oldest=st.integers(1, 10**5), own=st.integers(1, 10**4))
def test_a_parting_among_what_the_lot_has_dropped_is_taken_from_the_beginning(oldest: int, own: int) -> None:
    head = oldest + own
    assert questions_until_the_parting(0, head, head, head + 1, oldest)[0] == 0


def test_without_the_ends_in_the_question_it_would_never_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: an answer has to stand by itself."""
    between = standing_rules._between
    monkeypatch.setattr(f"{__name__}.marks_for", lambda closer, at: between(closer.agreed, closer.differs, at))
    with pytest.raises(AssertionError, match="never"):
        questions_until_the_parting(1, 0, 2, 2)


@pytest.mark.parametrize(
    ("answer", "own_hash", "means"),
    [
        (an_answer(seq=10, hash="same"), "same", InLine()),
        (an_answer(seq=12, hash="same"), "same", InLine()),
        (an_answer(seq=4, hash="same"), "same", SendAgain(4)),
        (an_answer(seq=0, hash="same"), "same", SendAgain(0)),
        (an_answer(seq=3), None, OpenNew(0, "forked")),
        (an_answer(Standing.LEFT, seq=10, agrees=15, hash="same"), "same", OpenNew(15, "left")),
        (an_answer(Standing.LEFT, seq=10, agrees=15, hash="same", anew=True), "same", OpenNew(15, "enrolled")),
        (an_answer(Standing.LEFT, seq=12, agrees=15, anew=True), "same", OpenNew(15, "left")),
        (an_answer(Standing.RIVAL, seq=10, hash="same"), "same", KeptApart(outdated=False)),
        (an_answer(Standing.OUTDATED, seq=10, hash="same"), "same", KeptApart(outdated=True)),
    ],
)
def test_what_an_answer_means(answer: Answer, own_hash: str | None, means: object) -> None:
    """The lot stands at fact 15, was told of 10, and asked about each fact there is."""
    assert meaning(answer, own_hash, 10, 15, 0, tuple(range(1, 16))) == means


def test_what_cloud_and_lot_have_both_dropped_is_sent_from_where_the_lot_begins() -> None:
    assert meaning(an_answer(seq=3), None, 10, 15, 8, (10, 15)) == SendAgain(3)


async def test_a_closer_question_that_could_not_be_sent_is_asked_again_at_once(tmp_path: Path) -> None:
    """Nothing is sent while lot and cloud find out where they part."""
    lot = a_lot(tmp_path, (a_level(0, REGULAR=100),))
    for number in range(60):
        lot.enters(f"CAR{number}")
    head = ledger(lot.path)
    board = FaultBoard(lambda decision: None).reporter("link")
    deaf: Any = lambda *heard: None  # noqa: E731
    nowhere = Connection(BrokerSettings(host="127.0.0.1"), "lot", ("state", b""), deaf, deaf, deaf, deaf, board)
    reckoning = Reckoning("ledger", lot.id, 1, lot.store, nowhere, lot.clock, board)
    lot.clock.forward(hours=1)
    reckoning._questions.asked("nonce", head.stream_id, (1, head.seq), held=False)
    parted = Answer(
        lot=lot.id,
        stream="ledger",
        stream_id=head.stream_id,
        nonce="nonce",
        standing=Standing.CURRENT,
        seq=head.seq,
        hash="another",
        agrees=1,
    )
    assert isinstance(await reckoning.hear(parted), LookCloser)
    assert reckoning.held
    assert reckoning._questions.due()
