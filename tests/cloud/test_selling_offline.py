"""A lot off line for a day, and the real cloud selling its places from PostgreSQL: every sold one is there.

PARKGATE_OFFLINE_DAYS=50 runs so many days instead of one.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from cloud.booking import ending
from cloud.booking.quota import keep_back
from cloud.booking.selling import NotSold, Request, Wanted, sell
from cloud.booking.service import code_of, hashed
from cloud.enrolment import enrol_lot, new_id
from models.ids import ReservationId
from models.instants import Instant
from models.reservations.peak import Span
from models.spots import SpotType
from tests.chaos.booking_controls import NO_CAPACITY, changed
from tests.cloud.lots import NOON
from tests.cloud.mirrors import Mirror
from tests.cloud.places import ORDER
from tests.edge.lots import a_level, a_lot
from tests.edge.offline_day import TYPES, Day, Outcome, full_of_walk_ins
from tests.edge.reserving import SIGNER, Gate, Sold
from tests.intents import Issued

DAYS = int(os.environ.get("PARKGATE_OFFLINE_DAYS", "1"))
QUARTERS = 96 if "PARKGATE_OFFLINE_DAYS" in os.environ else 40
WISHES = 8

_T = TypeVar("_T")


@dataclass
class RealCloud:
    """Asked by the day's thread; its database is used on the test's loop."""

    gate: Gate
    tenant: str
    database: asyncpg.Connection
    loop: asyncio.AbstractEventLoop

    def sell(self, spot_type: SpotType, start: Instant, end: Instant) -> Sold | None:
        lot, now, span = self.gate.lot.id, self.gate.now, Span(start, end)
        id = ReservationId(new_id(now))
        code = code_of(SIGNER, lot, id, spot_type, span)
        request = Request(self.tenant, Wanted(lot, spot_type, span, "a driver"), id, hashed(code), now)
        try:
            sold = self._done(sell(self.database, request))
        except NotSold as not_sold:
            if not_sold.why in ("sold_out", "no_quota"):
                return None
            raise
        return Sold(sold.reservation, spot_type, start, end, code)

    def cancel(self, sold: Sold) -> None:
        asked = (self.tenant, self.gate.lot.id, sold.reservation, "a driver", self.gate.now)
        self._done(ending.cancel(self.database, *asked))

    def _done(self, work: Coroutine[Any, Any, _T]) -> _T:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(10)


@dataclass
class Site:
    """A lot on disk, and its cloud in PostgreSQL."""

    folder: Path
    tenant: str
    engine: AsyncEngine
    database: asyncpg.Connection

    async def a_day(self, seed: int, chance_of_places: Sequence[int] = (1, 2, 3)) -> Outcome:
        chance = random.Random(seed)
        async with self.engine.begin() as connection:
            id = await enrol_lot(connection, self.tenant, f"Lot {seed}", NOON)
        lot = a_lot(self.folder / str(seed), (a_level(0, REGULAR=5, COMPACT=2, EV=2),), id=id)
        gate = Gate(lot, cloud=Issued(id))
        inside = full_of_walk_ins(gate, chance)
        await self._agree(gate, chance.choice(chance_of_places))
        seller = RealCloud(gate, self.tenant, self.database, asyncio.get_running_loop())
        outcome = await asyncio.to_thread(Day(gate, chance, seller, QUARTERS, WISHES, inside=inside).run)
        lot.store.close()
        return outcome

    async def _agree(self, gate: Gate, places: int) -> None:
        """While the line still stands, the cloud asks, the lot keeps back what it can, and the cloud hears of it."""
        for spot_type in TYPES:
            async with self.engine.begin() as connection:
                revision = await keep_back(connection, self.tenant, gate.lot.id, spot_type, places, ORDER)
            gate.asks_for(places, spot_type)
            assert revision == len(gate.cloud.log)
        await Mirror(gate.lot, self.database).catches_up()


@pytest.fixture
def site(tmp_path: Path, tenant: str, engine: AsyncEngine, database: asyncpg.Connection) -> Site:
    return Site(tmp_path, tenant, engine, database)


@pytest.mark.parametrize("seed", range(DAYS))
async def test_every_place_that_the_cloud_sold_while_the_lot_was_off_line_is_there(site: Site, seed: int) -> None:
    (site.folder / str(seed)).mkdir()
    outcome = await site.a_day(seed)
    assert outcome.turned_away == []
    assert (outcome.twice, outcome.wrongly) == (0, 0)
    assert min(outcome.came, outcome.full) > 0, "guests came, and walk-ins came to the last spot"


async def test_a_cloud_that_sells_without_counting_sells_places_that_are_not_there(site: Site) -> None:
    """The negative control."""
    (site.folder / "0").mkdir()
    whole = str(await site.database.fetchval("SELECT pg_get_functiondef('book_place_v1'::regproc)"))
    await site.database.execute(changed(whole, [NO_CAPACITY]))
    try:
        assert (await site.a_day(0)).turned_away != []
    finally:
        await site.database.execute(whole)
