"""Holds this process's shares of the lots as locks of one PostgreSQL session: who dies loses them at once."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress

import asyncpg
import structlog

from cloud.db.connect import UNREACHABLE, connection
from cloud.ingest.fitness import Fitness, looked
from cloud.ingest.sharing import ALL, Member, plan
from cloud.metrics import Metrics
from cloud.settings import CloudSettings
from models.ids import LotId
from models.instants import Clock

log = structlog.get_logger(__name__)

LOOK_SECONDS = 1
FROZEN_MILLISECONDS = 4000
"""A process whose session has been silent for so long is taken for dead: PostgreSQL ends the session."""
PARTING_SECONDS = 2
"""What is being applied for a lot is waited for so long before its share is given up."""
_LOCKS = 0x70617267
"""Sets these advisory locks apart from all others."""
_MEMBER = 1_000
"""The lock that every process has, beside those of its shares."""


class Shares:
    """One process's part of the work. `changed` is called when its shares have, or the lots in them: what it
    holds now, and the lots that are enrolled. `part_with` waits until nothing of these shares is being applied.
    `hears`: whether the broker is there for it; one that has been deaf for long is no member, and holds nothing.

    Locks only divide the work and keep each lot's windows in order. That no fact is applied twice doesn't depend
    on them: the row lock on the stream's cursor sees to it. So a process that can't reach the database keeps on
    believing in its shares until it hears better; while the database is away nobody can take them.
    """

    def __init__(
        self,
        settings: CloudSettings,
        clock: Clock,
        metrics: Metrics,
        changed: Callable[[frozenset[int], frozenset[LotId]], None],
        part_with: Callable[[frozenset[int]], Awaitable[None]],
        hears: Callable[[], bool],
    ) -> None:
        self._settings, self._clock, self._metrics = settings, clock, metrics
        self._changed, self._part_with, self._hears = changed, part_with, hears
        self._fitness = Fitness.at(clock.monotonic())
        self._is_member = False
        self._held: frozenset[int] = frozenset()
        self._lots: frozenset[LotId] = frozenset()
        self._looked = False

    async def run(self) -> None:
        """Until cancelled; a lost session is made anew for ever."""
        while True:
            try:
                await self._in_session()
            except UNREACHABLE as away:
                log.warning("shares.database_away", error=type(away).__name__, held=len(self._held))
            await self._clock.sleep(LOOK_SECONDS)

    async def _in_session(self) -> None:
        session = await connection(self._settings, "parkgate-shares", idle_session_timeout=str(FROZEN_MILLISECONDS))
        try:
            me: Member = session.get_server_pid()
            self._is_member = False
            # Others may have taken them over while this process had no session.
            if self._held:
                self._hold(await _locked(session, self._held))
            while True:
                self._fitness = looked(self._fitness, self._hears(), self._clock.monotonic())
                if self._fitness.may_serve:
                    await self._look(session, me)
                elif self._is_member or self._held:
                    await self._leave(session)
                else:
                    await session.execute("SELECT 1")  # a session that is silent is ended
                await self._clock.sleep(LOOK_SECONDS)
        finally:
            with suppress(*UNREACHABLE):
                await session.close(timeout=1)

    async def _look(self, session: asyncpg.Connection, me: Member) -> None:
        if not self._is_member:
            await session.execute("SELECT pg_advisory_lock_shared($1, $2)", _LOCKS, _MEMBER)
            self._is_member = True
        held = await _holdings(session)
        self._metrics.ingest_processes.set(len(held))
        todo = plan(me, held)
        if todo.give_up:
            await self._give_up(session, todo.give_up)
        taken = await _locked(session, todo.claim)
        self._metrics.shares_taken.inc(len(taken))
        lots = await _enrolled(session)
        if taken or lots != self._lots or not self._looked:
            self._lots, self._looked = lots, True
            self._hold(self._held | taken)

    async def _leave(self, session: asyncpg.Connection) -> None:
        """The others have its lots from now on, and count it no more."""
        log.error("shares.deaf", held=len(self._held), why="it doesn't hear the broker; others are to serve its lots")
        await self._give_up(session, self._held)
        await session.execute("SELECT pg_advisory_unlock_shared($1, $2)", _LOCKS, _MEMBER)
        self._is_member = False

    async def _give_up(self, session: asyncpg.Connection, shares: frozenset[int]) -> None:
        """Hears no more of them, finishes what was begun, and only then lets another have them."""
        self._hold(self._held - shares)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._part_with(shares), PARTING_SECONDS)
        await session.execute("SELECT pg_advisory_unlock($1, share) FROM unnest($2::int[]) share", _LOCKS, [*shares])

    def _hold(self, held: frozenset[int]) -> None:
        if held != self._held:
            log.info("shares.changed", held=len(held), of=len(ALL))
        self._held = held
        self._metrics.shares_held.set(len(held))
        self._changed(held, self._lots)


async def _locked(session: asyncpg.Connection, shares: Iterable[int]) -> frozenset[int]:
    """Those of the shares that could be locked."""
    rows = await session.fetch(
        "SELECT share, pg_try_advisory_lock($1, share) AS ours FROM unnest($2::int[]) share", _LOCKS, [*shares]
    )
    return frozenset(row["share"] for row in rows if row["ours"])


async def _holdings(session: asyncpg.Connection) -> dict[Member, frozenset[int]]:
    """What each process holds, as the database's own table of locks has it."""
    rows = await session.fetch(
        "SELECT pid, objid::int AS share FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 2"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        " AND classid = $1::bigint::oid",
        _LOCKS,
    )
    held: defaultdict[Member, set[int]] = defaultdict(set)
    for row in rows:
        held[row["pid"]].add(row["share"])
    return {pid: frozenset(shares & ALL) for pid, shares in held.items() if _MEMBER in shares}


async def _enrolled(session: asyncpg.Connection) -> frozenset[LotId]:
    return frozenset(LotId(str(row["id"])) for row in await session.fetch("SELECT id FROM parking_lots"))
