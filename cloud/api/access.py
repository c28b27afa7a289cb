"""Who asks, and what they may: API keys as dependencies of the routes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud.api.errors import ApiError, Problem
from cloud.db.connect import REFUSES, UNREACHABLE, plainly
from cloud.keys import ApiKey, find_key
from cloud.service import Cloud
from models.instants import SECOND, Instant

REMEMBERED = 5 * SECOND
"""How long a key that was good is taken to be good: a revoked one stops working within this time."""
_MOST_REMEMBERED = 1000

_bearer = HTTPBearer(
    auto_error=False, scheme_name="API key", description="A key as `parkgate-cloud keys add` prints it: `pk_...`"
)


class KeyRing:
    """The keys of the last few seconds, so that a busy client doesn't cost a query a request."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._known: dict[str, tuple[ApiKey, Instant]] = {}

    async def find(self, text: str) -> ApiKey | None:
        now = self._cloud.clock.read().wall
        known = self._known.get(text)
        if known is not None and known[1] <= now < known[1] + REMEMBERED:
            return known[0]
        self._known.pop(text, None)
        async with connected(self._cloud) as connection:
            key = await find_key(connection, text, now)
        if key is not None:
            if len(self._known) >= _MOST_REMEMBERED:
                self._known.clear()
            self._known[text] = (key, now)
        return key


@asynccontextmanager
async def connected(cloud: Cloud) -> AsyncIterator[AsyncConnection]:
    """A pooled connection; a database that can't be reached becomes the API's own answer."""
    try:
        with plainly():
            connection = await cloud.engine.connect()
    except (*UNREACHABLE, *REFUSES) as away:
        raise ApiError(Problem.DATABASE_AWAY) from away
    try:
        yield connection
    finally:
        await connection.close()


def cloud_of(request: Request) -> Cloud:
    return request.app.state.cloud


async def database(cloud: Annotated[Cloud, Depends(cloud_of)]) -> AsyncIterator[AsyncConnection]:
    async with connected(cloud) as connection:
        yield connection


def allowed(scope: str) -> Callable[..., Awaitable[ApiKey]]:
    """The dependency of a route that needs this scope; gives the key."""

    async def check(
        request: Request, bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
    ) -> ApiKey:
        if bearer is None or not bearer.credentials:
            raise ApiError(Problem.KEY_MISSING)
        key = await request.app.state.keys.find(bearer.credentials)
        if key is None:
            raise ApiError(Problem.KEY_UNKNOWN)
        if not key.may(scope):
            raise ApiError(Problem.SCOPE_MISSING)
        return key

    return check


Parts = Annotated[Cloud, Depends(cloud_of)]
Database = Annotated[AsyncConnection, Depends(database)]
Reader = Annotated[ApiKey, Depends(allowed("read"))]
Orderer = Annotated[ApiKey, Depends(allowed("operate"))]
MetricsReader = Annotated[ApiKey, Depends(allowed("metrics"))]

KEY_PROBLEMS = (Problem.KEY_MISSING, Problem.KEY_UNKNOWN, Problem.SCOPE_MISSING, Problem.DATABASE_AWAY)
"""What every route with a key may answer."""
