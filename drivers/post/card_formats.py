"""Card numbers out of what readers say: Wiegand frames of 26, 34 and 37 bits, with their parity. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


class NotACard(ValueError):
    """What was said isn't a card in this format. The text is for a technician."""


class WrongParity(ValueError):
    """A bit was lost or turned on its way."""


class Format(StrEnum):
    """How a converter writes a card."""

    HEX26 = "hex26"
    HEX34 = "hex34"
    HEX37 = "hex37"
    HEX24 = "hex24"
    DECIMAL = "decimal"
    SITE_CARD = "site-card"
    BITS = "bits"


@dataclass(frozen=True, slots=True)
class Frame:
    """A Wiegand frame: even parity, site, number, odd parity. Each parity covers `covered` bits, itself included."""

    bits: int
    site_bits: int
    covered: int


FRAMES = {frame.bits: frame for frame in (Frame(26, 8, 13), Frame(34, 16, 17), Frame(37, 16, 19))}
"""26 bits as the industry has it (H10301), 34 (H10306), and 37 with a site (H10304)."""
_LARGEST_SITE, _LARGEST_NUMBER = 0xFFFF, 0x7FFFF
_MOST_BITS = 512
_HEX_BITS = {Format.HEX26: 26, Format.HEX34: 34, Format.HEX37: 37}


def card_number(written: str, form: Format) -> str:
    """Site and number as they are printed on the card, such as `17-04711`. Raises NotACard or WrongParity."""
    text = written.strip()
    match form:
        case Format.HEX26 | Format.HEX34 | Format.HEX37:
            return of_frame(_value(text, 16, _HEX_BITS[form]), _HEX_BITS[form])
        case Format.HEX24:
            return _of_24_bits(_value(text, 16, 24))
        case Format.DECIMAL:
            return _of_24_bits(_value(text, 10, 24))
        case Format.SITE_CARD:
            return _of_two_numbers(text)
        case Format.BITS:
            if not re.fullmatch(r"[01]+", text):
                raise NotACard(f"noughts and ones are expected, {text[:40]!r} came")
            return of_frame(int(text, 2), len(text))


def of_frame(value: int, bits: int) -> str:
    """The card of a frame with its parities, the first bit being the highest. Raises NotACard or WrongParity."""
    frame = FRAMES.get(bits)
    if frame is None:
        raise NotACard(f"a frame of {bits} bits isn't known; known are {', '.join(map(str, FRAMES))}")
    first, last = value >> (bits - frame.covered), value & ((1 << frame.covered) - 1)
    if first.bit_count() % 2 != 0 or last.bit_count() % 2 != 1:
        raise WrongParity(f"{value:0{bits}b}")
    number_bits = bits - 2 - frame.site_bits
    between = (value >> 1) & ((1 << (bits - 2)) - 1)
    return _printed(between >> number_bits, between & ((1 << number_bits) - 1))


def of_bits(data: bytes, bits: int) -> str:
    """The card of so many bits, the first one being the highest of `data`: a frame that is known, or else its digits.

    Raises WrongParity or NotACard.
    """
    if not 0 < bits <= len(data) * 8 or bits > _MOST_BITS:
        raise NotACard(f"{bits} bits in {len(data)} bytes")
    value = int.from_bytes(data, "big") >> (len(data) * 8 - bits)
    return of_frame(value, bits) if bits in FRAMES else f"{value:0{(bits + 3) // 4}X}"


def _of_24_bits(value: int) -> str:
    return _printed(value >> 16, value & 0xFFFF)


def _of_two_numbers(text: str) -> str:
    found = re.fullmatch(r"(\d{1,5})\D{1,3}(\d{1,6})", text, re.ASCII)
    if found is None:
        raise NotACard(f"site and number are expected, such as 17-04711; {text[:40]!r} came")
    site, number = int(found[1]), int(found[2])
    if site > _LARGEST_SITE or number > _LARGEST_NUMBER:
        raise NotACard(f"no card has site {site} and number {number}")
    return _printed(site, number)


def _value(text: str, base: int, bits: int) -> int:
    digits = "[0-9]{1,10}" if base == 10 else "[0-9a-fA-F]{1,16}"
    if not re.fullmatch(digits, text):
        raise NotACard(f"{'decimal' if base == 10 else 'hexadecimal'} digits are expected, {text[:40]!r} came")
    value = int(text, base)
    if value >> bits:
        raise NotACard(f"{text} is more than {bits} bits")
    return value


def _printed(site: int, number: int) -> str:
    return f"{site}-{number:05}"
