"""Signs of a few text lines over serial or TCP. Tested against: pty and TCP peers; hardware: none yet."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from drivers.contract import DriverContext, DriverError, Sign
from drivers.over_serial.kept_open import KeptOpen, within
from drivers.over_serial.stream import Stream
from drivers.over_serial.template import LineBytes, PlainBytes, filled, names_a_row
from drivers.over_serial.two_places import TwoPlacesSettings
from drivers.post.plain_text import printable, spelled
from drivers.post.sign_pages import Overflow, Page, pages
from drivers.values import Seconds
from models.faults import Fault
from models.instants import SECOND

WRITE_SECONDS = 3.0

UNREACHABLE = Fault(
    code="sign.unreachable",
    meaning="The sign doesn't take what it should show",
    look_at="Power and cable of the sign or of the converter before it; its address or port; the group dialout",
    does="The lane works on; the sign shows what it showed last, or nothing",
    ends="The sign is there again, and shows the newest text",
)


class Protocol(StrEnum):
    """How a line of text is wrapped up for the sign."""

    PLAIN = "plain"
    """Each line as it is, with CR LF behind it"""
    STX_ETX_XOR = "stx_etx_xor"
    """STX, the line's number, the text, ETX, and all of these but STX joined by exclusive or"""


_LINES = {Protocol.PLAIN: "{text}\r\n", Protocol.STX_ETX_XOR: "\x02{row}{text}\x03{xor}"}


class LineDisplaySettings(TwoPlacesSettings):
    """A sign that is told its text line by line."""

    contract: ClassVar[type] = Sign
    faults: ClassVar[tuple[Fault, ...]] = (UNREACHABLE,)
    its_name: ClassVar[str] = "the sign"

    driver: Literal["line_display"] = "line_display"
    lines: Annotated[int, Field(ge=1, le=4)] = 2
    """How many lines of text it has"""
    width: Annotated[int, Field(ge=4, le=80)] = 20
    """How many characters stand in one line"""
    encoding: Literal["ascii", "latin-1", "cp437", "utf-8"] = "ascii"
    """Which letters it has; others are shown as the nearest that it has"""
    protocol: Protocol = Protocol.PLAIN
    """plain: each line with CR LF behind it, all of them at each change; stx_etx_xor: STX, number, text, ETX, check"""
    line: LineBytes | None = None
    """For a sign with a protocol of its own: what is sent for one line. {text} is the line; {row} and {row0} are its
    number, from 1 and from 0; {xor} and {sum} are a check over all before it but the first byte, {xor_hex} and
    {sum_hex} the same as two digits; \\x02, \\r, \\n, \\e and such are bytes. With {row}, only lines that changed are
    sent, filled up with spaces"""
    clear: PlainBytes = ""
    """What empties the sign: sent at each connection, and before each text when lines have no number"""
    overflow: Overflow = Overflow.WRAP
    """A text that doesn't fit: wrap (on the next line, then on the next page) or scroll (word by word)"""
    turn_every: Annotated[Seconds, Field(ge=0.2, le=60)] = 2.0
    """How long a page, or a step of scrolling, stays"""
    repeat_every: Annotated[Seconds, Field(ge=1, le=86400)] | None = None
    """For a sign that forgets its text when its power fails: all of it is sent again after so long"""

    def build(self, context: DriverContext) -> LineDisplay:
        return LineDisplay(self, context)


class LineDisplay:
    """Holds the newest text; one task brings the sign to it, page by page, as long as the sign is there."""

    def __init__(self, settings: LineDisplaySettings, context: DriverContext) -> None:
        self._settings, self._context = settings, context
        self._letters = _Letters(settings)
        self._pages: tuple[Page, ...] = ()
        self._changed = asyncio.Event()
        self._there = False
        self._line = KeptOpen(settings.way, context.clock, self._serve, self._lost)

    async def start(self) -> None:
        await self._line.start()

    async def stop(self) -> None:
        """The sign keeps its last text: an empty one would say as little."""
        await self._line.stop()
        self._there = False

    async def show(self, lines: Sequence[str]) -> None:
        """Returns at once: a slow sign doesn't hold up the lane, and one that fails is a fault."""
        wanted = self._letters.pages(lines)
        if wanted != self._pages:
            self._pages = wanted
            self._changed.set()
        if not self._there:
            raise DriverError(UNREACHABLE, f"{self._settings.way.name} isn't there; it gets the text when it is")

    def _lost(self, detail: str) -> None:
        self._there = False
        self._context.faults.raised(UNREACHABLE, detail)

    async def _serve(self, stream: Stream) -> None:
        self._there = True
        self._context.faults.cleared(UNREACHABLE)
        tasks = {asyncio.ensure_future(task) for task in (self._keep_showing(stream), _hear_out(stream))}
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            done.pop().result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _keep_showing(self, stream: Stream) -> None:
        clock, repeat_every = self._context.clock, self._settings.repeat_every
        shown: Page | None = None
        turns, turn, told_at = self._pages, 0, clock.monotonic()
        while True:
            if turns is not self._pages:
                turns, turn = self._pages, 0
            if repeat_every is not None and clock.monotonic() - told_at >= repeat_every * SECOND:
                shown = None
            if turns:
                page = turns[turn % len(turns)]
                if shown is None:
                    told_at = clock.monotonic()
                await self._send(stream, self._letters.change(shown, page))
                shown, turn = page, turn + 1
            await self._next_change(len(turns) > 1)

    async def _send(self, stream: Stream, words: bytes) -> None:
        if words:
            await within(self._context.clock, WRITE_SECONDS, stream.write(words))

    async def _next_change(self, turning: bool) -> None:
        waits = [wait for wait in (self._settings.turn_every if turning else None, self._settings.repeat_every) if wait]
        changed = asyncio.ensure_future(self._changed.wait())
        patience = [asyncio.ensure_future(self._context.clock.sleep(min(waits)))] if waits else []
        try:
            await asyncio.wait([changed, *patience], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (changed, *patience):
                task.cancel()
            await asyncio.gather(changed, *patience, return_exceptions=True)
        self._changed.clear()


async def _hear_out(stream: Stream) -> None:
    """What a sign says is of no interest, but that it has gone is."""
    while True:
        await stream.read()


class _Letters:
    """Text as this sign is told it. Pure."""

    def __init__(self, settings: LineDisplaySettings) -> None:
        self._settings = settings
        self._line = settings.line or _LINES[settings.protocol]
        self._numbered = names_a_row(self._line)
        self._clear = filled(settings.clear, 0, b"")

    def pages(self, lines: Sequence[str]) -> tuple[Page, ...]:
        settings = self._settings
        legible = [spelled(printable(line), settings.encoding) for line in lines]
        return pages(legible, settings.lines, settings.width, settings.overflow)

    def change(self, shown: Page | None, page: Page) -> bytes:
        """What turns `shown`, or a sign that shows nobody knows what, into `page`."""
        if page == shown:
            return b""
        if self._numbered and shown is not None:
            return b"".join(self._told(row, text) for row, text in enumerate(page) if text != shown[row])
        return self._clear + b"".join(self._told(row, text) for row, text in enumerate(page))

    def _told(self, row: int, text: str) -> bytes:
        if self._numbered:
            text = text.ljust(self._settings.width)
        return filled(self._line, row + 1, text.encode(self._settings.encoding))
