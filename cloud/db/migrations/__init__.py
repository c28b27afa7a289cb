"""Alembic migrations: expand first, contract a release later, so that yesterday's code runs on today's schema."""
