"""Alembic's way into our database: on the connection that `cloud.db.migrate` holds, in its transaction."""

from __future__ import annotations

from alembic import context

from cloud.db.schema import metadata

connection = context.config.attributes.get("connection")
if connection is None:
    raise SystemExit("run migrations with: parkgate-cloud db upgrade")

context.configure(connection=connection, target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
