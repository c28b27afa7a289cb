"""Brings the database to the schema of this release; several processes may ask at once."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine

MIGRATIONS = Path(__file__).parent / "migrations"
LOCK = 0x7061726B67617465
"""The advisory lock that one migrating process holds: "parkgate" as a number."""


async def upgrade(engine: AsyncEngine) -> tuple[str | None, str]:
    """Runs the migrations that are missing, all of them or none, and tells the revision before and after.

    Waits while another process migrates. Raises sqlalchemy.exc.DBAPIError or one of
    `cloud.db.connect.UNREACHABLE` when the database refuses.
    """
    async with engine.begin() as connection:
        # Held to the end of the transaction, so a second process finds the work done.
        await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        return await connection.run_sync(_upgrade)


def head() -> str:
    """The revision that this release was written for."""
    revision = ScriptDirectory.from_config(_config()).get_current_head()
    if revision is None:
        raise RuntimeError(f"no migrations are in {MIGRATIONS}: the installation is incomplete")
    return revision


def _upgrade(connection: Connection) -> tuple[str | None, str]:
    before = MigrationContext.configure(connection).get_current_revision()
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    return before, head()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config
