"""Ticket codes, read aloud over an intercom and typed by somebody in a hurry."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.codes import ALPHABET, CHECK_ALPHABET, DIGITS, read_code, ticket_code

CODES = st.integers(0, 32**DIGITS - 1).map(ticket_code)


def refused(typed: str) -> bool:
    try:
        read_code(typed)
    except ValueError:
        return True
    return False


@given(CODES)
def test_a_code_is_two_groups_of_four_and_reads_as_itself(code: str) -> None:
    assert re.fullmatch(r"[0-9A-Z]{4}-[0-9A-Z]{3}[0-9A-Z*~$=]", code)
    assert read_code(code) == code


@given(CODES)
def test_every_single_wrong_character_is_caught(code: str) -> None:
    """All of them: 7 x 31 wrong digits and 36 wrong checks."""
    plain = code.replace("-", "")
    for place, right in enumerate(plain):
        for wrong in ALPHABET if place < DIGITS else CHECK_ALPHABET:
            if wrong != right:
                assert refused(plain[:place] + wrong + plain[place + 1 :]), (code, place, wrong)


@given(CODES)
def test_every_swap_of_neighbours_is_caught(code: str) -> None:
    plain = code.replace("-", "")
    for place in range(DIGITS):
        left, right = plain[place : place + 2]
        if left != right:
            assert refused(plain[:place] + right + left + plain[place + 2 :]), (code, place)


@given(CODES, st.sampled_from(["lower", "spaced", "dashless", "misheard"]))
def test_what_people_mistype_is_understood(code: str, how: str) -> None:
    typed = {
        "lower": code.lower(),
        "spaced": f" {code.replace('-', ' ')} ",
        "dashless": code.replace("-", ""),
        "misheard": code.replace("0", "O").replace("1", "l"),
    }[how]
    assert read_code(typed) == code


@pytest.mark.parametrize("typed", ["", "7Q2K", "7Q2K-M4XDD", "UUUU-UUUU", "7Q2K-M4X!", "Ｏ1234567"])
def test_what_can_not_be_a_code_is_refused(typed: str) -> None:
    with pytest.raises(ValueError):
        read_code(typed)


@given(st.text(max_size=12))
def test_anything_typed_is_a_code_or_a_value_error(typed: str) -> None:
    assert refused(typed) or read_code(read_code(typed)) == read_code(typed)


@given(st.integers())
def test_any_number_has_a_code(number: int) -> None:
    assert read_code(ticket_code(number)) == ticket_code(number)
