"""Stays that were charged while nobody knew the time, and what is owed back since it is known."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("tickets", sa.Column("fee_bounded", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("tickets", sa.Column("refund_owed", sa.BigInteger(), server_default="0", nullable=False))
    op.create_index("tickets_refunds", "tickets", ["lot_id"], unique=False, postgresql_where=sa.text("refund_owed > 0"))
    op.create_table(
        "fee_corrections",
        sa.Column("tenant_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("lot_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("ticket_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("fee_before", sa.BigInteger(), nullable=False),
        sa.Column("fee", sa.BigInteger(), nullable=False),
        sa.Column("paid", sa.BigInteger(), nullable=False),
        sa.Column("refund_owed", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["lot_id", "tenant_id"],
            ["parking_lots.id", "parking_lots.tenant_id"],
            name=op.f("fee_corrections_parking_lots_fk"),
        ),
        sa.ForeignKeyConstraint(
            ["lot_id", "ticket_id"], ["tickets.lot_id", "tickets.id"], name=op.f("fee_corrections_tickets_fk")
        ),
        sa.PrimaryKeyConstraint("lot_id", "id", name=op.f("fee_corrections_pk")),
    )
    op.create_index(op.f("fee_corrections_lot_id_at"), "fee_corrections", ["lot_id", "at"], unique=False)
