"""A lane's timers: one of each kind runs, and a new one takes the place of the one before."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine

from edge.lane.signals import Signal, TimeUp, Which
from models.instants import Clock


class Timers:
    """`spawn` keeps what runs; `hear` is told, on the event loop, of each that rings."""

    def __init__(
        self,
        clock: Clock,
        spawn: Callable[[Coroutine[None, None, None]], asyncio.Task[None]],
        hear: Callable[[Signal], None],
    ) -> None:
        self._clock, self._spawn, self._hear = clock, spawn, hear
        self._running: dict[Which, asyncio.Task[None]] = {}

    def start(self, timer: int, seconds: float, which: Which) -> None:
        before = self._running.pop(which, None)
        if before is not None:
            before.cancel()
        self._running[which] = self._spawn(self._ring(timer, seconds, which))

    async def _ring(self, timer: int, seconds: float, which: Which) -> None:
        await self._clock.sleep(seconds)
        self._running.pop(which, None)  # what rings now can't be cancelled by the timer that it starts
        self._hear(TimeUp(timer, which))
