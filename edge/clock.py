"""The machine's clocks: the one place of the daemon that reads them."""

from __future__ import annotations

import asyncio
import ctypes
import time
from dataclasses import dataclass
from pathlib import Path

from models.instants import Instant, Monotonic, Reading

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_CLOCK_OK, _CLOCK_UNSYNCHRONISED = 0, 5
_TIMEX_BYTES = 256
NEVER = Instant(0)


class SystemClock:
    """Real time. Wall time never starts below `floor`, the last time that this lot's store has seen.

    A Pi without a battery boots in 1970 until a time server answers; the floor keeps its tickets in order.
    """

    def __init__(self, floor: Instant = NEVER) -> None:
        self._boot_id = _BOOT_ID.read_text().strip()
        self._floor = floor

    def read(self) -> Reading:
        wall = max(time.time_ns() // 1000, self._floor)  # noqa: TID251
        return Reading(self._boot_id, self.monotonic(), Instant(wall), kernel_is_synced())

    def monotonic(self) -> Monotonic:
        return Monotonic(time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1000)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)  # noqa: TID251


@dataclass(frozen=True)
class FastClock:
    """A simulation's clock: wall time runs `factor` times as fast from `anchor` on; waits stay real.

    The anchor is a fixed instant of configuration, so that a daemon restarted in mid-run finds the same time.
    """

    real: SystemClock
    anchor: Instant
    factor: int

    def read(self) -> Reading:
        now = self.real.read()
        wall = self.anchor + (now.wall - self.anchor) * self.factor
        return Reading(now.boot_id, now.monotonic, Instant(wall), now.synced)

    def monotonic(self) -> Monotonic:
        return self.real.monotonic()

    async def sleep(self, seconds: float) -> None:
        await self.real.sleep(seconds)


def kernel_is_synced() -> bool:
    """Whether a time server has set this machine's clock (`ntp_adjtime` with nothing to adjust)."""
    state = _LIBC.ntp_adjtime(ctypes.create_string_buffer(_TIMEX_BYTES))
    return _CLOCK_OK <= state < _CLOCK_UNSYNCHRONISED  # -1: it may not be asked, so nothing is known


_LIBC = ctypes.CDLL(None)
