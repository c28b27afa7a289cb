"""What is sent to a device for one line of text, as a technician writes it: `\\x02{row}{text}\\x03{xor}`."""

from __future__ import annotations

import functools
import operator
import re
from collections.abc import Callable, Mapping
from typing import Annotated

from pydantic import AfterValidator

_PIECE = re.compile(r"\\x([0-9a-fA-F]{2})|\\([rntef0\\])|\{(\w*)\}|(.)", re.DOTALL)
_ESCAPES = {"r": b"\r", "n": b"\n", "t": b"\t", "e": b"\x1b", "f": b"\x0c", "0": b"\0", "\\": b"\\"}
_CHECKS: Mapping[str, Callable[[bytes], bytes]] = {
    "xor": lambda said: bytes([_xor(said)]),
    "xor_hex": lambda said: b"%02X" % _xor(said),
    "sum": lambda said: bytes([sum(said) & 0xFF]),
    "sum_hex": lambda said: b"%02X" % (sum(said) & 0xFF),
}
_FIELDS = ("row", "row0", "text", *_CHECKS)


def _xor(said: bytes) -> int:
    return functools.reduce(operator.xor, said, 0)


def pieces(written: str) -> tuple[bytes | str, ...]:
    """Bytes as they are sent, and the names of fields between them. Raises ValueError."""
    return tuple(_piece(match) for match in _PIECE.finditer(written))


def _piece(match: re.Match[str]) -> bytes | str:
    hexadecimal, escape, field, plain = match.groups()
    if hexadecimal is not None:
        return bytes.fromhex(hexadecimal)
    if escape is not None:
        return _ESCAPES[escape]
    if field is not None:
        if field not in _FIELDS:
            raise ValueError(
                f"{{{field}}} isn't known; known are {', '.join(f'{{{name}}}' for name in _FIELDS)}; "
                "a brace of your own is written \\x7b"
            )
        return field
    if plain == "\\":
        raise ValueError(r"after a backslash comes one of xNN, r, n, t, e, f, 0 or another backslash")
    if ord(plain) > 0xFF:
        raise ValueError(f"{plain!r} isn't one byte; write its bytes as \\xNN")
    return bytes([ord(plain)])


def filled(written: str, row: int, text: bytes) -> bytes:
    """The bytes of one line; `row` counts from 1. A check covers what comes before it, without the first byte."""
    said = b""
    for piece in pieces(written):
        if isinstance(piece, bytes):
            said += piece
        elif piece == "text":
            said += text
        elif piece in _CHECKS:
            said += _CHECKS[piece](said[1:])
        else:
            said += b"%d" % (row if piece == "row" else row - 1)
    return said


def names_a_row(written: str) -> bool:
    return any(piece in ("row", "row0") for piece in pieces(written))


def _checked(written: str) -> str:
    pieces(written)
    return written


def _with_text(written: str) -> str:
    if "text" not in pieces(written):
        raise ValueError("{text} has to stand somewhere in it: the line itself")
    return written


def _without_fields(written: str) -> str:
    if any(isinstance(piece, str) for piece in pieces(written)):
        raise ValueError("only bytes are expected here, nothing in braces")
    return written


LineBytes = Annotated[str, AfterValidator(_checked), AfterValidator(_with_text)]
"""What is sent for one line of text."""

PlainBytes = Annotated[str, AfterValidator(_checked), AfterValidator(_without_fields)]
"""Bytes that are always the same, with escapes for those that can't be written."""
