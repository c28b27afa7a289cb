"""Commands: what the cloud ordered, what the lots took, who may order, and which keys the lots believe."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0004"
branch_labels = None
depends_on = None

_ENDS = "'done', 'not_obeyed', 'failed', 'refused', 'unknown'"


def upgrade() -> None:
    op.drop_constraint(op.f("api_keys_scopes"), "api_keys", type_="check")
    op.create_check_constraint(
        op.f("api_keys_scopes"), "api_keys", "scopes <@ ARRAY['read', 'plates', 'operate', 'metrics', 'admin']"
    )
    _table(
        "taken_commands",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("lane", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("given_by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("issued_at", sa.BigInteger(), nullable=False),
        sa.Column("taken_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("said", sa.Text(), nullable=False),
        sa.CheckConstraint(f"outcome IN ({_ENDS})", name=op.f("taken_commands_outcome")),
        sa.PrimaryKeyConstraint("lot_id", "id", name=op.f("taken_commands_pk")),
    )
    _table(
        "commands",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("lane", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=True),
        sa.Column("given_by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("given_with", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("answered_at", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("said", sa.Text(), nullable=False),
        sa.CheckConstraint(f"outcome IN ({_ENDS}, 'not_sent')", name=op.f("commands_outcome")),
        sa.PrimaryKeyConstraint("lot_id", "id", name=op.f("commands_pk")),
    )
    op.create_index(op.f("commands_lot_id_asked_at"), "commands", ["lot_id", "asked_at"], unique=False)
    _table(
        "lot_keys",
        sa.Column("serial", sa.BigInteger(), nullable=False),
        sa.Column("newest", sa.Text(), nullable=False),
        sa.Column("told_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("lot_id", name=op.f("lot_keys_pk")),
    )


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
