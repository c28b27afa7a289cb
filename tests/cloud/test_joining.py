"""Windows that follow one another are applied as one; whatever else they do is judged as before."""

from __future__ import annotations

from cloud.ingest.joining import joined
from models.ids import LotId
from tests.cloud.lots import Lot, an_id


def a_lot() -> Lot:
    lot = Lot(LotId(an_id())).opens_for_business()
    for number in range(4):
        lot.lets_in(f"AB{number}CDE")
    return lot


def test_windows_that_follow_one_another_say_the_same_as_one() -> None:
    lot = a_lot()
    parts = [lot.window(1, 4), lot.window(5, 5), lot.window(6)]
    (only,) = joined(parts)
    assert only.window == lot.window()
    assert list(only.parts) == parts


def test_a_window_that_came_again_a_gap_and_another_stream_begin_anew() -> None:
    lot, other = a_lot(), a_lot()
    windows = [lot.window(1, 4), lot.window(1, 4), lot.window(6, 7), lot.window(8), other.window(1, 3)]
    assert [len(run.parts) for run in joined(windows)] == [1, 1, 2, 1]


def test_a_window_whose_chain_is_another_isnt_joined() -> None:
    lot = a_lot()
    forged = lot.window(5, 6).model_copy(update={"previous": "f" * 64})
    assert [len(run.parts) for run in joined([lot.window(1, 4), forged])] == [1, 1]
