"""The parts of a multipart body, as they arrive: of a camera's endless answer, or of one post. Pure.

Cameras are careless: a length may be missing, zero or wrong, line ends may lack their CR, a part may break off. A part
ends where its length says, or at a boundary before that. One without a length ends at the next boundary; so that nobody
waits for that until the camera's next word, it may also be seen to be whole.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum

LARGEST_PART = 4 * 1024 * 1024
LONGEST_HEAD = 8 * 1024
MOST_PARTS, MOST_LINES = 64, 128 * 1024
"""Of one post. A camera's alert and its pictures have a handful of parts, and a line end about every 200 bytes"""
WHOLE_WITHIN = 256 * 1024
"""No alert is longer; only a picture is, and the end of that is told by its length or the next boundary"""
_MOST_LOOKED_AT = 16 * WHOLE_WITHIN
_BOUNDARY = re.compile(r"""boundary\s*=\s*(?:"([^"]{1,200})"|([^\s;"]{1,200}))""", re.IGNORECASE)
_NAME = re.compile(r"""[;\s]name\s*=\s*(?:"([^"]*)"|([^\s;"]+))""", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Part:
    """`headers` by their names in small letters."""

    headers: Mapping[str, str]
    content: bytes

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def name(self) -> str:
        """Of the field, in small letters; empty where none is said."""
        found = _NAME.search(self.headers.get("content-disposition", ""))
        return "" if found is None else (found[1] or found[2] or "").lower()


def boundary_in(content_type: str) -> bytes | None:
    """What stands between the parts; None for a body that isn't of several parts."""
    found = _BOUNDARY.search(content_type)
    if not content_type.lower().lstrip().startswith("multipart/") or found is None:
        return None
    # Some cameras announce the two dashes as a part of it, and write no more of them into the body.
    return (found[1] or found[2]).encode("latin-1", "replace").lstrip(b"-") or None


def parts_of(body: bytes, boundary: bytes) -> list[Part]:
    """All of one post. Raises ValueError for what isn't worth the time, while which no gate is looked after."""
    if body.count(b"\n") > MOST_LINES:
        raise ValueError("more lines than a camera posts")
    parts = Parts(boundary, most=MOST_PARTS)
    return [*parts.feed(body), *parts.end()]


class _At(Enum):
    BOUNDARY = 1
    HEAD = 2
    CONTENT = 3


class Parts:
    """Fed with what arrives; gives the parts that are complete. `is_whole` tells it of a content without a length; with
    more than `most` parts it raises ValueError."""

    def __init__(
        self, boundary: bytes, is_whole: Callable[[bytes], bool] = lambda content: False, most: int | None = None
    ) -> None:
        self._boundary, self._is_whole, self._most = boundary, is_whole, most
        self._mark = re.compile(rb"(?:^|\r?\n)-*" + re.escape(boundary) + rb"(?:--)?[ \t]*\r?\n")
        self._unread = bytearray()
        self._at = _At.BOUNDARY
        self._head: dict[str, str] = {}
        self._head_size = self._searched = self._looked_at = self._begun = 0
        self._done: list[Part] = []
        self.skipped = 0
        """How often something was thrown away that was no part"""

    def feed(self, more: bytes) -> list[Part]:
        self._unread += more
        while self._goes_on():
            pass
        done, self._done = self._done, []
        return done

    def end(self) -> list[Part]:
        """Nothing more comes: what lies there is the last part, unless its length says that some of it is missing."""
        done = self.feed(b"\r\n")
        if self._at is _At.CONTENT and self._length is None:
            self._finish(len(self._unread), len(self._unread))
            done += self._done
        return done

    def _goes_on(self) -> bool:
        """One step; False: more has to come."""
        match self._at:
            case _At.BOUNDARY:
                return self._seek()
            case _At.HEAD:
                return self._read_head()
            case _At.CONTENT:
                return self._read_content()

    def _line(self) -> bytes | None:
        """The next line, taken out; None while it hasn't ended."""
        end = self._unread.find(b"\n")
        if end < 0:
            if len(self._unread) > LONGEST_HEAD:
                self.skipped += 1
                self._unread.clear()
                self._at = _At.BOUNDARY
            return None
        line = bytes(self._unread[:end]).rstrip(b"\r")
        del self._unread[: end + 1]
        return line

    def _seek(self) -> bool:
        line = self._line()
        if line is None:
            return False
        if line.strip().lstrip(b"-") == self._boundary:
            self._begin()
        return True

    def _begin(self) -> None:
        self._at, self._head, self._head_size = _At.HEAD, {}, 0
        self._begun += 1
        if self._most is not None and self._begun > self._most:
            raise ValueError("more parts than a camera posts")

    def _read_head(self) -> bool:
        line = self._line()
        if line is None:
            return False
        self._head_size += len(line)
        if line.strip().lstrip(b"-") == self._boundary:
            self._head, self._head_size = {}, 0
        elif self._head_size > LONGEST_HEAD:
            self.skipped += 1
            self._at = _At.BOUNDARY
        elif line.strip():
            name, _, value = line.decode("latin-1").partition(":")
            self._head[name.strip().lower()] = value.strip()
        elif self._head:
            self._at, self._searched, self._looked_at = _At.CONTENT, 0, 0
        return True

    @property
    def _length(self) -> int | None:
        written = self._head.get("content-length", "")
        length = int(written) if written.isascii() and written.isdecimal() and len(written) < 9 else 0
        return length if 0 < length <= LARGEST_PART else None

    def _read_content(self) -> bool:
        length = self._length
        # Not beyond where it counts: many short parts would each have all that follows looked through.
        until = len(self._unread) if length is None else length + len(self._boundary) + 128
        mark = self._mark.search(self._unread, self._searched, until)
        if mark is not None and (length is None or mark.start() <= length):
            return self._finish(mark.start(), mark.start())
        if length is not None and len(self._unread) >= length:
            return self._finish(length, length)
        if length is None and (whole := self._whole()):
            return self._finish(whole, whole)
        if len(self._unread) > LARGEST_PART:
            self.skipped += 1
            self._unread.clear()
            self._at = _At.BOUNDARY
            return True
        self._searched = max(len(self._unread) - len(self._boundary) - 64, 0)
        return False

    def _whole(self) -> int:
        """How long a content without a length is that is seen to be whole; 0: it isn't, or not yet."""
        if len(self._unread) > WHOLE_WITHIN or self._looked_at > _MOST_LOOKED_AT:
            return 0  # A camera that ends each piece as if it were whole would have all that came read again each time.
        content = bytes(self._unread).rstrip()
        if content[-1:] not in (b">", b"}"):
            return 0
        self._looked_at += len(content)
        return len(content) if self._is_whole(content) else 0

    def _finish(self, until: int, upto: int) -> bool:
        content = bytes(self._unread[:until])
        self._done.append(Part(self._head, content.rstrip() if self._length is None else content))
        del self._unread[:upto]
        self._at, self._head = _At.BOUNDARY, {}
        return True
