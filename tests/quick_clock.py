"""A clock whose seconds are short ones, for parts that wait."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field

from models.instants import SECOND, Instant, Monotonic, Reading

BEGINS = Instant(1_795_000_000 * SECOND)


@dataclass
class QuickClock:
    """`times` as fast as the real one."""

    times: float = 20.0
    began: float = field(default_factory=time.monotonic)

    def monotonic(self) -> Monotonic:
        return Monotonic(round((time.monotonic() - self.began) * self.times * SECOND))

    def wall(self) -> Instant:
        return Instant(BEGINS + self.monotonic())

    def read(self) -> Reading:
        return Reading("boot-1", self.monotonic(), self.wall(), True)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self.times)
