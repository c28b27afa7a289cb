"""The function that sells without one of its safeguards, asked directly: the oracle must find each lack.

Many connections are let go at one moment for the last place. A pause between the counting and the selling makes the
race certain; with the pause alone, the lock still there, nothing may be found.
"""

from __future__ import annotations

import asyncio
import secrets
import uuid
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress

import asyncpg

from cloud.booking.selling import NotSold, Request, Wanted, sell
from cloud.clock import SystemClock
from cloud.db import connect
from models.ids import LotId, ReservationId, uuid7
from models.instants import HOUR, Instant
from models.reservations.peak import Span
from tests.chaos.booking_oracle import Oracle, Place, Verdict, Wish
from tests.chaos.booking_site import TYPE, Site

Change = tuple[str, str]

PAUSE: Change = ("    INSERT INTO", "    PERFORM pg_sleep(0.05);\n    INSERT INTO")
NO_LOCK: Change = (" FOR NO KEY UPDATE", "")
NO_CAPACITY: Change = ("    IF free <= 0 THEN", "    IF false THEN")
NO_KEY: Change = ("key, by_whom, at, hold, CASE", "NULL, by_whom, at, hold, CASE")
_AT_ONCE, _ROUNDS, _ROUNDS_WITH_LOCK = 8, 40, 2
_MINUTE = 60_000_000


async def controls(site: Site) -> dict[str, bool]:
    """Of each safeguard whether its lack is found, and whether nothing is found while all are there."""
    without_lock = await _raced(site, [NO_LOCK, PAUSE], _ROUNDS)
    with_lock = await _raced(site, [PAUSE], _ROUNDS_WITH_LOCK)
    without_key = await _raced(site, [NO_KEY], _ROUNDS)
    return {"LOCK": without_lock.oversold > 0, "KEY": without_key.twice > 0, "NONE": with_lock.clean}


async def _raced(site: Site, changes: Sequence[Change], rounds: int) -> Verdict:
    """Round after round, each at an hour of its own, until the oracle finds something."""
    async with AsyncExitStack() as opened:
        connections = [await connect.connection(site.settings, "chaos") for _ in range(_AT_ONCE)]
        for connection in connections:
            opened.push_async_callback(connection.close)
        whole = str(await connections[0].fetchval("SELECT pg_get_functiondef('book_place_v1'::regproc)"))
        await connections[0].execute("TRUNCATE reservations")
        await connections[0].execute(changed(whole, changes))
        opened.push_async_callback(connections[0].execute, whole)
        race = _Race(site, connections, await _tenant(connections[0], site))
        for number in range(rounds):
            await race.round(number)
            if not (await race.verdict()).clean:
                break
        return await race.verdict()


class _Race:
    """One lot's last place, wanted by all connections, by each twice under one key."""

    def __init__(self, site: Site, connections: Sequence[asyncpg.Connection], tenant: str) -> None:
        self._connections, self._tenant = connections, tenant
        self._place: Place = next(iter(site.kept))
        self._places = site.kept[self._place]
        self._now = SystemClock().read().wall
        self._origin = (self._now // HOUR + 2) * HOUR
        self.oracle = Oracle(site.kept)

    async def round(self, number: int) -> None:
        for _ in range(self._places - 1):
            await self._asks_twice(self._connections[0], self._wish(number))
        barrier = asyncio.Barrier(len(self._connections))
        await asyncio.gather(*(self._wants(barrier, one, self._wish(number)) for one in self._connections))

    async def verdict(self) -> Verdict:
        return self.oracle.judged(await self._connections[0].fetch("SELECT * FROM reservations"))

    async def _wants(self, barrier: asyncio.Barrier, connection: asyncpg.Connection, wish: Wish) -> None:
        await barrier.wait()
        await self._asks_twice(connection, wish)

    async def _asks_twice(self, connection: asyncpg.Connection, wish: Wish) -> None:
        """Under one key. The first of a round finds room for a second, if the key doesn't keep it from that."""
        await self._asks(connection, wish)
        await self._asks(connection, wish)

    async def _asks(self, connection: asyncpg.Connection, wish: Wish) -> None:
        with suppress(NotSold):
            sold = await sell(connection, self._request(wish))
            self.oracle.accepted(wish, str(sold.reservation))

    def _wish(self, number: int) -> Wish:
        wish = Wish(uuid.uuid4().hex, self._place, number * 60, number * 60 + 60)
        self.oracle.wishes[wish.key] = wish
        return wish

    def _request(self, wish: Wish) -> Request:
        span = Span(Instant(self._origin + wish.begins * _MINUTE), Instant(self._origin + wish.ends * _MINUTE))
        wanted = Wanted(LotId(self._place[0]), TYPE, span, "chaos", key=wish.key)
        id = ReservationId(uuid7(self._now, secrets.token_bytes(10)))
        return Request(self._tenant, wanted, id, secrets.token_hex(32), self._now)


async def _tenant(connection: asyncpg.Connection, site: Site) -> str:
    [lot, _] = next(iter(site.kept))
    return str(await connection.fetchval("SELECT tenant_id FROM standing_intents WHERE lot_id = $1 LIMIT 1", lot))


def changed(text: str, changes: Sequence[Change]) -> str:
    for was, becomes in changes:
        assert was in text, was
        text = text.replace(was, becomes)
    return text
