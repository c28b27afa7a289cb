"""The lot's money by the clock: reports are compared once a day, and the business day is closed at its time."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

import structlog

from edge.parking.money import cases, closing
from edge.parking.money.comparing import Comparisons, Word
from edge.parking.money.refunds import Refused
from edge.store import Store, StoreUnavailable, Transaction
from models.instants import HOUR, Clock, Instant
from models.tariff.engine.localtime import local_time
from models.tariff.language.written import At

FIRST_AFTER = 300
"""Seconds after the start: the terminals have said by then what became of what was under way."""
LOOK_EVERY = 600
BY_ITSELF = "the lot's clock"
"""Who closes a day that nobody closes by hand."""


@dataclass(frozen=True, slots=True)
class Times:
    """By the lot's own clock. `day_closes` None: only a person closes the day."""

    zone: str
    compares: At
    day_closes: At | None


class MoneyRounds:
    """Looks every ten minutes at what is due."""

    def __init__(self, comparisons: Comparisons, store: Store, clock: Clock, times: Times) -> None:
        self._comparisons, self._store, self._clock, self._times = comparisons, store, clock, times
        self._log = structlog.get_logger("edge.money_rounds")

    async def run(self) -> None:
        """Done once, also where the lot was off for days."""
        await self._comparisons.begin()
        await self._clock.sleep(FIRST_AFTER)
        first = True
        while True:
            try:
                await self.look(first=first)
                first = False
            except StoreUnavailable as wrong:
                self._log.warning("money_rounds.store_unavailable", why=str(wrong))
            await self._clock.sleep(LOOK_EVERY)

    async def look(self, *, first: bool = False) -> None:
        """Do what is due. Where the time isn't known for certain, no report is compared: its window would be wrong."""
        now = self._clock.read()
        if self._times.day_closes is not None:
            await self._close_day(last_time(now.wall, self._times.zone, self._times.day_closes))
        if not now.synced:
            return
        since = last_time(now.wall, self._times.zone, self._times.compares)
        if first or await self._store.read(cases.differ):
            since = max(since, Instant(now.wall - HOUR))
        names = await self._comparisons.due(since)
        if names:
            await self._comparisons.compare(Word(), names=names)

    async def _close_day(self, since: Instant) -> None:
        try:
            await self._store.write(lambda tx: close_if_due(tx, since), alone=True)
        except Refused as wrong:
            self._log.warning("money_rounds.day_not_closed", why=str(wrong))


def last_time(now: Instant, zone: str, when: At) -> Instant:
    """When the lot's clock showed that last."""
    return local_time(zone).last(now, when)


def close_if_due(tx: Transaction, since: Instant) -> bool:
    """Closes the business day unless one was closed since then, or nothing was posted before it at all. Raises Refused
    where it can't be closed yet."""
    if _is_closed(tx.connection, since, tx.at.wall) or not _has_begun(tx.connection, since):
        return False
    closing.close_day(tx, BY_ITSELF)
    return True


def _is_closed(connection: sqlite3.Connection, since: Instant, now: Instant) -> bool:
    """A closing of a later time was dated by a clock that was wrong: it counts for nothing."""
    found = "SELECT 1 FROM closings WHERE what = 'day' AND at >= ? AND at <= ? LIMIT 1"
    return connection.execute(found, (since, now)).fetchone() is not None


def _has_begun(connection: sqlite3.Connection, before: Instant) -> bool:
    begun = "SELECT 1 FROM ledger_entries WHERE at < ? UNION ALL SELECT 1 FROM closings WHERE at < ? LIMIT 1"
    return connection.execute(begun, (before, before)).fetchone() is not None
