"""What stands on a sign: letters that it has, lines that fit, bytes as its protocol wants them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.over_serial.template import filled, names_a_row, pieces
from drivers.post.plain_text import printable, spelled
from drivers.post.sign_pages import Overflow, pages

LINES = st.lists(st.text("ab ", max_size=60), max_size=6)


@given(LINES, st.integers(1, 4), st.integers(4, 20), st.sampled_from(Overflow))
def test_whatever_the_text_every_page_fits_the_sign(lines: list[str], rows: int, width: int, overflow: Overflow):
    for page in pages(lines, rows, width, overflow):
        assert len(page) == rows
        assert all(len(row) <= width for row in page)


@given(LINES, st.integers(1, 4), st.integers(4, 20))
def test_wrapping_loses_no_letter(lines: list[str], rows: int, width: int):
    shown = "".join(row for page in pages(lines, rows, width, Overflow.WRAP) for row in page)
    assert shown.replace(" ", "") == "".join(lines).replace(" ", "")


@given(LINES, st.integers(1, 4), st.integers(4, 20))
def test_scrolling_shows_every_word(lines: list[str], rows: int, width: int):
    shown = " ".join(row for page in pages(lines, rows, width, Overflow.SCROLL) for row in page)
    cut = [
        word[start : start + width] for line in lines for word in line.split() for start in range(0, len(word), width)
    ]
    assert [word for word in cut if word not in shown] == []


def test_a_long_text_goes_on_the_next_line_and_the_next_page():
    text = ["FULL", "Please take the next car park in Mill Lane"]
    assert pages(text, 2, 20, Overflow.WRAP) == (("FULL", "Please take the next"), ("car park in Mill", "Lane"))


def test_a_long_line_scrolls_by_words_under_one_that_stays():
    assert pages(["FULL", "next car park: Mill Lane"], 2, 14, Overflow.SCROLL) == (
        ("FULL", "next car park:"),
        ("FULL", "car park: Mill"),
        ("FULL", "park: Mill"),
        ("FULL", "Mill Lane"),
    )


def test_no_text_is_an_empty_page():
    assert pages([], 2, 20, Overflow.WRAP) == pages([], 2, 20, Overflow.SCROLL) == (("", ""),)


@pytest.mark.parametrize(
    ("text", "encoding", "shown"),
    [
        ("Süd – 3 €", "ascii", "Sud - 3 EUR"),
        ("Süd – 3 €", "latin-1", "Süd - 3 EUR"),
        ("Süd – 3 €", "utf-8", "Süd – 3 €"),
        ("Straße Łódź", "ascii", "Strasse Lodz"),
        ("Straße Łódź", "cp437", "Straße Lódz"),
        ("Αθήνα 东", "ascii", "????? ?"),
        ("e\u0301te\u0301", "latin-1", "été"),
    ],
)
def test_a_sign_shows_the_nearest_letter_that_it_has(text: str, encoding: str, shown: str):
    assert spelled(printable(text), encoding) == shown


@given(st.text(max_size=50))
def test_no_text_carries_a_command_to_a_device(text: str):
    kept = printable(text)
    assert all(character.isprintable() for character in kept)
    assert not any(byte < 0x20 or byte == 0x7F for byte in spelled(kept, "ascii").encode("ascii"))


def test_what_turns_text_around_is_dropped():
    assert printable("a\u202eb\x1b[2Jc\x00\td\u200b") == "ab[2Jc d"


def test_escapes_may_come_as_bytes_or_written_out():
    assert filled("\x1b[{row};1H{text}", 2, b"AB") == filled(r"\e[{row};1H{text}", 2, b"AB") == b"\x1b[2;1HAB"
    assert filled(r"{row0}\x7b\\{text}\r\n", 1, b"{row}") == b"0{\\{row}\r\n"


def test_checks_cover_all_before_them_but_the_first_byte():
    assert filled(r"\x02{row}{text}\x03{xor}", 1, b"AB") == b"\x021AB\x03" + bytes([0x31 ^ 0x41 ^ 0x42 ^ 0x03])
    assert filled(r"\x02{text}{sum_hex}", 1, b"AB") == b"\x02AB83"
    assert filled(r"\x02{text}{xor_hex}{sum}", 1, b"A")[-3:] == b"41" + bytes([(0x41 + 0x34 + 0x31) & 0xFF])


@pytest.mark.parametrize(("written", "numbered"), [("{text}", False), ("{row}{text}", True), ("{row0}{text}", True)])
def test_a_template_with_a_row_can_send_one_line(written: str, numbered: bool):
    assert names_a_row(written) is numbered


@pytest.mark.parametrize(("written", "complaint"), [("{line}", "known are"), (r"\q", "backslash"), ("{text}€", "byte")])
def test_a_template_with_a_mistake_says_what_is_expected(written: str, complaint: str):
    with pytest.raises(ValueError, match=complaint):
        pieces(written)
