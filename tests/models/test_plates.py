"""Plates: one spelling for each, and none of them in a log."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.plates import LONGEST, SHORTEST, masked, normalised, respelled

PLATES = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789БГД粤京", min_size=SHORTEST, max_size=LONGEST)


@pytest.mark.parametrize(
    ("written", "plate"),
    [
        ("ab 12-cde", "AB12CDE"),
        ("HH·EV 100", "HHEV100"),
        ("m-Ü 1234", "MU1234"),
        ("gö-ab 123", "GOAB123"),
        ("GO\u0308-AB 123", "GOAB123"),
        ("ši 123-ćž", "SI123CZ"),
        ("Łó 12", "LO12"),
        ("æø 12", "AEO12"),
        ("gro\u00df 1", "GROSS1"),
        ("34 ışi 12", "34ISI12"),
        ("34 İŞİ 12", "34ISI12"),
        ("те 1234 кх", "TE1234KX"),
        ("αβεζ 1234", "ABEZ1234"),
        ("٣٤ ب ٥۶", "34ب56"),
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


def test_a_greek_or_cyrillic_lookalike_is_the_same_plate() -> None:
    assert {normalised("AB12"), normalised("АВ12"), normalised("ΑΒ12"), normalised("аβ12")} == {"AB12"}


@pytest.mark.parametrize(("script", "latin"), [("АВСЕНКМОРТУХ", "ABCEHKMOPTYX"), ("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEZHIKMNOPTYX")])
def test_every_letter_that_two_scripts_share_is_spelled_in_latin(script: str, latin: str) -> None:
    for foreign, plain in zip(script, latin, strict=True):
        assert normalised(f"{foreign}1") == normalised(f"{foreign.lower()}1") == f"{plain}1"


def test_letters_that_look_like_no_latin_one_stay_what_they_are() -> None:
    assert len({normalised("か12"), normalised("が12"), normalised("Д12"), normalised("Й12"), normalised("И12")}) == 5


@given(st.text(max_size=14))
def test_whatever_is_written_is_spelled_once_and_for_all(written: str) -> None:
    try:
        plate = normalised(written)
    except ValueError:
        return
    assert normalised(plate) == plate
    assert not any(c in "ÄÖÜÅØŠİıАВСΑΒ" for c in plate)


@given(st.lists(st.sampled_from("AÄÁÅÀEÉÈOÖÓØUÜÚSŠCČZŽDĐNÑIİ"), min_size=3, max_size=10))
def test_a_plate_is_spelled_with_what_a_reader_can_say(letters: list[str]) -> None:
    assert set(normalised("".join(letters))) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")


def test_a_plate_that_was_stored_with_its_marks_is_found_again() -> None:
    assert respelled("MÜ1234") == "MU1234"
    assert respelled("АВ12") == "AB12"
    assert respelled("ÆÆÆÆÆÆÆ1") == "ÆÆÆÆÆÆÆ1", "no row may stop a lot"


@given(PLATES)
def test_a_log_never_shows_more_than_two_characters_of_a_plate(plate: str) -> None:
    shown = masked(plate)
    clear = shown.rstrip("•")
    assert plate.startswith(clear)
    assert len(clear) <= min(2, len(plate) // 2), "and never more than half of a short one"
    assert len(shown) == len(plate)
