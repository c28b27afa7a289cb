"""Whether a photograph's file ends before the photograph does: half a transfer, a full card. Pure.

Only of JPEG: a decoder makes grey of what is missing there, and no other kind is decoded without its end.
"""

from __future__ import annotations

import re

_JPEG = b"\xff\xd8"
_END, _SCAN = 0xD9, 0xDA
_ALONE = {0x01, *range(0xD0, 0xD9)}
"""Marks without a length after them."""
_MARK_IN_SCAN = re.compile(rb"\xff+[^\x00\xd0-\xd7\xff]")


def is_cut_off(raw: bytes) -> bool:
    """From segment to segment: within one there may be a preview, which has an end of its own."""
    if not raw.startswith(_JPEG):
        return False
    place = len(_JPEG)
    while place + 1 < len(raw):
        if raw[place] != 0xFF:
            return False  # no segment begins here: what it is instead is the decoder's to say
        mark = raw[place + 1]
        if mark == _END:
            return False
        place = _next_mark(raw, place, mark)
    return True


def _next_mark(raw: bytes, place: int, mark: int) -> int:
    if mark == 0xFF:  # filling
        return place + 1
    if mark in _ALONE:
        return place + 2
    after = place + 2 + int.from_bytes(raw[place + 2 : place + 4], "big")
    if mark != _SCAN:
        return after
    found = _MARK_IN_SCAN.search(raw, after)
    return len(raw) if found is None else found.end() - 2
