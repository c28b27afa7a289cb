"""Confusions: what was counted counts, what was never seen stays possible, and there is one table of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.plates import counted
from models.plates.alike import MISREAD, apart
from models.plates.confusions import CHARACTERS, CLASSES, smoothed, truly

PLATES = st.text(CHARACTERS, min_size=2, max_size=9)


@pytest.mark.parametrize("read", CHARACTERS)
def test_whatever_was_misread_is_one_of_the_others(read: str) -> None:
    chances = truly(read)
    assert sum(chances.values()) == pytest.approx(1)
    assert set(chances) == set(CHARACTERS) - {read}
    assert min(chances.values()) > 0, "what was never seen stays possible"


def test_what_no_reader_says_is_confused_with_nothing() -> None:
    assert truly("Д") == {}


def test_without_counts_the_stated_classes_say_what_is_confused() -> None:
    stated = smoothed({}, {})
    for group in CLASSES:
        for one in group:
            for other in set(group) - {one}:
                stranger = next(c for c in "XWP9" if not any(one in each and c in each for each in CLASSES))
                assert stated(one)[other] > 3 * stated(one)[stranger], f"{one} and {other}"


def test_what_is_counted_outweighs_what_was_stated() -> None:
    stated, learned = smoothed({}, {}), smoothed({"X": {"5": 400}}, dict.fromkeys(CHARACTERS, 5000))
    assert stated("5")["X"] < 0.05 < 0.9 < learned("5")["X"]
    assert learned("5")["S"] > learned("5")["W"], "the classes still order what was never counted"


def test_the_table_was_counted_on_enough() -> None:
    assert counted.READS > 2000
    assert min(counted.SHOWN[character] for character in CHARACTERS) >= 50
    assert all(0 <= few <= every for _, few, every in counted.WRONG_BELOW)


@given(PLATES, PLATES)
def test_lists_for_people_use_the_same_weights_either_way_round(one: str, other: str) -> None:
    assert apart(one, other) == apart(other, one)
    assert (apart(one, other) == 0) is (one == other)


def test_characters_that_cameras_confuse_lie_nearer_than_others() -> None:
    assert apart("AB8", "ABB") <= MISREAD
    assert apart("A0C", "AOC") <= MISREAD < apart("AXC", "A2C") <= 1
