"""How the walk speaks with a person: questions on a terminal, or nobody there at all."""

from __future__ import annotations

import asyncio
import os
import sys
import termios
from collections.abc import Callable
from enum import Enum
from typing import Protocol

from rich.console import Console
from rich.live import Live
from rich.text import Text

from drivers.post.plain_text import printable
from models.instants import SECOND, Clock, Monotonic

_LOOK_SECONDS = 0.1
_LONGEST_LINE = 1024


class Ended(Enum):
    """How a watch ended."""

    SEEN = "seen"
    ENTER = "enter"
    """The person pressed Enter"""
    OVER = "over"
    """Its time"""


class HungUp(Exception):
    """Nobody is at the terminal any more."""


class Voice(Protocol):
    @property
    def attended(self) -> bool:
        """Whether somebody is there to see and to press."""
        ...

    def say(self, text: str) -> None: ...

    async def ask(self, question: str) -> str:
        """What is answered to it; what was typed before it was asked is no answer. Raises HungUp."""
        ...

    async def watch(self, shows: Callable[[], str], seen: Callable[[], bool], seconds: float) -> Ended:
        """Show a line as it changes until `seen`, Enter or the end of the time. Raises HungUp."""
        ...


class Nobody:
    """A script runs it: questions have no answer, and waits are short."""

    attended = False

    def __init__(self, clock: Clock, longest: float) -> None:
        self._clock, self._longest = clock, longest

    def say(self, text: str) -> None: ...

    async def ask(self, question: str) -> str:
        return ""

    async def watch(self, shows: Callable[[], str], seen: Callable[[], bool], seconds: float) -> Ended:
        ends = self._clock.monotonic() + round(min(seconds, self._longest) * SECOND)
        while self._clock.monotonic() < ends:
            if seen():
                return Ended.SEEN
            await self._clock.sleep(_LOOK_SECONDS)
        return Ended.SEEN if seen() else Ended.OVER


class Terminal:
    """A person at a terminal."""

    attended = True

    def __init__(self, console: Console, clock: Clock) -> None:
        self._console, self._clock = console, clock
        self._keyboard = sys.stdin.fileno()
        self._typed = ""

    def say(self, text: str) -> None:
        self._console.print(Text(text), soft_wrap=False)

    async def ask(self, question: str) -> str:
        self._forget_what_was_typed()
        self._console.print(Text(f"{question} ", style="bold"), end="")
        return await self._line()

    async def watch(self, shows: Callable[[], str], seen: Callable[[], bool], seconds: float) -> Ended:
        self._forget_what_was_typed()
        ends = Monotonic(self._clock.monotonic() + round(seconds * SECOND))
        enter = asyncio.ensure_future(self._line())
        try:
            await self._show(shows, lambda: enter.done() or seen(), ends)
            if seen():
                return Ended.SEEN
            if enter.done():
                enter.result()
                return Ended.ENTER
            return Ended.OVER
        finally:
            enter.cancel()
            await asyncio.gather(enter, return_exceptions=True)

    async def _show(self, shows: Callable[[], str], enough: Callable[[], bool], ends: Monotonic) -> None:
        shown = ""
        with Live(console=self._console, auto_refresh=False, transient=True) as live:
            while not enough() and (now := self._clock.monotonic()) < ends:
                line = _with_what_is_left(shows(), ends - now)
                if line != shown:
                    live.update(Text(line), refresh=True)
                shown = line
                await self._clock.sleep(_LOOK_SECONDS)

    def _forget_what_was_typed(self) -> None:
        self._typed = ""
        termios.tcflush(self._keyboard, termios.TCIFLUSH)

    async def _line(self) -> str:
        while "\n" not in self._typed:
            self._typed += await self._more()
        line, _, self._typed = self._typed.partition("\n")
        return printable(line).strip()

    async def _more(self) -> str:
        loop = asyncio.get_running_loop()
        ready: asyncio.Future[None] = loop.create_future()
        loop.add_reader(self._keyboard, lambda: None if ready.done() else ready.set_result(None))
        try:
            await ready
        finally:
            loop.remove_reader(self._keyboard)
        try:
            said = os.read(self._keyboard, _LONGEST_LINE)
        except OSError as error:
            raise HungUp from error
        if not said:
            raise HungUp
        return said.decode("utf-8", errors="replace")


def _with_what_is_left(line: str, left: int) -> str:
    return f"{line}   (Enter: go on; {max(0, left) // SECOND} s left)"
