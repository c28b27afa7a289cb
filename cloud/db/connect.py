"""How the cloud connects to PostgreSQL: pooled for queries, by hand for ingest and for listening."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
from sqlalchemy import URL, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from cloud.settings import CloudSettings

CONNECT_SECONDS = 10
COMMAND_SECONDS = 30

UNREACHABLE = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InsufficientResourcesError,
    asyncpg.OperatorInterventionError,
    asyncpg.CannotConnectNowError,
)
"""What a PostgreSQL that is down, starting, stopping or full raises: try again later."""


REFUSES = (asyncpg.InvalidCatalogNameError, asyncpg.InvalidAuthorizationSpecificationError)
"""What a PostgreSQL that is there raises for a database, user or password that it doesn't know."""


@contextmanager
def plainly() -> Iterator[None]:
    """Within it, SQLAlchemy's errors about reaching the database come as asyncpg's own: UNREACHABLE or REFUSES."""
    try:
        yield
    except PoolTimeout as busy:
        raise TimeoutError("every pooled connection is in use") from busy
    except DBAPIError as wrapped:
        cause = wrapped.orig.__cause__ if wrapped.orig is not None else None
        if isinstance(cause, (*UNREACHABLE, *REFUSES)):
            raise cause from None
        raise


async def connection(settings: CloudSettings, name: str, **parameters: str) -> asyncpg.Connection:
    """A connection of its own, shown to the database's administrator as `name`. Raises one of UNREACHABLE.

    `parameters` are settings of PostgreSQL for this session."""
    return await asyncpg.connect(
        settings.database_url.get_secret_value(),
        timeout=CONNECT_SECONDS,
        command_timeout=COMMAND_SECONDS,
        server_settings={"application_name": name, "timezone": "UTC", **parameters},
    )


def engine(settings: CloudSettings) -> AsyncEngine:
    """The pool that queries share. Nothing is connected until the first query."""

    async def connect() -> asyncpg.Connection:
        return await connection(settings, "parkgate-queries")

    return create_async_engine(
        URL.create("postgresql+asyncpg"),
        async_creator=connect,
        pool_size=settings.database_pool,
        max_overflow=0,
        pool_timeout=CONNECT_SECONDS,
        pool_pre_ping=True,
        hide_parameters=True,  # they hold plates, and errors reach logs
    )


def pool(settings: CloudSettings, part: str = "ingest", most: int | None = None) -> asyncpg.Pool:
    """Connections for statements that are written by hand. Open with `async with`; none is made before use."""
    return asyncpg.create_pool(
        settings.database_url.get_secret_value(),
        min_size=0,
        max_size=most or settings.ingest_pool,
        timeout=CONNECT_SECONDS,
        command_timeout=COMMAND_SECONDS,
        server_settings={"application_name": f"parkgate-{part}", "timezone": "UTC"},
        reset=_nothing_to_reset,
    )


async def _nothing_to_reset(connection: object) -> None:
    """Ingest leaves nothing behind in a session, and resetting it would be one more question for each window."""


def where(settings: CloudSettings) -> str:
    """The database's address without its password, for people."""
    return make_url(settings.database_url.get_secret_value()).render_as_string(hide_password=True)
