"""A lot, a broker and a cloud that can each be put back to an earlier day."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from simulator.servers import Mosquitto, Postgres
from tests.whole.histories import World, a_template, a_world


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def template(postgres: Postgres) -> str:
    return await a_template(postgres)


@pytest.fixture
async def world(tmp_path: Path, mosquitto: Mosquitto, postgres: Postgres, template: str) -> AsyncIterator[World]:
    made = await a_world(tmp_path, mosquitto, postgres, template)
    yield made
    for name in made.databases:
        postgres.drop_database(name)
