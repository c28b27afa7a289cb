"""The machine's clocks, for the simulator: the one place that reads them."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from models.instants import Instant, Monotonic, Reading

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class RealTime:
    """Real time, as a `models.instants.Clock`."""

    def __init__(self) -> None:
        self._boot_id = _BOOT_ID.read_text().strip() if _BOOT_ID.exists() else "unknown"

    def read(self) -> Reading:
        return Reading(self._boot_id, self.monotonic(), Instant(time.time_ns() // 1000), synced=True)  # noqa: TID251

    def monotonic(self) -> Monotonic:
        return Monotonic(time.monotonic_ns() // 1000)  # noqa: TID251

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)  # noqa: TID251
