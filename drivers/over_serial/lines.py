"""Scanners and card readers that say one code a line over a serial line: what all of them have in common."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Annotated

from pydantic import AfterValidator, Field

from drivers.contract import DriverContext
from drivers.over_serial.kept_open import KeptOpen
from drivers.over_serial.stream import SerialSettings, Stream, Way
from drivers.over_serial.template import PlainBytes, filled
from drivers.post.code_lines import CodeLines, Repeats
from drivers.settings import DriverSettings
from drivers.values import Seconds
from models.faults import Fault
from models.instants import Clock


def _short(written: str) -> str:
    if len(written) > 32:
        raise ValueError("at most 32 characters are expected")
    return written


Mark = Annotated[PlainBytes, AfterValidator(_short)]
"""What stands before or behind every code."""


class LineReaderSettings(SerialSettings, DriverSettings):
    """What all readers on a serial line have in common."""

    prefix: Mark = ""
    """What the device puts before every code, such as "]Q1" or "\\x02"; a code without it isn't believed"""
    suffix: Mark = ""
    """What the device puts behind every code before the end of the line; a code without it isn't believed"""
    repeat_after: Seconds = Field(default=2.0, le=60)
    """The same code counts again when it hasn't been read for so long: it may only have stayed there"""

    @property
    def claims(self) -> dict[str, str]:
        return {"port": self.serial_claim}

    def code_lines(self) -> CodeLines:
        return CodeLines(filled(self.prefix, 0, b""), filled(self.suffix, 0, b""))


class Hearers:
    """Who wants to know of a code, told once however long it stays at the reader."""

    def __init__(self, clock: Clock, repeat_after: float) -> None:
        self._clock = clock
        self._repeats = Repeats(repeat_after)
        self._hearers: list[Callable[[str], None]] = []

    def add(self, heard: Callable[[str], None]) -> None:
        self._hearers.append(heard)

    def tell(self, code: str) -> None:
        if self._repeats.is_new(code, self._clock.monotonic()):
            for heard in self._hearers:
                # A hearer's mistake is asyncio's to report; it doesn't silence the reader.
                asyncio.get_running_loop().call_soon(heard, code)


class LineReader:
    """Keeps the line open and hears what is said; what a line means, the driver says in `understood`."""

    def __init__(self, way: Way, lines: CodeLines, repeat_after: float, unreachable: Fault, context: DriverContext):
        self._context, self._lines, self._unreachable = context, lines, unreachable
        self._hearers = Hearers(context.clock, repeat_after)
        self._line = KeptOpen(way, context.clock, self._hear, self._lost)

    async def start(self) -> None:
        await self._line.start()

    async def stop(self) -> None:
        await self._line.stop()

    def understood(self, line: str | None) -> str | None:
        """The code that the line stands for; None when it stands for none, after the fault was reported."""
        raise NotImplementedError

    async def _hear(self, stream: Stream) -> None:
        self._lines.forget()
        self._context.faults.cleared(self._unreachable)
        while True:
            said = await stream.read()
            for line in self._lines.feed(said, self._context.clock.monotonic()):
                code = self.understood(line)
                if code is not None:
                    self._hearers.tell(code)

    def _lost(self, detail: str) -> None:
        self._context.faults.raised(self._unreachable, detail)
