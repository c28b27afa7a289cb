"""Codes out of a stream of bytes, one a line, and what is said again too soon. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from drivers.post.plain_text import printable
from models.instants import SECOND, Monotonic

LONGEST = 256
"""Whatever is longer isn't a code."""
_LONG_AGO = Monotonic(0)
_LINE_ENDS = frozenset(b"\r\n\x03")
_HALF_LINE_SECONDS = 1
"""A code comes in one go; what stopped in its middle for so long is the rest of something that failed."""


@dataclass
class CodeLines:
    """Lines that end with CR, LF, both, or ETX, however they are cut into reads.

    Each is handed out as it was said, without its `prefix` and `suffix`; None stands for one that can't be a code:
    too long, not text, or without the prefix or suffix that belongs to it.
    """

    prefix: bytes = b""
    suffix: bytes = b""
    _half: bytearray = field(default_factory=bytearray)
    _overlong: bool = False
    _heard_at: Monotonic = _LONG_AGO

    def feed(self, said: bytes, now: Monotonic) -> Iterator[str | None]:
        if now - self._heard_at > _HALF_LINE_SECONDS * SECOND:
            self.forget()
        self._heard_at = now
        for byte in said:
            if byte not in _LINE_ENDS:
                self._add(byte)
            elif self._half or self._overlong:
                line, overlong = bytes(self._half), self._overlong
                self.forget()
                if overlong or line.strip():
                    yield None if overlong else self._text(line)

    def forget(self) -> None:
        """What was said of a line so far."""
        self._half.clear()
        self._overlong = False

    def _add(self, byte: int) -> None:
        if len(self._half) >= LONGEST + len(self.prefix) + len(self.suffix):
            self._overlong = True
        else:
            self._half.append(byte)

    def _text(self, line: bytes) -> str | None:
        if not (line.startswith(self.prefix) and line.endswith(self.suffix)):
            return None
        bare = line[len(self.prefix) : len(line) - len(self.suffix)]
        try:
            return printable(bare.decode("utf-8")) or None
        except UnicodeDecodeError:
            return None


@dataclass
class Repeats:
    """Tells what is new from what is only still there: a card that lies on its reader is read again and again."""

    after: float
    _heard_at: dict[str, Monotonic] = field(default_factory=dict[str, Monotonic])

    def is_new(self, code: str, now: Monotonic) -> bool:
        """Whether it wasn't heard within the last `after` seconds. Heard it is from now on."""
        self._heard_at = {known: at for known, at in self._heard_at.items() if now - at < self.after * SECOND}
        new = code not in self._heard_at
        self._heard_at[code] = now
        return new
