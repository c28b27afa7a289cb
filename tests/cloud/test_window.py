"""The verdict on a window, as a value."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud.ingest.window import Apply, Cursor, Duplicate, Fork, Gap, Refused, Superseded, judge, overlap
from models.facts import MachineMeasured
from models.ids import LotId
from models.wire.envelopes import Tombstone, Window
from tests.cloud.lots import Lot, an_id


def a_lot(cars: int = 2) -> Lot:
    lot = Lot(LotId(an_id())).opens_for_business()
    for n in range(cars):
        lot.lets_in(f"AB{n}CDE")
    return lot


def applied(lot: Lot, seq: int) -> Cursor:
    return Cursor("ledger", seq, lot.facts[seq - 1].hash) if seq else Cursor("ledger")


def held(lot: Lot, cursor: Cursor, window: Window) -> str | None:
    shared = overlap(cursor, window)
    return None if shared is None else lot.facts[shared - 1].hash


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_whatever_run_of_a_chain_comes_only_its_unapplied_rest_is_applied(data: st.DataObject) -> None:
    """The law: Apply holds exactly the facts after the cursor, and only when none is missing before them."""
    lot = a_lot()
    seq = data.draw(st.integers(0, len(lot.facts)))
    first = data.draw(st.integers(1, len(lot.facts)))
    last = data.draw(st.integers(first, len(lot.facts)))
    cursor, window = applied(lot, seq), lot.window(first, last)
    verdict = judge(cursor, window, held(lot, cursor, window))
    if first > seq + 1:
        assert verdict == Gap()
    elif last <= seq:
        assert verdict == Duplicate()
    else:
        previous = cursor.hash
        assert verdict == Apply(tuple(lot.facts[seq:last]), previous)


def test_a_chain_that_was_rewritten_is_a_fork() -> None:
    lot = a_lot()
    kept = lot.facts[:4]
    cursor = applied(lot, 6)
    lot.facts = kept
    lot.lets_in("ZZ99ZZZ")
    lot.lets_in("YY99YYY")
    assert isinstance(judge(cursor, lot.window(7), None), Fork)
    assert isinstance(judge(cursor, lot.window(5), cursor.hash), Fork)


def test_new_facts_on_a_stream_that_was_left_are_for_an_operator() -> None:
    lot = a_lot()
    left = replace(applied(lot, 4), current=False)
    assert isinstance(judge(left, lot.window(5), None), Superseded)
    assert judge(left, lot.window(1, 4), left.hash) == Duplicate()


def test_a_window_on_the_wrong_stream_is_refused() -> None:
    lot = a_lot()
    assert isinstance(judge(Cursor("telemetry"), lot.window()), Refused)


def test_facts_out_of_number_are_refused() -> None:
    lot = a_lot()
    window = lot.window()
    skipped = window.model_copy(update={"facts": (window.facts[0], *window.facts[2:])})
    assert isinstance(judge(Cursor("ledger"), skipped), Refused)


@pytest.mark.parametrize(
    "field",
    [{"wall": 2**63}, {"monotonic": -(2**70)}, {"boot_id": "a\0b"}, {"version": -1}, {"version": 2**31}],
)
def test_what_postgresql_cannot_hold_is_refused_before_it_is_tried(field: dict[str, object]) -> None:
    window = a_lot().window()
    odd = window.model_copy(update={"facts": (window.facts[0].model_copy(update=field), *window.facts[1:])})
    assert isinstance(judge(Cursor("ledger"), odd), Refused)


# --- what is left out ---


def telemetry(facts: int = 8) -> Lot:
    lot = Lot(LotId(an_id()), "telemetry")
    for _ in range(facts):
        lot.says(MachineMeasured(at=lot.now, disk_free=1, disk_total=2, store_bytes=3, millidegrees=None))
    return lot


def leaving_out(window: Window, last: int) -> Window:
    return window.model_copy(update={"dropped": Tombstone(last=last, why="age")})


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_telemetry_that_leaves_facts_out_is_applied_from_where_it_goes_on(data: st.DataObject) -> None:
    """The law: with a tombstone no gap is left, and what is lacking is counted exactly."""
    lot = telemetry()
    seq = data.draw(st.integers(0, len(lot.facts)))
    first = data.draw(st.integers(2, len(lot.facts)))
    cursor = Cursor("telemetry", seq, lot.facts[seq - 1].hash) if seq else Cursor("telemetry")
    window = leaving_out(lot.window(first), first - 1)
    verdict = judge(cursor, window, held(lot, cursor, window))
    if seq == len(lot.facts):
        assert verdict == Duplicate()
    else:
        lacking = max(0, first - seq - 1)
        previous = window.previous if lacking else cursor.hash
        assert verdict == Apply(tuple(lot.facts[max(seq, first - 1) :]), previous, lacking)


def test_a_ledger_leaves_nothing_out_for_want_of_space() -> None:
    lot = a_lot()
    spared = lot.window(4).model_copy(update={"dropped": Tombstone(last=3, why="space")})
    verdict = judge(applied(lot, 1), spared)
    assert isinstance(verdict, Refused)
    assert "a ledger has none to spare" in verdict.why


def test_a_ledger_goes_on_after_what_the_cloud_lost_and_the_lot_had_dropped_since() -> None:
    lot = a_lot()
    window = lot.window(4)
    assert judge(applied(lot, 1), leaving_out(window, 3)) == Apply(window.facts, window.previous, 2)
    assert judge(applied(lot, 3), leaving_out(window, 3)) == Apply(window.facts, window.previous)


def test_a_tombstone_that_ends_elsewhere_is_refused() -> None:
    lot = telemetry()
    assert isinstance(judge(Cursor("telemetry"), leaving_out(lot.window(4), 2)), Refused)
    assert isinstance(judge(Cursor("telemetry"), leaving_out(lot.window(4), 4)), Refused)


def test_a_broken_chain_after_a_tombstone_is_refused() -> None:
    lot = telemetry()
    lot.facts[5] = lot.facts[5].model_copy(update={"body": "{}"})
    assert isinstance(judge(Cursor("telemetry"), leaving_out(lot.window(4), 3)), Refused)


def test_a_telemetry_that_was_left_takes_nothing_more() -> None:
    lot = telemetry()
    left = Cursor("telemetry", 1, lot.facts[0].hash, current=False)
    assert isinstance(judge(left, leaving_out(lot.window(4), 3)), Superseded)
