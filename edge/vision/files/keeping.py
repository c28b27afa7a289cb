"""Writes pictures and a page into a folder of their own, never over what somebody else put there."""

from __future__ import annotations

import os
import re
from pathlib import Path

import cv2

from edge.store.picture_notes import note_of, with_note
from edge.vision.frames.motion import Frame

_OURS = "drawn by parkgate-edge read"
PAGE_MARK = f'<meta name="generator" content="{_OURS}">'
_QUALITY = 90


class NotOurs(OSError):
    """A file of that name lies there, and it wasn't written by this command."""


class Folder:
    """For its owner's eyes only: there are plates in it. Names given twice in one run get a number."""

    def __init__(self, path: Path) -> None:
        """Raises OSError."""
        self.path = path
        self._given: set[str] = set()
        path.mkdir(parents=True, exist_ok=True, mode=0o700)

    def picture(self, name: str, frame: Frame) -> str:
        """Its file's name in the folder. Raises OSError: the disk, or NotOurs."""
        done, encoded = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
        if not done:
            raise OSError("the picture can't be encoded")
        file = self._free(name)
        self._write(file, with_note(encoded.tobytes(), _OURS))
        return file

    def page(self, html: str) -> Path:
        """Raises OSError."""
        self._write("index.html", html.encode())
        return self.path / "index.html"

    def _free(self, name: str) -> str:
        plain = re.sub(r"[^\w.-]+", "_", name).strip(".") or "picture"
        names = (plain if number == 1 else f"{plain}-{number}" for number in range(1, 1_000_000))
        free = next(each for each in names if each not in self._given)
        self._given.add(free)
        return f"{free}.jpg"

    def _write(self, name: str, content: bytes) -> None:
        path = self.path / name
        if path.exists() and not _is_ours(path):
            raise NotOurs(f"{path} is there already and wasn't written by `parkgate-edge read`: left as it is")
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)


def _is_ours(path: Path) -> bool:
    with path.open("rb") as file:
        begin = file.read(4096)
    return note_of(begin) == _OURS or PAGE_MARK.encode() in begin
