"""Card numbers out of Wiegand frames, and what isn't believed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.post.card_formats import FRAMES, Format, NotACard, WrongParity, card_number, of_bits, of_frame


def a_frame(bits: int, site: int, number: int) -> int:
    """As a reader makes it: the parities are counted bit by bit."""
    frame = FRAMES[bits]
    between = f"{site:0{frame.site_bits}b}{number:0{bits - 2 - frame.site_bits}b}"
    even = between[: frame.covered - 1].count("1") % 2
    odd = 1 - between[-(frame.covered - 1) :].count("1") % 2
    return int(f"{even}{between}{odd}", 2)


def test_a_card_of_26_bits_that_was_worked_out_by_hand():
    # site 17 = 00010001, number 4711 = 0001001001100111: three ones in the first twelve, six in the last twelve
    assert int("10001000100010010011001111", 2) == a_frame(26, 17, 4711)
    assert card_number(f"{a_frame(26, 17, 4711):07X}", Format.HEX26) == "17-04711"


@given(st.sampled_from(sorted(FRAMES)), st.data())
def test_every_card_of_every_frame_is_read_as_it_was_written(bits: int, data: st.DataObject):
    frame = FRAMES[bits]
    site = data.draw(st.integers(0, 2**frame.site_bits - 1))
    number = data.draw(st.integers(0, 2 ** (bits - 2 - frame.site_bits) - 1))
    assert of_frame(a_frame(bits, site, number), bits) == f"{site}-{number:05}"


@given(st.sampled_from(sorted(FRAMES)), st.data())
def test_a_frame_with_one_bit_turned_is_never_a_card(bits: int, data: st.DataObject):
    site = data.draw(st.integers(0, 2 ** FRAMES[bits].site_bits - 1))
    turned = data.draw(st.integers(0, bits - 1))
    with pytest.raises(WrongParity):
        of_frame(a_frame(bits, site, 4711) ^ (1 << turned), bits)


@pytest.mark.parametrize(
    ("written", "form", "number"),
    [
        ("111267", Format.HEX24, "17-04711"),
        ("0001118823", Format.DECIMAL, "17-04711"),
        ("17-04711", Format.SITE_CARD, "17-04711"),
        ("017,04711", Format.SITE_CARD, "17-04711"),
        ("17 : 4711", Format.SITE_CARD, "17-04711"),
        (f"{a_frame(26, 17, 4711):026b}", Format.BITS, "17-04711"),
        (f"{a_frame(34, 40000, 5):034b}", Format.BITS, "40000-00005"),
        (f" {a_frame(26, 255, 65535):x} ", Format.HEX26, "255-65535"),
        (f"{a_frame(34, 1, 2):09X}", Format.HEX34, "1-00002"),
        (f"{a_frame(37, 1, 400000):X}", Format.HEX37, "1-400000"),
    ],
)
def test_converters_write_the_same_card_in_many_ways(written: str, form: Format, number: str):
    assert card_number(written, form) == number


@pytest.mark.parametrize(
    ("written", "form"),
    [
        ("", Format.HEX26),
        ("XYZ", Format.HEX26),
        ("FFFFFFF", Format.HEX26),
        ("1" * 40, Format.HEX26),
        ("16777216", Format.DECIMAL),
        ("-1", Format.DECIMAL),
        ("٤٧١١", Format.DECIMAL),
        ("4711", Format.SITE_CARD),
        ("99999-4711", Format.SITE_CARD),
        ("0101", Format.BITS),
        ("0120", Format.BITS),
    ],
)
def test_what_is_no_card_is_refused(written: str, form: Format):
    with pytest.raises(NotACard):
        card_number(written, form)


def test_a_card_of_an_unknown_kind_is_known_by_its_digits():
    assert of_bits(bytes.fromhex("04A1B2C3D4E5F6"), 56) == "04A1B2C3D4E5F6"
    assert of_bits(bytes.fromhex("A1B2C3D0"), 28) == "A1B2C3D"


@pytest.mark.parametrize("bits", [0, 9, 8000])
def test_a_reader_that_counts_its_bits_wrong_is_refused(bits: int):
    with pytest.raises(NotACard):
        of_bits(b"\x01", bits)
