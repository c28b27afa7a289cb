"""Questions and answers with a device, one JSON object a line; an answer repeats the number of its question."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Callable
from typing import Any

from drivers.over_serial.kept_open import KeptOpen, within
from drivers.over_serial.stream import Stream, Way
from models.instants import Clock

Json = dict[str, Any]
LONGEST = 1 << 16
"""Bytes of a line at most."""


class NoAnswer(Exception):
    """The device isn't there, hung up, or said nothing in time. The text says which."""


class Dialogue:
    """Keeps the device open. An answer that comes too late is nobody's: its number isn't waited for any more.

    `here` is told when the device has been opened, `lost` when it is gone, with the reason for people.
    """

    def __init__(self, way: Way, clock: Clock, here: Callable[[], None], lost: Callable[[str], None]) -> None:
        self._clock, self._here = clock, here
        self._line = KeptOpen(way, clock, self._hear, lost)
        self._numbers = itertools.count(1)
        self._awaited: dict[int, asyncio.Future[Json]] = {}
        self._stream: Stream | None = None
        self._writing = asyncio.Lock()

    async def start(self) -> None:
        await self._line.start()

    async def stop(self) -> None:
        await self._line.stop()

    async def ask(self, question: Json, seconds: float) -> Json:
        """Raises NoAnswer."""
        if self._stream is None:
            raise NoAnswer("it isn't there")
        number = next(self._numbers)
        answer: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self._awaited[number] = answer
        try:
            return await within(self._clock, seconds, self._said(self._stream, {"n": number, **question}, answer))
        except OSError as wrong:
            raise NoAnswer(wrong.strerror or str(wrong)) from wrong
        finally:
            self._awaited.pop(number, None)

    async def _said(self, stream: Stream, question: Json, answer: asyncio.Future[Json]) -> Json:
        async with self._writing:
            await stream.write(json.dumps(question, separators=(",", ":")).encode() + b"\n")
        return await answer

    async def _hear(self, stream: Stream) -> None:
        self._stream, unread = stream, b""
        self._here()
        try:
            while True:
                *lines, unread = (unread + await stream.read()).split(b"\n")
                for line in lines:
                    self._heard(line)
                unread = unread[-LONGEST:]
        finally:
            self._stream = None
            for answer in self._awaited.values():
                if not answer.done():
                    answer.set_exception(ConnectionResetError("it hung up"))

    def _heard(self, line: bytes) -> None:
        try:
            said = json.loads(line)
            answer = self._awaited.get(said["n"])
        except (ValueError, TypeError, KeyError, RecursionError):
            return  # noise on the line: the question is asked again
        if answer is not None and not answer.done():
            answer.set_result(said)
