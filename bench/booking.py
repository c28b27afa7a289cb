"""Reservations sold a second by 32 clients at 10 lots of 40 places; and how much of the capacity is sold.

Ours is what a process of the cloud does behind its API: what waits at the same time is sold together. The limit of its
pace: the bare update of the quarter-hours' counters in a transaction of the same shape, which locks the lot's row and
puts in a row with its keys, each client with a connection of its own, one question each, no check. Beside it stands the
pace of the counters alone, without lock and row. The limit of the capacity: of each quarter of
an hour all that the same requests asked for, up to the places; no choice among them sells more.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from uuid import uuid4

import asyncpg
from pydantic import SecretStr

from bench.report import Measured
from cloud.booking.desk import Desk
from cloud.booking.quota import keep_back
from cloud.booking.selling import NotSold, Request, Wanted
from cloud.db import connect, migrate
from cloud.enrolment import enrol_lot, new_id, tenant_named
from cloud.ingest.apply import apply_window
from cloud.intents.issue import Order
from cloud.settings import CloudSettings
from models.facts import QuotaKept
from models.ids import LotId, ReservationId
from models.instants import HOUR, Instant
from models.reservations.peak import Span
from models.spots import SpotType
from simulator.servers import Postgres
from tests.cloud.lots import Lot

CLIENTS, LOTS, PLACES = 32, 10, 40
_NOW = Instant(1_795_000_000_000_000 // HOUR * HOUR)
_QUARTER = HOUR // 4
_DAY, _WEEK = 96, 672
"""In quarters of an hour"""
_SAME_SHAPE = """
CREATE FUNCTION bare(lot uuid, id uuid, begins integer, ends integer, key text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM counted_lots WHERE lot_id = lot FOR NO KEY UPDATE;
    UPDATE counters SET sold = sold + 1
    WHERE lot_id = lot AND spot_type = 'REGULAR' AND quarter >= begins AND quarter < ends;
    INSERT INTO counted VALUES (lot, id, begins, ends, key);
END $$"""
_ALONE = (
    "UPDATE counters SET sold = sold + 1 WHERE lot_id = $1 AND spot_type = 'REGULAR' AND quarter >= $2 AND quarter < $3"
)


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, in quarters of an hour from the beginning."""

    lot: int
    begins: int
    ends: int

    @property
    def span(self) -> Span:
        return Span(Instant(_NOW + self.begins * _QUARTER), Instant(_NOW + self.ends * _QUARTER))


Do = Callable[[Asked], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class Town:
    """Lots that keep their places back, with nothing sold, and the bare counters."""

    settings: CloudSettings
    tenant: str
    lots: Sequence[LotId]

    async def ours(self, desk: Desk, asked: Asked) -> bool:
        key = uuid4().hex
        wanted = Wanted(self.lots[asked.lot], SpotType.REGULAR, asked.span, "bench", key)
        try:
            await desk.sell(Request(self.tenant, wanted, ReservationId(new_id(_NOW)), "0" * 64, _NOW))
        except NotSold as refused:
            if refused.why != "sold_out":
                raise
            return False
        return True

    async def bare(self, connection: asyncpg.Connection, asked: Asked) -> bool:
        own = (new_id(_NOW), asked.begins, asked.ends, uuid4().hex)
        await connection.execute("SELECT bare($1, $2, $3, $4, $5)", self.lots[asked.lot], *own)
        return True

    async def alone(self, connection: asyncpg.Connection, asked: Asked) -> bool:
        await connection.execute(_ALONE, self.lots[asked.lot], asked.begins, asked.ends)
        return True

    async def sold(self, requests: Sequence[Asked]) -> tuple[list[Asked], float]:
        """Those that were sold, and how many a second."""
        async with connect.pool(self.settings, "bench") as pool:
            desk = Desk(pool)
            running = asyncio.create_task(desk.run())
            try:
                return await _by_all(requests, [lambda asked: self.ours(desk, asked)] * CLIENTS)
            finally:
                running.cancel()
                await asyncio.gather(running, return_exceptions=True)

    async def counted(
        self, requests: Sequence[Asked], how: Callable[[asyncpg.Connection, Asked], Awaitable[bool]]
    ) -> float:
        """How many a second."""
        connections = [await connect.connection(self.settings, "bench") for _ in range(CLIENTS)]
        try:
            own: list[Do] = [lambda asked, mine=mine: how(mine, asked) for mine in connections]
            return (await _by_all(requests, own))[1]
        finally:
            for connection in connections:
                await connection.close()


async def _by_all(requests: Sequence[Asked], clients: Sequence[Do]) -> tuple[list[Asked], float]:
    waiting, taken = list(reversed(requests)), list[Asked]()

    async def work(do: Do) -> None:
        while waiting:
            asked = waiting.pop()
            if await do(asked):
                taken.append(asked)

    begun = time.perf_counter()
    await asyncio.gather(*map(work, clients))
    return taken, len(taken) / (time.perf_counter() - begun)


async def a_town(settings: CloudSettings, lots: int = LOTS) -> Town:
    engine = connect.engine(settings)
    await migrate.upgrade(engine)
    async with engine.begin() as connection:
        tenant = await tenant_named(connection, "default", _NOW)
        ids = [LotId(await enrol_lot(connection, tenant, f"Lot {n}", _NOW)) for n in range(lots)]
        order = Order("bench", "bench", _NOW)
        revisions = [await keep_back(connection, tenant, lot, SpotType.REGULAR, PLACES, order) for lot in ids]
    await engine.dispose()
    connection = await connect.connection(settings, "bench")
    for lot, revision in zip(map(Lot, ids), revisions, strict=True):
        lot.says(QuotaKept(spot_type=SpotType.REGULAR, asked=PLACES, places=PLACES, revision=revision, at=_NOW))
        await apply_window(connection, lot.window(), _NOW)
    await connection.execute(
        "CREATE TABLE counters (lot_id uuid, spot_type text, quarter integer, sold integer NOT NULL,"
        " PRIMARY KEY (lot_id, spot_type, quarter))"
    )
    await connection.execute(
        "INSERT INTO counters SELECT lot, 'REGULAR', quarter, 0 FROM unnest($1::uuid[]) AS lot,"
        " generate_series(0, $2::integer) AS quarter",
        *(ids, _WEEK * 2),
    )
    await connection.execute(
        "CREATE TABLE counted_lots (lot_id uuid PRIMARY KEY);"
        "CREATE TABLE counted (lot_id uuid, id uuid, begins integer, ends integer, key text UNIQUE,"
        " PRIMARY KEY (lot_id, id))"
    )
    await connection.execute("INSERT INTO counted_lots SELECT unnest($1::uuid[])", ids)
    await connection.execute(_SAME_SHAPE)
    await connection.execute("ANALYZE")
    await connection.close()
    return Town(settings, tenant, ids)


def requests(chance: random.Random, count: int, lots: int, quarters: int, lengths: Sequence[int]) -> list[Asked]:
    made: list[Asked] = []
    for _ in range(count):
        begins, length = chance.randrange(quarters), chance.choice(lengths)
        made.append(Asked(chance.randrange(lots), begins, begins + length))
    return made


def most_that_could_be_sold(asked: Sequence[Asked], lots: int) -> int:
    """In quarters of an hour of a place. No choice among the requests sells more."""
    wanted = [[0] * (_WEEK * 2) for _ in range(lots)]
    for one in asked:
        for quarter in range(one.begins, one.ends):
            wanted[one.lot][quarter] += 1
    return sum(min(count, PLACES) for of_lot in wanted for count in of_lot)


def with_fixed_spots(asked: Sequence[Asked]) -> int:
    """What is sold of one lot where each reservation is given the first spot that is free for all of its time."""
    spots = [[False] * (_WEEK * 2) for _ in range(PLACES)]
    sold = 0
    for one in asked:
        free = next((spot for spot in spots if not any(spot[one.begins : one.ends])), None)
        if free is not None:
            free[one.begins : one.ends] = [True] * (one.ends - one.begins)
            sold += one.ends - one.begins
    return sold


def quarters_of(sold: Sequence[Asked]) -> int:
    return sum(one.ends - one.begins for one in sold)


async def _pace(settings: CloudSettings, chance: random.Random, count: int) -> tuple[float, float, float]:
    """A week that isn't sold out, so that nearly all are bookings: ours, the limit, and the counters alone."""
    town = await a_town(settings)
    asked = [requests(chance, count, LOTS, _WEEK, (4, 8, 12, 16, 32)) for _ in range(3)]
    limit = await town.counted(asked[0], town.bare)
    ours = (await town.sold(asked[1]))[1]
    return ours, limit, await town.counted(asked[2], town.alone)


async def _capacity(settings: CloudSettings, chance: random.Random, count: int) -> tuple[float, float, float]:
    """A day at one lot that everybody wants."""
    town = await a_town(settings, lots=1)
    asked = [one for one in requests(chance, count, 1, _DAY, (1, 2, 4, 4, 8, 16)) if one.ends <= _DAY]
    sold, _ = await town.sold(asked)
    counted = [0] * (_WEEK * 2)
    for one in sold:
        for quarter in range(one.begins, one.ends):
            counted[quarter] += 1
    assert max(counted) <= PLACES, "oversold"
    return quarters_of(sold) / 4, most_that_could_be_sold(asked, 1) / 4, with_fixed_spots(asked) / 4


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--runs", type=int, default=5)
    asked.add_argument("--bookings", type=int, default=2000, help="in each turn")
    asked.add_argument("--wanted", type=int, default=8000, help="requests for one day at one lot")
    options = asked.parse_args()
    paces, shares = list[tuple[float, float, float]](), list[tuple[float, float, float]]()
    with Postgres() as postgres:
        for run in range(options.runs):
            chance = random.Random(run)
            paces.append(asyncio.run(_pace(_database(postgres), chance, options.bookings)))
            shares.append(asyncio.run(_capacity(_database(postgres), chance, options.wanted)))
            sold, most, fixed = shares[-1]
            print(
                f"run {run + 1} of {options.runs}: {' and '.join(f'{pace:.0f}' for pace in paces[-1])} /s;"
                f" {sold:.0f} of {most:.0f} hours of places, {fixed:.0f} with fixed spots",
                file=sys.stderr,
            )
    ours, limit, alone = zip(*paces, strict=True)
    bare = "bare update of the same times' counters, the lot's row locked and a keyed row put in, a transaction each"
    print(Measured("booking", "bookings/s", bare, ours, limit, goal="ratio >= 0.8").line())
    only = "the counters' update alone, without lock and row, a transaction each"
    print(Measured("booking-counters", "bookings/s", only, ours, alone, goal="none: for comparison").line())
    most = "of each quarter of an hour all that was asked for, up to the places: no choice of requests sells more"
    ours, limit, _ = zip(*shares, strict=True)
    print(Measured("booking-capacity", "hours of places", most, ours, limit, goal="ratio >= 0.99").line())


def _database(postgres: Postgres) -> CloudSettings:
    url = postgres.create_database(f"bench_{uuid4().hex}")
    return CloudSettings(database_url=SecretStr(url), ingest=False, console=False)


if __name__ == "__main__":
    main()
