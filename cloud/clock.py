"""The machine's own clock, as the cloud's servers have it: kept right by a time server."""

from __future__ import annotations

import asyncio
import time
import uuid

from models.instants import Instant, Monotonic, Reading


class SystemClock:
    """A `models.instants.Clock` that reads the machine; the one place in the cloud that does."""

    def __init__(self) -> None:
        self._boot_id = str(uuid.uuid4())

    def read(self) -> Reading:
        wall = Instant(time.time_ns() // 1000)  # noqa: TID251
        return Reading(self._boot_id, self.monotonic(), wall, synced=True)

    def monotonic(self) -> Monotonic:
        return Monotonic(time.monotonic_ns() // 1000)  # noqa: TID251

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)  # noqa: TID251
