"""The machine's clocks: the one place of the daemon that reads them."""

from __future__ import annotations

import asyncio
import ctypes
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from models.instants import SECOND, Clock, Instant, Monotonic, Reading

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_CLOCK_OK, _CLOCK_UNSYNCHRONISED = 0, 5
_TIMEX_BYTES = 256
NEVER = Instant(0)
LONGEST_OFF_LINE = 366 * 86400 * SECOND
"""No lot is away from every time server for so long: a clock that says so without one has a dead battery."""


BY_A_PERSON = 2 * SECOND
"""Whoever sets a clock moves it by more."""


class Kernel(Protocol):
    """What the operating system says of the time, believed or not."""

    boot_id: str

    def since_boot(self) -> Monotonic:
        """Goes on while the machine sleeps, and is never set."""
        ...

    def wall(self) -> Instant:
        """Whatever anybody has set it to; 1970 after a start without a battery."""
        ...

    def is_synced(self) -> bool: ...


class Linux:
    """The kernel of this machine."""

    def __init__(self) -> None:
        self.boot_id = _BOOT_ID.read_text().strip()

    def since_boot(self) -> Monotonic:
        return Monotonic(time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1000)

    def wall(self) -> Instant:
        return Instant(time.time_ns() // 1000)  # noqa: TID251

    def is_synced(self) -> bool:
        return kernel_is_synced()


@dataclass(frozen=True, slots=True)
class Remembered:
    """What a lot's store knows of the time when a process starts, each as the wall time at which this boot began.

    `zero`: as a time server said earlier in this boot. `floor`: going by the last time that anything bears, so that
    what comes is dated later than what was. `earliest`: it can't have begun before that, by all that time servers said.
    """

    zero: Instant | None = None
    floor: Instant = NEVER
    earliest: Instant | None = None


class SystemClock:
    """Real time, as far as it is known.

    Once a time server has set the machine's clock, its time holds to the end of this boot: who sets the clock by hand
    later moves nothing. Before that, wall time runs on from what the store remembers, or by the machine's own clock if
    that is ahead: a Pi without a battery boots in 1970, and its tickets keep their order all the same. Where there is
    no time server, a person may set the machine's clock while this runs, forwards or back.
    """

    def __init__(self, remembered: Remembered | None = None, kernel: Kernel | None = None) -> None:
        self._kernel = kernel or Linux()
        self._remembered = remembered or Remembered()
        self._zero = self._remembered.zero
        self._said_at_first = self._kernel.wall() - self._kernel.since_boot()

    def read(self) -> Reading:
        # Asked first: a clock that is set between the two questions has to pass for unsynced, not for right.
        synced = self._kernel.is_synced()
        now, said = self.monotonic(), self._kernel.wall()
        if synced:
            self._zero = Instant(said - now)
            return Reading(self._kernel.boot_id, now, said, synced=True)
        if self._zero is not None:
            return Reading(self._kernel.boot_id, now, Instant(self._zero + now), synced=True)
        was_set = abs(said - now - self._said_at_first) > BY_A_PERSON
        wall = unsynced_wall(self._remembered, now, said, was_set=was_set)
        return Reading(self._kernel.boot_id, now, wall, synced=False)

    @property
    def known(self) -> Remembered:
        """What a process that is started now has to know, to go by the same time as this one."""
        now = self.read()
        began = Instant(now.wall - now.monotonic)
        return Remembered(began if now.synced else None, began, self._remembered.earliest)

    def monotonic(self) -> Monotonic:
        return self._kernel.since_boot()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)  # noqa: TID251


def known_by(clock: Clock) -> Remembered:
    """What another process of this machine has to know of the time; nothing where another time than its own counts."""
    return clock.known if isinstance(clock, SystemClock) else Remembered()


def unsynced_wall(remembered: Remembered, now: Monotonic, said: Instant, *, was_set: bool) -> Instant:
    """The wall time to go by while no time server was heard: never below the floor, and not what can't be.

    `was_set`: somebody has set the machine's clock since this process started, so it goes over what is remembered.
    """
    earliest = NEVER if remembered.earliest is None else Instant(remembered.earliest + now)
    floor = earliest if was_set else Instant(max(remembered.floor + now, earliest))
    if remembered.earliest is not None and said - earliest > LONGEST_OFF_LINE:
        return floor
    return max(floor, said)


@dataclass(frozen=True)
class FastClock:
    """A simulation's clock: its time runs `factor` times as fast, wall time from `anchor` on; waits stay real.

    The anchor is a fixed instant of configuration, so that a daemon restarted in mid-run finds the same time.
    """

    real: SystemClock
    anchor: Instant
    factor: int

    def read(self) -> Reading:
        now = self.real.read()
        wall = self.anchor + (now.wall - self.anchor) * self.factor
        # Stays are measured by it: it has to run as fast as the wall does.
        return Reading(now.boot_id, Monotonic(now.monotonic * self.factor), Instant(wall), now.synced)

    def monotonic(self) -> Monotonic:
        return self.real.monotonic()

    async def sleep(self, seconds: float) -> None:
        await self.real.sleep(seconds)


def kernel_is_synced() -> bool:
    """Whether a time server has set this machine's clock (`ntp_adjtime` with nothing to adjust)."""
    state = _LIBC.ntp_adjtime(ctypes.create_string_buffer(_TIMEX_BYTES))
    return _CLOCK_OK <= state < _CLOCK_UNSYNCHRONISED  # -1: it may not be asked, so nothing is known


_LIBC = ctypes.CDLL(None)
