"""What a scanner types that passes for a keyboard: key events to text, as Linux hands them out. Pure."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from drivers.post.code_lines import LONGEST
from models.instants import SECOND, Monotonic

_EVENT = struct.Struct("@llHHi")
"""`struct input_event` of this machine: a time in two longs, then type, code and value."""
EVENT_BYTES = _EVENT.size

SYN, KEY = 0, 1
SYN_REPORT, SYN_DROPPED = 0, 3
RELEASED, PRESSED = 0, 1
_SHIFTS = frozenset((42, 54))
_ENDS = frozenset((28, 96, 15))
"""Enter, Enter of the number pad, Tab"""
_HALF_CODE_SECONDS = 1
_LONG_AGO = Monotonic(0)

_ROWS = (
    (2, "1234567890-=", "!@#$%^&*()_+"),
    (16, "qwertyuiop[]", "QWERTYUIOP{}"),
    (30, "asdfghjkl;'`", 'ASDFGHJKL:"~'),
    (43, "\\zxcvbnm,./", "|ZXCVBNM<>?"),
    (55, "*", "*"),
    (57, " ", " "),
    (71, "789-456+1230.", "789-456+1230."),
    (98, "/", "/"),
)
"""The US layout, which scanners type unless they are told otherwise: first key code, plain, and with Shift."""
PLAIN = {first + index: letter for first, letters, _ in _ROWS for index, letter in enumerate(letters)}
SHIFTED = {first + index: letter for first, _, letters in _ROWS for index, letter in enumerate(letters)}


@dataclass(frozen=True, slots=True)
class KeyEvent:
    kind: int
    code: int
    value: int


def events(said: bytes) -> Iterator[KeyEvent]:
    """The kernel hands out whole events only; a rest isn't one."""
    whole = len(said) - len(said) % EVENT_BYTES
    for _seconds, _microseconds, kind, code, value in _EVENT.iter_unpack(said[:whole]):
        yield KeyEvent(kind, code, value)


def packed(event: KeyEvent) -> bytes:
    return _EVENT.pack(0, 0, event.kind, event.code, event.value)


@dataclass
class Typed:
    """Codes out of key events; None stands for one that can't be believed: too long, or keys of it were lost."""

    _text: str = ""
    _bad: bool = False
    _lost: bool = False
    """The kernel threw events away, up to and with the next report"""
    _shifts: set[int] = field(default_factory=set[int])
    _heard_at: Monotonic = _LONG_AGO

    def feed(self, event: KeyEvent, now: Monotonic) -> Iterator[str | None]:
        if event.kind == SYN:
            self._synchronise(event.code)
        elif event.kind == KEY and not self._lost:
            yield from self._key(event, now)

    def forget(self) -> None:
        self._text, self._bad, self._lost = "", False, False
        self._shifts.clear()

    def _synchronise(self, code: int) -> None:
        if code == SYN_DROPPED:
            self._bad = self._lost = True
            self._shifts.clear()
        elif code == SYN_REPORT:
            self._lost = False

    def _key(self, event: KeyEvent, now: Monotonic) -> Iterator[str | None]:
        if event.code in _SHIFTS:
            (self._shifts.discard if event.value == RELEASED else self._shifts.add)(event.code)
        elif event.value == PRESSED:
            if now - self._heard_at > _HALF_CODE_SECONDS * SECOND:
                self._text, self._bad = "", False
            self._heard_at = now
            if event.code in _ENDS:
                yield from self._ended()
            else:
                self._press((SHIFTED if self._shifts else PLAIN).get(event.code, ""))

    def _press(self, letter: str) -> None:
        self._text += letter
        if len(self._text) > LONGEST:
            self._text, self._bad = "", True

    def _ended(self) -> Iterator[str | None]:
        text, bad = self._text.strip(), self._bad
        self._text, self._bad = "", False
        if bad or text:
            yield None if bad else text
