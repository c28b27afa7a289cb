"""Evidence pictures beside the store, each under the hash of its content; the oldest go first when room is short."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from edge.store.picture_notes import crop_of
from models.instants import Instant

_PREFIX = 2
_HASH = 64


@dataclass(frozen=True, slots=True)
class Picture:
    """A stored picture as its folder lists it."""

    hash: str
    size: int
    taken: Instant


@dataclass(frozen=True, slots=True)
class Dropped:
    """How many pictures went, how many bytes that was, and when the youngest of them was taken."""

    count: int
    size: int
    up_to: Instant


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A picture that isn't whole yet, as it was written to last."""

    path: Path
    size: int
    written: int


class Pictures:
    """A folder of pictures. Blocking: for worker threads. What was put is on the disk when `put` returns."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, picture: bytes, taken: Instant) -> str:
        """Its hash, hex SHA-256. The same picture twice is kept once. Raises OSError; then nothing is left behind."""
        hash = hashlib.sha256(picture).hexdigest()
        path = self._path(hash)
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            _write_durably(path, picture, taken)
        return hash

    def get(self, hash: str) -> bytes | None:
        """None when there is no such picture, or not any more, or the disk gives back something else."""
        if len(hash) != _HASH or not hash.isalnum():
            return None
        try:
            picture = self._path(hash).read_bytes()
        except FileNotFoundError:
            return None
        return picture if hashlib.sha256(picture).hexdigest() == hash else None

    def plate_of(self, hash: str) -> str | None:
        """The hash of the picture of that one's plate alone; None where the picture is gone or knows of none."""
        picture = self.get(hash)
        return None if picture is None else crop_of(picture)

    def total(self) -> int:
        """Bytes of all pictures."""
        return sum(picture.size for picture in self.all())

    def all(self) -> Iterator[Picture]:
        """In no order. One that goes while the folder is read is left out."""
        for path in self._folder.glob("??/*"):
            if len(path.name) != _HASH:
                continue
            try:
                found = path.stat()
            except FileNotFoundError:
                continue
            yield Picture(path.name, found.st_size, Instant(found.st_mtime_ns // 1000))

    def oldest(self, wanted: int, limit: int) -> list[Picture]:
        """The oldest pictures that make up at least `wanted` bytes together, at most `limit`."""
        chosen: list[Picture] = []
        for picture in sorted(self.all(), key=lambda picture: (picture.taken, picture.hash))[:limit]:
            if wanted <= 0:
                break
            chosen.append(picture)
            wanted -= picture.size
        return chosen

    def older_than(self, before: Instant, limit: int) -> list[Picture]:
        old = sorted((picture for picture in self.all() if picture.taken <= before), key=lambda each: each.taken)
        return old[:limit]

    def drop(self, pictures: list[Picture]) -> Dropped:
        """One that is gone already counts all the same: what was put on record must not depend on it."""
        for picture in pictures:
            self._path(picture.hash).unlink(missing_ok=True)
        return dropped(pictures)

    def sweep(self) -> None:
        """Take away what a daemon that died while writing left behind; only while nobody writes."""
        for path in self._folder.glob("??/*.part"):
            path.unlink(missing_ok=True)

    def unfinished(self) -> frozenset[Unfinished]:
        """What is being written, or was by a process that died over it."""
        return frozenset(found for path in self._folder.glob("??/*.part") for found in _begun(path))

    def give_up(self, unfinished: Iterable[Unfinished]) -> None:
        """Take them away: whoever wrote them won't go on."""
        for each in unfinished:
            each.path.unlink(missing_ok=True)

    def _path(self, hash: str) -> Path:
        return self._folder / hash[:_PREFIX] / hash


def dropped(pictures: list[Picture]) -> Dropped:
    """What it comes to when these go."""
    last = max((picture.taken for picture in pictures), default=Instant(0))
    return Dropped(len(pictures), sum(picture.size for picture in pictures), last)


def _begun(path: Path) -> Iterator[Unfinished]:
    """Nothing, where it is whole by now."""
    with contextlib.suppress(FileNotFoundError):
        found = path.stat()
        yield Unfinished(path, found.st_size, found.st_ctime_ns)


def _write_durably(path: Path, content: bytes, taken: Instant) -> None:
    """Whole or not at all: under another name first, then in one step."""
    part = path.with_suffix(".part")
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.utime(file.fileno(), ns=(taken * 1000, taken * 1000))
            os.fsync(file.fileno())
        part.rename(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
