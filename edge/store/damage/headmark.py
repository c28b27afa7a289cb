"""A mark beside the store of the last fact that was committed: a store that has lost it, is known to have."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from edge.store.journal import Head
from models.facts.base import Stream
from models.ids import StreamId
from models.instants import Instant

_BYTES = 512


@dataclass(frozen=True, slots=True)
class Mark:
    """One stream's last fact as it was committed, and when (UTC, microseconds)."""

    stream_id: StreamId
    seq: int
    hash: str
    wall: Instant


class HeadMark:
    """Written after each commit without waiting for the disk. It can be older than the store, after a power cut, and
    never newer: when it is, the store isn't what it was.

    SQLite itself drops a damaged log silently, from the damage on: a torn end is what a power cut leaves, too.
    """

    def __init__(self, store: Path) -> None:
        """Raises OSError."""
        self._file = os.open(mark_path(store), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._marks = dict(_parsed(os.pread(self._file, _BYTES, 0)))

    @property
    def marks(self) -> Mapping[Stream, Mark]:
        return self._marks

    def write(self, heads: Iterable[Head], wall: Instant) -> None:
        """Never fails: the file has its block already, and a mark that isn't there says nothing."""
        for head in heads:
            self._marks[head.stream] = Mark(head.stream_id, head.seq, head.hash, wall)
        try:
            os.pwrite(self._file, _written(self._marks), 0)
        except OSError:
            self.forget()

    def forget(self) -> None:
        """On the disk, too: after a power cut an older mark mustn't speak of a stream that was left since."""
        self._marks.clear()
        with suppress(OSError):
            os.ftruncate(self._file, 0)
            os.fsync(self._file)

    def close(self) -> None:
        os.close(self._file)


def mark_path(store: Path) -> Path:
    return store.with_name(store.name + ".head")


def marks_beside(store: Path) -> Mapping[Stream, Mark]:
    """What the mark says, for whoever only looks; empty where there is none."""
    try:
        return dict(_parsed(mark_path(store).read_bytes()[:_BYTES]))
    except OSError:
        return {}


def _written(marks: Mapping[Stream, Mark]) -> bytes:
    lines = [f"{stream} {mark.stream_id} {mark.seq} {mark.hash} {mark.wall}" for stream, mark in marks.items()]
    text = "\n".join(lines).encode()
    return (b"%08x\n%b\n" % (zlib.crc32(text), text)).ljust(_BYTES, b"\0")


def _parsed(found: bytes) -> Iterable[tuple[Stream, Mark]]:
    """Nothing of a mark that is torn."""
    checksum, _, text = found.rstrip(b"\n\0").partition(b"\n")
    if not text or checksum != b"%08x" % zlib.crc32(text):
        return
    for line in text.decode().splitlines():
        stream, stream_id, seq, hash, wall = line.split()
        if stream in ("ledger", "telemetry"):
            yield stream, Mark(StreamId(stream_id), int(seq), hash, Instant(int(wall)))
