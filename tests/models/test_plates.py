"""Plates: one spelling for each, and none of them in a log."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.plates import LONGEST, SHORTEST, masked, normalised

PLATES = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ÄÖÜÑБГД粤京", min_size=SHORTEST, max_size=LONGEST)


@pytest.mark.parametrize(
    ("written", "plate"),
    [
        ("ab 12-cde", "AB12CDE"),
        ("HH·EV 100", "HHEV100"),
        ("m-Ü 1234", "MÜ1234"),
        ("ＡＢ１２", "AB12"),
        ("京A·12345", "京A12345"),
        ("  34.A3-68.37 ", "34A36837"),
    ],
)
def test_a_plate_has_one_spelling(written: str, plate: str) -> None:
    assert normalised(written) == plate


@given(PLATES, st.lists(st.sampled_from(" -.·_/"), max_size=6), st.booleans())
def test_separators_and_letter_case_never_matter(plate: str, separators: list[str], lower: bool) -> None:
    written = "".join(mark + character for mark, character in zip(separators, plate, strict=False))
    written += plate[len(separators) :]
    assert normalised(written.lower() if lower else written) == normalised(plate)


@given(PLATES)
def test_a_plate_normalised_twice_is_the_same_plate(plate: str) -> None:
    assert normalised(normalised(plate)) == normalised(plate) == plate


@pytest.mark.parametrize("written", ["", "-", "A", "- 7 -", "ABCDEFGHIJKLM", "★★★"])
def test_what_can_not_be_a_plate_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="isn't a plate"):
        normalised(written)


def test_a_greek_or_cyrillic_lookalike_is_another_plate() -> None:
    assert len({normalised("AB12"), normalised("АВ12"), normalised("ΑΒ12")}) == 3


@given(PLATES)
def test_a_log_never_shows_more_than_two_characters_of_a_plate(plate: str) -> None:
    shown = masked(plate)
    clear = shown.rstrip("•")
    assert plate.startswith(clear)
    assert len(clear) <= min(2, len(plate) // 2), "and never more than half of a short one"
    assert len(shown) == len(plate)
