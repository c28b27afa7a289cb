"""A migrated database with one operator, for the cloud's tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from cloud.db import connect, migrate
from cloud.enrolment import enrol_lot, tenant_named
from cloud.settings import CloudSettings
from simulator.servers import Postgres
from tests.cloud.lots import NOON, Lot


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def template(postgres: Postgres) -> str:
    """The name of a migrated database that each test gets a copy of."""
    name = f"template_{uuid4().hex}"
    engine = connect.engine(settings_for(postgres.create_database(name)))
    await migrate.upgrade(engine)
    await engine.dispose()
    return name


@pytest.fixture
async def settings(postgres: Postgres, template: str) -> AsyncIterator[CloudSettings]:
    name = f"cloud_{uuid4().hex}"
    yield settings_for(postgres.create_database(name, template=template))
    postgres.drop_database(name)


@pytest.fixture
async def engine(settings: CloudSettings) -> AsyncIterator[AsyncEngine]:
    engine = connect.engine(settings)
    yield engine
    await engine.dispose()


@pytest.fixture
async def database(settings: CloudSettings) -> AsyncIterator[asyncpg.Connection]:
    """A connection as ingest uses it."""
    connection = await connect.connection(settings, "test")
    yield connection
    await connection.close()


@pytest.fixture
async def pool(settings: CloudSettings) -> AsyncIterator[asyncpg.Pool]:
    """As ingest uses it."""
    async with connect.pool(settings) as pool:
        yield pool


@pytest.fixture
async def tenant(engine: AsyncEngine) -> str:
    async with engine.begin() as connection:
        return await tenant_named(connection, "default", NOON)


@pytest.fixture
async def lot(engine: AsyncEngine, tenant: str) -> Lot:
    """An enrolled lot of two levels with four spots each, that hasn't told the cloud of itself yet."""
    async with engine.begin() as connection:
        return Lot(await enrol_lot(connection, tenant, "North", NOON)).opens_for_business()


def settings_for(url: str, **more: object) -> CloudSettings:
    return CloudSettings.model_validate(
        {"database_url": SecretStr(url), "ingest": False, "console": False, "retention": False, **more}
    )
