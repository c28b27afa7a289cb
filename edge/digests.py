"""Has the lot's state digested now and then: often enough that a difference is known the same hour."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

import structlog

from edge.parking.stays.restoring import pending
from edge.store import Store, StoreUnavailable, journal
from edge.store.digests import digest
from models.facts import StateDigested
from models.instants import SECOND, Clock, Monotonic

_LOG = structlog.get_logger("edge.digests")
LOOK_EVERY_SECONDS = 60.0
EVERY_FACTS = 500
AT_LEAST_EVERY = 15 * 60 * SECOND


@dataclass(frozen=True, slots=True)
class LastDigest:
    """How long ago the state was digested, None: not since the start; and whether the last try failed."""

    age_seconds: float | None
    failed: bool


class Digests:
    """A part of the daemon. A lot that waits for the cloud to tell it what it was would only be found to differ."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._written_at: Monotonic | None = None
        self._failed = False

    @property
    def last(self) -> LastDigest:
        age = None if self._written_at is None else (self._clock.monotonic() - self._written_at) / SECOND
        return LastDigest(age, self._failed)

    async def run(self) -> None:
        """Until cancelled. The first one is written at once."""
        while True:
            try:
                await self.write_if_due()
            except StoreUnavailable as wrong:
                _LOG.error("digest.store_unavailable", why=str(wrong))
            await self._clock.sleep(LOOK_EVERY_SECONDS)

    async def write_if_due(self) -> None:
        if await self._store.read(pending) is not None:
            return
        if self._is_late() or await self._store.read(_facts_since) >= EVERY_FACTS:
            await self.write()

    async def write(self) -> None:
        """Raises StoreUnavailable."""
        self._failed = True
        await self._store.write(digest, spare_reserve=True, alone=True)
        self._written_at, self._failed = self._clock.monotonic(), False

    async def write_last(self) -> None:
        """At an orderly stop: what the next run begins with can be compared with what this one left."""
        try:
            if await self._store.read(pending) is None and await self._store.read(_facts_since) > 0:
                await self.write()
        except StoreUnavailable as wrong:
            _LOG.error("digest.store_unavailable", why=str(wrong))

    def _is_late(self) -> bool:
        return self._written_at is None or self._clock.monotonic() - self._written_at >= AT_LEAST_EVERY


def _facts_since(connection: sqlite3.Connection) -> int:
    """How many facts the ledger has gained since its last digest; no more than EVERY_FACTS are looked at."""
    head = journal.head_of(connection, "ledger")
    if head is None:
        return 0
    row = connection.execute(
        "SELECT max(seq) AS last FROM journal WHERE stream_id = ? AND seq > ? AND type = ?",
        (head.stream_id, head.seq - EVERY_FACTS, StateDigested.type),
    ).fetchone()
    return head.seq - (row["last"] or max(0, head.seq - EVERY_FACTS))
