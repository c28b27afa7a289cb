"""Lots that keep places back for reservations, as the tests of booking need them."""

from __future__ import annotations

from dataclasses import dataclass

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine

from cloud.booking.quota import keep_back
from cloud.ingest.apply import apply_window
from cloud.intents.issue import Order
from models.facts import IntentsTaken, QuotaKept
from models.instants import HOUR, SECOND, Instant
from models.reservations.peak import Span
from models.spots import SpotType
from tests.cloud.lots import NOON, Lot

REGULAR = SpotType.REGULAR
ORDER = Order("ann", "season", NOON)


def hours(begins: float, ends: float) -> Span:
    """So many hours after noon."""
    return Span(Instant(NOON + round(begins * HOUR)), Instant(NOON + round(ends * HOUR)))


@dataclass
class Keeper:
    """A lot, and what its cloud asks of it."""

    lot: Lot
    tenant: str
    engine: AsyncEngine
    database: asyncpg.Connection

    async def asked(self, places: int, spot_type: SpotType = REGULAR) -> int:
        async with self.engine.begin() as connection:
            return await keep_back(connection, self.tenant, self.lot.id, spot_type, places, ORDER)

    async def keeps(self, places: int, revision: int, *, asked: int | None = None) -> None:
        """The lot says so."""
        fact = QuotaKept(spot_type=REGULAR, asked=asked or places, places=places, revision=revision, at=self.lot.now)
        self.lot.says(fact)
        await self.told()

    async def takes(self, revision: int) -> None:
        """The lot says that it acts by everything up to this revision."""
        self.lot.says(
            IntentsTaken(revision=revision, hash="0" * 64, by="deltas", parked=(), withheld=(), at=self.lot.now)
        )
        await self.told()

    async def told(self) -> None:
        """What the lot has said reaches the cloud."""
        await apply_window(self.database, self.lot.window(), Instant(self.lot.now + SECOND))

    async def keeping(self, places: int) -> Keeper:
        await self.keeps(places, await self.asked(places))
        return self
