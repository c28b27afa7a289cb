"""Which facts a lot doesn't know that goes on in a new stream: worked out from what each stream went on from."""

from __future__ import annotations

from cloud.ingest.lineage import Branch, Span, goes_on_from_its_end, lost
from models.ids import StreamId

A, B, C, D = (StreamId(name) for name in "ABCD")


def a_branch(
    stream: StreamId, seq: int, parent: StreamId | None = None, parent_seq: int = 0, *, current: bool = False
) -> Branch:
    return Branch(stream, seq, "hash", current, 1, parent, parent_seq)


def test_a_card_of_last_week_lost_what_came_after_it() -> None:
    assert lost([a_branch(A, 100)], A, A, 60) == (Span(A, 60, 100),)


def test_a_lot_that_knows_everything_lost_nothing() -> None:
    assert lost([a_branch(A, 100)], A, A, 100) == ()


def test_restored_twice_it_lost_what_the_first_restored_card_wrote_and_nothing_is_counted_twice() -> None:
    streams = [a_branch(B, 20, A, 60, current=True), a_branch(A, 100)]
    assert lost(streams, B, A, 60) == (Span(B, 0, 20),)
    assert lost(streams, B, A, 40) == (Span(B, 0, 20), Span(A, 40, 60))


def test_a_first_card_that_is_put_back_lost_only_what_the_other_wrote() -> None:
    streams = [a_branch(B, 20, A, 60, current=True), a_branch(A, 100)]
    assert lost(streams, B, A, 100) == (Span(B, 0, 20),)


def test_an_empty_store_lost_everything_in_the_line() -> None:
    streams = [a_branch(B, 20, A, 60, current=True), a_branch(A, 100)]
    assert lost(streams, B, StreamId(""), 0) == (Span(B, 0, 20), Span(A, 0, 60))


def test_two_branches_meet_where_they_parted() -> None:
    streams = [a_branch(C, 5, B, 20, current=True), a_branch(B, 20, A, 60), a_branch(D, 9, A, 80), a_branch(A, 100)]
    assert lost(streams, C, D, 9) == (Span(C, 0, 5), Span(B, 0, 20))


def test_a_line_that_bites_its_tail_ends() -> None:
    streams = [a_branch(A, 5, B, 5), a_branch(B, 5, A, 5, current=True)]
    assert lost(streams, B, D, 1) == (Span(B, 0, 5), Span(A, 0, 5))


def test_who_goes_on_from_the_end_of_a_stream_is_no_rival() -> None:
    parted = [a_branch(B, 20, A, 60, current=True), a_branch(A, 100)]
    whole = [a_branch(B, 20, A, 100, current=True), a_branch(A, 100)]
    assert not goes_on_from_its_end(parted, A)
    assert goes_on_from_its_end(whole, A)
    assert goes_on_from_its_end([a_branch(A, 100)], A), "nobody has gone on"
