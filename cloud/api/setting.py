"""One change of a lot's policy asked for over the API: in a transaction; what can't be meant is its answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud.api.access import connected
from cloud.api.asked import lot_there
from cloud.api.errors import ApiError, Problem, told
from cloud.intents.issue import Order, Unacceptable
from cloud.intents.lists import NotStanding, change_one, set_one
from cloud.keys import ApiKey
from cloud.service import Cloud
from models.ids import LotId
from models.instants import Instant
from models.intents import Intent


@dataclass(frozen=True, slots=True)
class Setting:
    """A lot of the key's operator, for one transaction. `now`: what the cloud's clock says."""

    connection: AsyncConnection
    key: ApiKey
    lot: LotId
    now: Instant

    async def set(self, intent: Intent, by: str, reason: str) -> int:
        return await set_one(self.connection, self.key.tenant, self.lot, intent, self._order(by, reason))

    async def change(self, intent: Intent, by: str, reason: str) -> int:
        """Of what stands."""
        return await change_one(self.connection, self.key.tenant, self.lot, intent, self._order(by, reason))

    def _order(self, by: str, reason: str) -> Order:
        return Order(f"{by} ({self.key.name})", reason, self.now)


@asynccontextmanager
async def setting(cloud: Cloud, key: ApiKey, lot: str, not_found: Problem) -> AsyncIterator[Setting]:
    """Everything in it happens or nothing does."""
    try:
        async with connected(cloud) as connection, connection.begin():
            yield Setting(connection, key, await lot_there(connection, key, lot), cloud.clock.read().wall)
    except NotStanding as unknown:
        raise ApiError(not_found) from unknown
    except Unacceptable as wrong:
        raise ApiError(Problem.UNACCEPTABLE, [str(wrong)]) from wrong
    except ValidationError as wrong:
        found = wrong.errors(include_url=False, include_input=False, include_context=False)
        raise ApiError(Problem.INVALID, told({**each} for each in found)) from wrong
