"""Puts refused commands on record, each by itself, without letting a flood of them slow the gate or fill the disk."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from drivers.contract import FaultReporter
from edge.patience import within
from edge.store import Store, Transaction
from edge.store.keep_writing import keep_writing
from edge.sync.commanding.verdict import Came, Refused
from edge.sync.faults import COMMANDS_REFUSED
from models.commands import CommandRefusal
from models.facts import CommandRefused
from models.facts.lanes import LONGEST_TEXT
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
LAST_SECONDS = 5.0
"""So long a stop waits for the last of them."""


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
    given_reason: str | None = None
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
        self._under_way: asyncio.Future[None] | None = None

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
        """Until cancelled; what is still to be written then, is."""
        try:
            async with asyncio.TaskGroup() as parts:
                for part in (self._write_now_and_then(), self._count_now_and_then()):
                    parts.create_task(part)
        finally:
            if not await within(LAST_SECONDS, self._write_the_last(), self._clock):
                _LOG.error("commands.refusals_not_recorded", waiting=len(self._waiting))
                if self._under_way is not None:
                    self._under_way.cancel()

    async def _write_now_and_then(self) -> None:
        while True:
            await self._work.wait()
            await self._clock.sleep(TOGETHER_SECONDS)
            self._work.clear()
            await self._write_waiting()

    async def _count_now_and_then(self) -> None:
        while True:
            await self._clock.sleep(COUNTED_EVERY_SECONDS)
            self._sum_up()

    def _sum_up(self) -> None:
        self._waiting.extend(Noted(reason, times=times) for reason, times in self._counted.items())
        self._counted.clear()
        self._work.set()

    async def _write_the_last(self) -> None:
        self._sum_up()
        if self._under_way is not None:
            await self._under_way
        await self._write_waiting()

    async def _write_waiting(self) -> None:
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(AT_ONCE, len(self._waiting)))]
            # A stop cuts nothing off half way: nobody would know whether it is written.
            self._under_way = asyncio.ensure_future(self._write(batch))
            await asyncio.shield(self._under_way)
            await self._clock.sleep(BREATH_SECONDS)

    async def _write(self, batch: Sequence[Noted]) -> None:
        await keep_writing(self._store, lambda tx: _record(tx, batch), self._clock, spare_reserve=True)
        _LOG.warning("commands.refused", **_by_reason(batch))


def _noted(came: Came, refused: Refused) -> Noted:
    command = refused.command
    if command is None:
        return Noted(refused.reason, came.digest, came.size)
    given = command.reason[:LONGEST_TEXT]
    return Noted(refused.reason, came.digest, came.size, str(command.id), command.lane, command.by, given)


def _by_reason(batch: Sequence[Noted]) -> dict[str, int]:
    times: Counter[str] = Counter()
    for noted in batch:
        times[noted.reason.name.lower()] += noted.times
    return dict(times)


def _record(tx: Transaction, batch: Sequence[Noted]) -> None:
    for noted in batch:
        tx.record(
            CommandRefused(
                reason=_as_recorded(tx, noted).name,
                command=noted.command,
                lane=noted.lane,
                by=noted.by,
                given_reason=noted.given_reason,
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
