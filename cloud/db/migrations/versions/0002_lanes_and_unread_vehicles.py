"""Vehicles whose plate couldn't be read, what lanes were told and did, and passback."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column("vehicles", "license_plate", existing_type=sa.Text(), nullable=True)
    op.add_column("vehicles", sa.Column("neutral_since", sa.BigInteger(), nullable=True))
    op.add_column("parking_lots", sa.Column("neutral_since", sa.BigInteger(), nullable=True))
    _table(
        "lane_states",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("hold", sa.Text(), nullable=True),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "state IN ('open', 'full', 'closed_to_transients', 'closed')", name=op.f("lane_states_state")
        ),
        sa.CheckConstraint("hold IN ('keep_open', 'fire')", name=op.f("lane_states_hold")),
    )
    _table(
        "lane_orders",
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("given_by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=True),
        sa.Column("obeyed", sa.Boolean(), nullable=False),
        sa.Column("why_not", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
    )
    _table(
        "passages",
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=True),
        sa.Column("unable_to_collect", sa.Boolean(), nullable=False),
        sa.Column("license_plate", sa.Text(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("direction IN ('entry', 'exit')", name=op.f("passages_direction")),
    )
    _table(
        "help_calls",
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("license_plate", sa.Text(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
    )
    for name in ("lane_orders", "passages", "help_calls"):
        op.create_index(op.f(f"{name}_lot_id_at"), name, ["lot_id", "at"], unique=False)


def _table(name: str, *own: Any) -> None:
    op.create_table(
        name,
        sa.Column("tenant_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("lot_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        *own,
        sa.ForeignKeyConstraint(
            ["lot_id", "tenant_id"], ["parking_lots.id", "parking_lots.tenant_id"], name=op.f(f"{name}_parking_lots_fk")
        ),
        sa.PrimaryKeyConstraint("lot_id", "id", name=op.f(f"{name}_pk")),
    )
