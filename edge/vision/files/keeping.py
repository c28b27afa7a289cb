"""Writes pictures and a page into a folder of their own, never over what somebody else put there."""

from __future__ import annotations

import errno
import re
from pathlib import Path

import cv2

from edge.own_folder import OwnFolder, page_mark, said_by
from edge.store.picture_notes import note_of, with_note
from edge.vision.frames.motion import Frame

_COMMAND = "parkgate-edge read"
_OURS = said_by(_COMMAND)
PAGE_MARK = page_mark(_COMMAND)
_QUALITY = 90
_TO_DO = {
    errno.EACCES: "you may not write there: name a folder of your own",
    errno.EPERM: "you may not write there: name a folder of your own",
    errno.EROFS: "nothing can be written to that disk: name a folder on another",
    errno.ENOSPC: "the disk is full: make room, or name a folder on another",
    errno.ELOOP: "it is a link: name a folder where nothing of that name lies",
}


def why_not_written(error: OSError) -> str:
    """What to do about it, where that is known."""
    if isinstance(error, FileExistsError | NotADirectoryError) and error.filename:
        return f"{_first_file(Path(error.filename))} is a file: name a folder"
    said = _TO_DO.get(error.errno or 0, error.strerror or str(error))
    return f"{error.filename}: {said}" if error.filename else said


def _first_file(path: Path) -> Path:
    """That stands where a folder was meant."""
    return next((each for each in (path, *path.parents) if each.exists()), path)


class Folder:
    """For its owner's eyes only: there are plates in it. Names given twice in one run get a number."""

    def __init__(self, path: Path) -> None:
        """Raises OSError."""
        self._folder = OwnFolder(path, _COMMAND)
        self._given: set[str] = set()

    def picture(self, name: str, frame: Frame) -> str:
        """Its file's name in the folder. Raises OSError: the disk, or NotOurs."""
        done, encoded = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
        if not done:
            raise OSError("the picture can't be encoded")
        file = self._free(name)
        self._folder.write(file, with_note(encoded.tobytes(), _OURS), lambda old: note_of(old) == _OURS)
        return file

    def page(self, html: str) -> Path:
        """With PAGE_MARK in its head. Raises OSError: the disk, or NotOurs."""
        return self._folder.page(html)

    def _free(self, name: str) -> str:
        plain = re.sub(r"[^\w.-]+", "_", name).strip(".") or "picture"
        names = (plain if number == 1 else f"{plain}-{number}" for number in range(1, 1_000_000))
        free = next(each for each in names if each not in self._given)
        self._given.add(free)
        return f"{free}.jpg"
