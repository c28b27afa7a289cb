"""Carries a store's log (WAL) into a copy of its file, also from behind a damaged place, where SQLite stops."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from edge.store.damage.bearings import PAGE

_HEADER_BYTES, _FRAME_BYTES = 32, 24
_LITTLE, _BIG = 0x377F0682, 0x377F0683


class Frame(NamedTuple):
    """One page as it was written. `ends`: it is the last of its transaction; `whole`: it is as it was written."""

    page: int
    ends: bool
    whole: bool
    content: bytes


def carry_over(log: Path, copy: Path, *, last_counts: bool) -> None:
    """Write into `copy` what stands in `log`. A transaction of which a page is damaged counts all the same if another
    one follows: it had been on the disk before that one began. The last one may never have been finished: unless it
    is known that it counts, it does only when it is whole."""
    if not log.exists():
        return
    with copy.open("r+b") as file:
        for frame in _that_count(list(_frames(log.read_bytes())), last_counts):
            file.seek((frame.page - 1) * PAGE)
            file.write(frame.content)
        # Without a log of its own, whoever opens it looks for none.
        file.seek(18)
        file.write(b"\x01\x01")


def _that_count(frames: list[Frame], last_counts: bool) -> Iterator[Frame]:
    transactions: list[list[Frame]] = [[]]
    for frame in frames:
        transactions[-1].append(frame)
        if frame.ends:
            transactions.append([])
    unfinished = transactions.pop()
    torn = bool(transactions) and not all(frame.whole for frame in transactions[-1])
    if torn and not unfinished and not last_counts:
        transactions.pop()
    for transaction in transactions:
        yield from (frame for frame in transaction if frame.whole)


def _frames(log: bytes) -> Iterator[Frame]:
    """Those of the log's present round: a log is used from the front again, and older frames follow the newest."""
    if len(log) < _HEADER_BYTES + _FRAME_BYTES:
        return
    words = ">" if int.from_bytes(log[:4], "big") == _BIG else "<"
    before, round_ = log[24:32], log[_HEADER_BYTES + 8 : _HEADER_BYTES + 16]
    for begins in range(_HEADER_BYTES, len(log) - _FRAME_BYTES - PAGE + 1, _FRAME_BYTES + PAGE):
        header = log[begins : begins + _FRAME_BYTES]
        content = log[begins + _FRAME_BYTES : begins + _FRAME_BYTES + PAGE]
        page, size = struct.unpack(">II", header[:8])
        if header[8:16] != round_ or not 0 < page < 2**24:
            return
        yield Frame(page, size != 0, _checksum(before, header[:8] + content, words) == header[16:24], content)
        before = header[16:24]


def _checksum(before: bytes, content: bytes, words: str) -> bytes:
    """SQLite's own, over pairs of 32-bit words, from where the frame before left it."""
    first, second = struct.unpack(">II", before)
    read = struct.unpack(f"{words}{len(content) // 4}I", content)
    for even, odd in zip(read[::2], read[1::2], strict=True):
        first = (first + even + second) & 0xFFFFFFFF
        second = (second + odd + first) & 0xFFFFFFFF
    return struct.pack(">II", first, second)
