"""Codes out of bytes and of keystrokes, and what is heard once only."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.post.code_lines import LONGEST, CodeLines, Repeats
from drivers.post.keys import PLAIN, SHIFTED, SYN, SYN_DROPPED, SYN_REPORT, KeyEvent, Typed, events, packed
from models.instants import SECOND, Monotonic

NOW = Monotonic(1000 * SECOND)
SHIFT, ENTER, TAB = 42, 28, 15


def later(seconds: float) -> Monotonic:
    return Monotonic(NOW + round(seconds * SECOND))


def codes(*said: bytes, lines: CodeLines | None = None) -> list[str | None]:
    lines = lines or CodeLines()
    return [code for part in said for code in lines.feed(part, NOW)]


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n", b"\x03"])
def test_a_code_ends_with_its_line(end: bytes):
    assert codes(b"K7M2-9XQ4" + end + b"AB" + end) == ["K7M2-9XQ4", "AB"]


@given(st.lists(st.text("ABC123-", min_size=1, max_size=20), max_size=5), st.data())
def test_however_a_line_is_cut_the_codes_are_the_same(written: list[str], data: st.DataObject):
    said = "".join(f"{code}\r\n" for code in written).encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(said)), max_size=6)))
    parts = [said[start:end] for start, end in zip([0, *cuts], [*cuts, len(said)], strict=True)]
    assert codes(*parts) == written


@given(st.binary(max_size=2000))
def test_whatever_a_device_says_a_code_is_short_and_printable(said: bytes):
    for code in codes(said, b"\r"):
        assert code is None or (0 < len(code) <= LONGEST and code.isprintable())


def test_control_characters_are_dropped():
    assert codes(b"\x02AB\x1b[1mC\x00D\r") == ["AB[1mCD"]


def test_an_endless_line_is_no_code_and_the_next_one_is():
    assert codes(b"A" * 5000, b"A" * 5000 + b"\r", b"GOOD\r") == [None, "GOOD"]
    assert codes(b"A" * LONGEST + b"\r") == ["A" * LONGEST]


def test_noise_is_no_code():
    assert codes(b"\xff\xfe\x80\r", b"   \r", b"\r\n\r\n") == [None]


def test_a_half_code_is_forgotten_when_the_rest_never_comes():
    lines = CodeLines()
    assert [*lines.feed(b"K7M2", NOW)] == []
    assert [*lines.feed(b"OTHER\r", later(3))] == ["OTHER"]


def test_prefix_and_suffix_are_taken_off_and_missed():
    def marked() -> CodeLines:
        return CodeLines(b"]Q1", b"#")

    assert codes(b"]Q1K7M2#\r", lines=marked()) == ["K7M2"]
    assert codes(b"K7M2#\r", b"]Q1K7M2\r", b"]Q1#\r", lines=marked()) == [None, None, None]


def test_a_code_that_stays_in_view_is_heard_once():
    repeats = Repeats(2.0)
    assert [repeats.is_new("A", later(second)) for second in (0, 1, 2, 3.5)] == [True, False, False, False]
    assert repeats.is_new("A", later(5.6))


def test_two_cards_in_one_wallet_are_heard_once_each():
    repeats = Repeats(2.0)
    assert [repeats.is_new(card, later(at / 2)) for at, card in enumerate("ABABAB")] == [True, True, *[False] * 4]


def strokes(text: str) -> Iterable[KeyEvent]:
    """As a scanner types it: Shift around each letter that needs it, a report after each stroke."""
    by_letter = {letter: (code, True) for code, letter in SHIFTED.items()}
    by_letter |= {letter: (code, False) for code, letter in PLAIN.items()}
    for letter in text:
        code, shift = by_letter[letter]
        for key in [SHIFT, code] if shift else [code]:
            yield from (KeyEvent(1, key, 1), KeyEvent(SYN, SYN_REPORT, 0))
        for key in [code, SHIFT] if shift else [code]:
            yield from (KeyEvent(1, key, 0), KeyEvent(SYN, SYN_REPORT, 0))


def press(key: int) -> list[KeyEvent]:
    return [KeyEvent(1, key, 1), KeyEvent(SYN, SYN_REPORT, 0), KeyEvent(1, key, 0)]


def typed(*said: Iterable[KeyEvent]) -> list[str | None]:
    keys = Typed()
    return [code for part in said for event in part for code in keys.feed(event, NOW)]


@given(st.text(sorted({*PLAIN.values(), *SHIFTED.values()} - {" "}), min_size=1, max_size=60))
def test_every_text_that_can_be_typed_is_read(text: str):
    assert typed(strokes(text), press(ENTER)) == [text]


@pytest.mark.parametrize("end", [28, 96, TAB])
def test_enter_and_tab_end_a_code(end: int):
    assert typed(strokes("aB3"), press(end), press(end), strokes("x"), press(end)) == ["aB3", "x"]


def test_a_key_that_repeats_itself_types_once():
    held = [KeyEvent(1, 30, 1), KeyEvent(1, 30, 2), KeyEvent(1, 30, 2), KeyEvent(1, 30, 0)]
    assert typed(held, press(ENTER)) == ["a"]


def test_both_shifts_are_one():
    both = [KeyEvent(1, 42, 1), KeyEvent(1, 54, 1), KeyEvent(1, 42, 0), KeyEvent(1, 30, 1), KeyEvent(1, 54, 0)]
    assert typed(both, strokes("a"), press(ENTER)) == ["Aa"]


def test_a_code_of_which_keystrokes_were_lost_is_no_code():
    lost = [KeyEvent(SYN, SYN_DROPPED, 0), *list(strokes("z"))[:1], KeyEvent(SYN, SYN_REPORT, 0)]
    assert typed(strokes("ab"), lost, strokes("c"), press(ENTER), strokes("ok"), press(ENTER)) == [None, "ok"]


def test_endless_typing_is_no_code():
    assert typed(strokes("a" * 1000), press(ENTER), strokes("ok"), press(ENTER)) == [None, "ok"]


def test_keystrokes_long_before_aren_t_part_of_a_code():
    keys = Typed()
    before = [code for event in strokes("zz") for code in keys.feed(event, NOW)]
    after = [code for event in [*strokes("ok"), *press(ENTER)] for code in keys.feed(event, later(5))]
    assert (before, after) == ([], ["ok"])


def test_half_an_event_is_none():
    event = KeyEvent(1, 30, 1)
    assert [*events(packed(event) + packed(event)[:7])] == [event]
