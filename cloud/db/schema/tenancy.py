"""Tenants and their API keys."""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.dialects.postgresql import ARRAY

from cloud.db.schema.columns import metadata, moment, words

SCOPES = ("read", "plates", "operate", "metrics", "admin")
"""What an API key may be allowed; `admin` includes the others."""

tenants = Table(
    "tenants",
    metadata,
    Column("id", Uuid(as_uuid=False), primary_key=True),
    words("name"),
    moment("created_at"),
    # Days; None: what the settings say.
    Column("plate_days", Integer, nullable=True),
    Column("debt_plate_days", Integer, nullable=True),
    UniqueConstraint("name"),
    CheckConstraint("plate_days >= 1 AND debt_plate_days >= 1", name="days"),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Uuid(as_uuid=False), primary_key=True),
    Column("tenant_id", Uuid(as_uuid=False), ForeignKey("tenants.id"), nullable=False),
    words("name"),
    words("prefix"),
    words("hash"),
    Column("scopes", ARRAY(Text), nullable=False),
    moment("created_at"),
    moment("revoked_at", nullable=True),
    moment("last_used_at", nullable=True),
    UniqueConstraint("hash"),
    UniqueConstraint("prefix"),
    CheckConstraint("scopes <@ ARRAY['read', 'plates', 'operate', 'metrics', 'admin']", name="scopes"),
)
