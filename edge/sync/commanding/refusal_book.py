"""Puts refused commands on record, each by itself, without letting a flood of them slow the gate or fill the disk."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from drivers.contract import FaultReporter
from edge.store import Store, Transaction
from edge.store.keep_writing import keep_writing
from edge.sync.commanding.verdict import Came, Refused
from edge.sync.faults import COMMANDS_REFUSED
from models.commands import CommandRefusal
from models.facts import CommandRefused
from models.instants import SECOND, Clock, Monotonic

_LOG = structlog.get_logger("edge.sync")
TOGETHER_SECONDS = 0.25
"""Refusals that come within this time share a transaction."""
AT_ONCE = 100
"""A transaction of more would keep a driver waiting at the gate."""
BREATH_SECONDS = 0.02
"""Between two transactions the store belongs to the lanes."""
ONE_BY_ONE = 20_000
"""So many in a row are recorded one by one; about as many a day."""
ONE_MORE_EVERY_SECONDS = 4
COUNTED_EVERY_SECONDS = 60.0


@dataclass
class Budget:
    """A store of permissions that refills slowly. Its time is passed in."""

    at: Monotonic
    left: float = ONE_BY_ONE

    def spend(self, now: Monotonic) -> bool:
        """Whether there is one left."""
        gained = (now - self.at) / (ONE_MORE_EVERY_SECONDS * SECOND)
        self.left, self.at = min(float(ONE_BY_ONE), self.left + gained), now
        if self.left < 1:
            return False
        self.left -= 1
        return True


@dataclass(frozen=True, slots=True)
class Noted:
    """What is put on record of a refusal, or of many of one reason."""

    reason: CommandRefusal
    digest: str | None = None
    size: int | None = None
    command: str | None = None
    lane: str | None = None
    by: str | None = None
    times: int = 1


class RefusalBook:
    """Beyond the budget refusals are counted, and the counts recorded once a minute."""

    def __init__(self, store: Store, clock: Clock, faults: FaultReporter) -> None:
        self._store, self._clock, self._faults = store, clock, faults
        self._budget = Budget(clock.monotonic())
        self._waiting: deque[Noted] = deque()
        self._counted: Counter[CommandRefusal] = Counter()
        self.refused: Counter[CommandRefusal] = Counter()
        """Since the start"""
        self._work = asyncio.Event()

    def note(self, came: Came, refused: Refused) -> None:
        """Never blocks; on record soon."""
        self.refused[refused.reason] += 1
        if refused.reason.hostile:
            self._faults.raised(COMMANDS_REFUSED, refused.reason.value.meaning)
        if self._budget.spend(self._clock.monotonic()):
            self._waiting.append(_noted(came, refused))
            self._work.set()
        else:
            self._counted[refused.reason] += 1

    def count(self, reason: CommandRefusal) -> None:
        """One that nobody looked at."""
        self.refused[reason] += 1
        self._counted[reason] += 1

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as parts:
            for part in (self._write_one_by_one(), self._write_counts()):
                parts.create_task(part)

    async def _write_one_by_one(self) -> None:
        while True:
            await self._work.wait()
            await self._clock.sleep(TOGETHER_SECONDS)
            self._work.clear()
            while self._waiting:
                batch = [self._waiting.popleft() for _ in range(min(AT_ONCE, len(self._waiting)))]
                await keep_writing(self._store, lambda tx, batch=batch: _record(tx, batch), self._clock)
                _LOG.warning("commands.refused", **_by_reason(batch))
                await self._clock.sleep(BREATH_SECONDS)

    async def _write_counts(self) -> None:
        while True:
            await self._clock.sleep(COUNTED_EVERY_SECONDS)
            if self._counted:
                counts = [Noted(reason, times=times) for reason, times in self._counted.items()]
                self._counted.clear()
                await keep_writing(self._store, lambda tx, counts=counts: _record(tx, counts), self._clock)


def _noted(came: Came, refused: Refused) -> Noted:
    command = refused.command
    if command is None:
        return Noted(refused.reason, came.digest, came.size)
    return Noted(refused.reason, came.digest, came.size, str(command.id), command.lane, command.by)


def _by_reason(batch: Sequence[Noted]) -> dict[str, int]:
    return dict(Counter(noted.reason.name.lower() for noted in batch))


def _record(tx: Transaction, batch: Sequence[Noted]) -> None:
    for noted in batch:
        tx.record(
            CommandRefused(
                reason=_as_recorded(tx, noted).name,
                command=noted.command,
                lane=noted.lane,
                by=noted.by,
                digest=noted.digest,
                size=noted.size,
                times=noted.times,
                at=tx.at.wall,
            )
        )


def _as_recorded(tx: Transaction, noted: Noted) -> CommandRefusal:
    """After a restart the nonces of before are unknown; the records still know a command that was taken then."""
    if noted.reason is not CommandRefusal.UNKNOWN_NONCE or noted.command is None:
        return noted.reason
    taken = tx.connection.execute("SELECT 1 FROM taken_commands WHERE id = ?", (noted.command,)).fetchone()
    return noted.reason if taken is None else CommandRefusal.REPLAYED
