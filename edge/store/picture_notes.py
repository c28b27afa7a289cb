"""A short text inside a JPEG: what the picture is, and what belongs to it. Its hash covers the note too."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, cast

_START, _COMMENT, _SCAN = b"\xff\xd8", 0xFE, 0xDA
_MOST = 0xFFFF - 2


@dataclass(frozen=True, slots=True)
class PictureNote:
    """What belongs to a vehicle's picture. `crop`: the hash under which that of its plate lies; `plate`: where the
    plate is in this one: left, top, width, height. What was read of it isn't said."""

    crop: str | None = None
    plate: tuple[int, int, int, int] | None = None

    @property
    def text(self) -> str:
        return json.dumps(asdict(self))


def crop_of(jpeg: bytes) -> str | None:
    """The hash of the picture of its plate; None where the picture doesn't know of one."""
    try:
        said: Any = json.loads(note_of(jpeg) or "null")
    except ValueError:
        return None
    crop = cast(dict[str, Any], said).get("crop") if isinstance(said, dict) else None
    return crop if isinstance(crop, str) else None


def with_note(jpeg: bytes, note: str) -> bytes:
    """The picture with the note as its comment. Raises ValueError for what isn't a JPEG, or a note that is too long."""
    text = note.encode()
    if not jpeg.startswith(_START) or len(text) > _MOST:
        raise ValueError("a JPEG and a short note are expected")
    segment = bytes((0xFF, _COMMENT)) + (len(text) + 2).to_bytes(2, "big") + text
    return _START + segment + jpeg[len(_START) :]


def note_of(jpeg: bytes) -> str | None:
    """The first comment; None where there is none."""
    for kind, content in segments(jpeg):
        if kind == _COMMENT:
            return content.decode(errors="replace")
    return None


def segments(jpeg: bytes) -> Iterator[tuple[int, bytes]]:
    """Kind and content of each part before the picture's own data. Ends where it isn't a JPEG any more."""
    at = len(_START)
    while jpeg.startswith(_START) and jpeg[at : at + 1] == b"\xff" and at + 4 <= len(jpeg):
        kind, size = jpeg[at + 1], int.from_bytes(jpeg[at + 2 : at + 4], "big")
        yield kind, jpeg[at + 4 : at + 2 + size]
        if kind == _SCAN or size < 2:
            return
        at += 2 + size
