"""A machine whose clock can't be trusted, in a world where the true time is known; the lot's own clock and store run on
it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from random import Random

from edge.clock import SystemClock
from edge.lot_clock import clock_of
from edge.parking.places.layout import declare
from edge.parking.stays.restoring import take_over
from edge.parking.stays.unresolved import settle_after_restart
from edge.store import Store, Transaction
from edge.timekeeping import Timekeeper, learn
from models.facts import DaemonStarted
from models.instants import HOUR, SECOND, Instant, Monotonic
from models.wire.restoring import KnownStay
from tests.edge.lots import LOT, a_level, declared

DAY = 24 * HOUR
IN_2099 = Instant(4_090_000_000 * SECOND)
_PLAN = (a_level(0, REGULAR=60),)


class Battery(StrEnum):
    """What the machine's wall clock says when the power comes back."""

    NONE = "none"
    """1970"""
    GOOD = "good"
    DRIFTED = "drifted"
    DEAD = "dead"
    """2099"""
    STOOD_STILL = "stood still"
    """Where it was when the power failed"""


@dataclass
class Run:
    """One boot, as it really was. `genuine`: a time server told the truth; `false`: it lied, and nobody knows yet."""

    began: int
    ended: int | None = None
    genuine: bool = False
    false: bool = False


@dataclass
class Machine:
    """A `Kernel`: `now` is the true time, `error` what the wall clock adds to it."""

    now: int
    runs: list[Run] = field(default_factory=list[Run])
    error: int = 0
    synced: bool = False

    @property
    def run(self) -> Run:
        return self.runs[-1]

    @property
    def boot_id(self) -> str:
        return f"boot-{len(self.runs)}"

    def since_boot(self) -> Monotonic:
        return Monotonic(self.now - self.run.began)

    def wall(self) -> Instant:
        return Instant(self.now + self.error)

    def is_synced(self) -> bool:
        return self.synced

    def starts(self, battery: Battery, chance: Random) -> None:
        stood_still = self.error - (self.now - (self.run.ended or self.now)) if self.runs else -self.now
        self.runs.append(Run(self.now))
        self.synced = False
        self.error = {
            Battery.NONE: -self.now,
            Battery.GOOD: chance.randint(-2, 2) * SECOND,
            Battery.DRIFTED: chance.randint(-3 * DAY, 3 * DAY),
            Battery.DEAD: IN_2099 - self.now,
            Battery.STOOD_STILL: stood_still,
        }[battery]

    def hears_a_server(self, lie: int = 0) -> None:
        self.error, self.synced = lie, True
        self.run.genuine, self.run.false = lie == 0, lie != 0

    def is_set_by_hand(self, error: int) -> None:
        """Linux takes it for unsynced from then on."""
        self.error, self.synced = error, False

    def ran_between(self, begun: int, ended: int) -> int:
        """How long it was on between two true times."""
        spans = ((max(run.began, begun), min(ended if run.ended is None else run.ended, ended)) for run in self.runs)
        return sum(max(until - since, 0) for since, until in spans)


class Site:
    """The daemon's clock, store and timekeeping on that machine. Nothing sleeps."""

    def __init__(self, folder: Path, machine: Machine) -> None:
        self.path, self.machine = folder / "lot.sqlite", machine
        self.store: Store
        self.clock: SystemClock
        self._timekeeper: Timekeeper

    def start(self) -> None:
        self.clock = clock_of(self.path, self.machine)
        # What this shows is what is written, not whether it survives: that is for other chaos.
        self.store = Store(self.path, LOT, self.clock, synchronous="OFF")
        self.store.write_now(self._begin)
        self._timekeeper = Timekeeper(self.store, self.clock)

    def stop(self) -> None:
        self.store.close()

    def gets_a_new_card(self, stays: Sequence[KnownStay]) -> None:
        """The store is lost with the card, and the cloud tells the new one who is inside."""
        for file in self.path.parent.glob(f"{self.path.name}*"):
            file.unlink()
        self.start()
        assert self.store.write_now(lambda tx: take_over(tx, stays)) == []

    async def look(self) -> None:
        while await self._timekeeper.look():
            pass

    def _begin(self, tx: Transaction) -> None:
        learn(tx)
        tx.record(DaemonStarted(release="chaos", at=tx.at.wall))
        declare(tx, declared(_PLAN), _PLAN)
        settle_after_restart(tx)
