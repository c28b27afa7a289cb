"""Goes on keeping what reservations were promised: says how many places are kept back, and gives up who didn't come."""

from __future__ import annotations

import asyncio
import sqlite3
from dataclasses import dataclass, field

import structlog

from edge.parking.reservations import quota
from edge.parking.reservations.bookings import known_time
from edge.parking.stays.restoring import pending
from edge.patience import within
from edge.store import Store, StoreUnavailable, Transaction
from models.allocation import AS_WRITTEN, Plan
from models.facts import ReservationMissed
from models.ids import ReservationId
from models.instants import Clock, Instant, Reading
from models.reservations.rules import Rules, Window, is_missed

_LOG = structlog.get_logger("edge.reservations")
EVERY_SECONDS = 30.0
"""Places that walk-ins leave are told of so often at most: the cloud sells them some seconds later, no worse."""
_AT_ONCE = 50
_WAITED_FOR = """
    SELECT id, start_time, end_time FROM reservations
    WHERE status = 'BOOKED' AND start_time <= ? ORDER BY start_time, id"""


@dataclass
class KeepsReservations:
    """A part of the daemon."""

    store: Store
    clock: Clock
    rules: Rules
    plan: Plan = AS_WRITTEN
    _stale: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self._stale.clear()
            try:
                await self.renew()
            except StoreUnavailable as wrong:
                _LOG.error("reservations.store_unavailable", why=str(wrong))
            await within(EVERY_SECONDS, self._stale.wait(), self.clock)

    def policy_changed(self) -> None:
        """The cloud has asked for something else."""
        self._stale.set()

    async def renew(self) -> None:
        """Raises StoreUnavailable. Nothing is written where there is nothing to say."""
        now = self.clock.read()
        if await self.store.read(lambda look: bool(_to_tell(look, now, self.plan) or _missed(look, now, self.rules))):
            await self.store.write(lambda tx: keep(tx, self.rules, self.plan))


def keep(tx: Transaction, rules: Rules, plan: Plan = AS_WRITTEN) -> None:
    """Put on record who didn't come, and what is kept back now."""
    for reservation in _missed(tx.connection, tx.at, rules)[:_AT_ONCE]:
        tx.record(ReservationMissed(reservation=reservation, at=tx.at.wall))
    if _to_tell(tx.connection, tx.at, plan):
        quota.settle(tx, plan)


def _to_tell(connection: sqlite3.Connection, at: Reading, plan: Plan) -> bool:
    """A lot that waits to be told who is inside promises nothing yet."""
    return pending(connection) is None and bool(quota.changes(connection, at, plan))


def _missed(connection: sqlite3.Connection, at: Reading, rules: Rules) -> list[ReservationId]:
    now = known_time(connection, at)
    if now[0] is None:
        return []
    rows = connection.execute(_WAITED_FOR, (now[0],)).fetchall()
    windows = ((row["id"], Window(Instant(row["start_time"]), Instant(row["end_time"]))) for row in rows)
    return [ReservationId(id) for id, window in windows if is_missed(window, now, rules)]
