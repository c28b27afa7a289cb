"""Intents: what the cloud wants of a lot, numbered, and how far the lot has taken it."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger()
_CASES = (
    *("lot_claimed_twice", "stays_unknown_to_lot", "facts_missing", "cloud_restored"),
    *("fact_parked", "stream_forked", "stream_superseded", "window_refused"),
    *("intents_parked", "intents_withheld", "intents_forked", "intents_differ"),
)


def upgrade() -> None:
    _table(
        "policies",
        sa.Column("revision", _BIG, nullable=False, server_default="0"),
        sa.Column("hash", sa.Text(), nullable=False, server_default="0" * 64),
        sa.Column("acked", _BIG, nullable=False, server_default="0"),
        sa.Column("sent", _BIG, nullable=False, server_default="0"),
        sa.Column("sent_at", _BIG, nullable=False, server_default="0"),
        sa.Column("tries", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("needs_snapshot", sa.Boolean(), nullable=False, server_default=sa.text("false")),
        sa.Column("forked", sa.Boolean(), nullable=False, server_default=sa.text("false")),
        sa.Column("adopting", postgresql.JSONB(), nullable=True),
        sa.Column("said", postgresql.JSONB(), nullable=True),
        sa.Column("said_at", _BIG, nullable=True),
        sa.PrimaryKeyConstraint("lot_id", name=op.f("policies_pk")),
    )
    op.create_index(
        "policies_behind",
        "policies",
        ["sent_at"],
        unique=False,
        postgresql_where=sa.text("acked < revision OR needs_snapshot"),
    )
    _table(
        "intents",
        sa.Column("revision", _BIG, nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("ends", sa.Boolean(), nullable=False),
        sa.Column("at", _BIG, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("salt", sa.Text(), nullable=True),
        sa.Column("personal", sa.Text(), nullable=True),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("issued_by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("lot_id", "revision", name=op.f("intents_pk")),
    )
    op.create_index(op.f("intents_lot_id_subject"), "intents", ["lot_id", "subject"], unique=False)
    _table(
        "standing_intents",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("revision", _BIG, nullable=False),
        sa.PrimaryKeyConstraint("lot_id", "subject", name=op.f("standing_intents_pk")),
        sa.ForeignKeyConstraint(
            ["lot_id", "revision"], ["intents.lot_id", "intents.revision"], name=op.f("standing_intents_intents_fk")
        ),
    )
    op.drop_constraint(op.f("cases_kind"), "cases", type_="check")
    op.create_check_constraint(op.f("cases_kind"), "cases", sa.column("kind").in_(_CASES))


def _table(name: str, *own: Any) -> None:
    op.create_table(
        name,
        sa.Column("tenant_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("lot_id", sa.Uuid(as_uuid=False), nullable=False),
        *own,
        sa.ForeignKeyConstraint(
            ["lot_id", "tenant_id"], ["parking_lots.id", "parking_lots.tenant_id"], name=op.f(f"{name}_parking_lots_fk")
        ),
    )
