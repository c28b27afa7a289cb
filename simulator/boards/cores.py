"""What relay boards do with the bytes they are sent: relays change, answers come out. Pure: no port, no time."""

from __future__ import annotations

import abc
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Change:
    """A relay has switched."""

    channel: int
    on: bool


@dataclass(frozen=True, slots=True)
class Answer:
    said: bytes


Effect = Change | Answer


class BoardCore(abc.ABC):
    """One board. Its relays bear the numbers that its maker gives them; one that is stuck stays as it is."""

    name: ClassVar[str]

    def __init__(self, channels: range) -> None:
        self.relays = dict.fromkeys(channels, False)
        self.stuck: set[int] = set()
        self._unread = b""

    def feed(self, said: bytes) -> list[Effect]:
        """What follows from these bytes, in order; a command that isn't whole yet is kept."""
        self._unread += said
        return list(self._understand())

    def power_cut(self) -> list[Effect]:
        """The board's own power is gone: all relays fall off, the stuck ones too, and it forgets what it heard."""
        self._unread = b""
        made = [channel for channel, on in self.relays.items() if on]
        self.relays = dict.fromkeys(self.relays, False)
        return [Change(channel, False) for channel in made]

    @abc.abstractmethod
    def _understand(self) -> Iterator[Effect]: ...

    def _take(self, length: int) -> bytes:
        taken, self._unread = self._unread[:length], self._unread[length:]
        return taken

    def _switch(self, channel: int, on: bool) -> Iterator[Change]:
        if channel in self.relays and channel not in self.stuck and self.relays[channel] is not on:
            self.relays[channel] = on
            yield Change(channel, on)


class LcusCore(BoardCore):
    """`A0 nn on sum`; anything else is skipped. Answers nothing."""

    name = "lcus"

    def __init__(self, channels: int = 8) -> None:
        super().__init__(range(1, channels + 1))

    def _understand(self) -> Iterator[Effect]:
        while self._unread:
            if self._unread[0] != 0xA0:
                self._take(1)
                continue
            if len(self._unread) < 4:
                return
            start, channel, on, check = self._take(4)
            if (start + channel + on) % 256 == check and on in (0, 1):
                yield from self._switch(channel, on == 1)


class KmtronicCore(BoardCore):
    """`FF nn 00|01`, and a question that depends on the size of the board."""

    name = "kmtronic"

    def __init__(self, channels: int = 8) -> None:
        super().__init__(range(1, channels + 1))
        self._large = channels > 2

    def _understand(self) -> Iterator[Effect]:
        while self._unread:
            if self._unread[0] != 0xFF:
                self._take(1)
                continue
            if len(self._unread) < 3:
                return
            yield from self._obey(*self._take(3)[1:])

    def _obey(self, channel: int, what: int) -> Iterator[Effect]:
        if self._large and (channel, what) == (9, 0):
            yield Answer(bytes(self.relays.values()))
        elif not self._large and what == 3 and channel in self.relays:
            yield Answer(bytes((0xFF, channel, self.relays[channel])))
        elif what in (0, 1):
            yield from self._switch(channel, what == 1)


class NumatoCore(BoardCore):
    """Lines of text, echoed, each followed by a prompt."""

    name = "numato"

    def __init__(self, channels: int = 16) -> None:
        super().__init__(range(channels))

    def _understand(self) -> Iterator[Effect]:
        while b"\r" in self._unread:
            line, _, self._unread = self._unread.partition(b"\r")
            words = line.decode("ascii", errors="replace").split()
            told: bytes = b""
            match words:
                case ["relay", "on" | "off" as state, sign]:
                    yield from self._switch(_number(sign), state == "on")
                case ["relay", "read", sign] if _number(sign) in self.relays:
                    told = (b"on" if self.relays[_number(sign)] else b"off") + b"\n\r"
                case _:
                    pass
            yield Answer(line + b"\n\r" + told + b">")


def _number(sign: str) -> int:
    """0-9, then capital letters; -1 for anything else."""
    if len(sign) == 1 and (sign.isdigit() or "A" <= sign <= "V"):
        return int(sign, 32)
    return -1


class Rly16Core(BoardCore):
    """One byte a command."""

    name = "rly16"

    def __init__(self, channels: int = 8) -> None:
        super().__init__(range(1, channels + 1))

    def _understand(self) -> Iterator[Effect]:
        for command in self._take(len(self._unread)):
            if command == 0x5B:
                yield Answer(bytes((sum(on << channel - 1 for channel, on in self.relays.items()),)))
            elif command in range(0x65, 0x6D):
                yield from self._switch(command - 0x64, True)
            elif command in range(0x6F, 0x77):
                yield from self._switch(command - 0x6E, False)


CORES: dict[str, type[LcusCore | KmtronicCore | NumatoCore | Rly16Core]] = {
    core.name: core for core in (LcusCore, KmtronicCore, NumatoCore, Rly16Core)
}
