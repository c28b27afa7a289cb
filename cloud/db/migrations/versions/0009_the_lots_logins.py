"""What each lot logs in to the broker with, and how often it was enrolled."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("parking_lots", sa.Column("epoch", sa.Integer(), server_default="1", nullable=False))
    op.create_table(
        "lot_logins",
        sa.Column("tenant_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("lot_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["lot_id", "tenant_id"],
            ["parking_lots.id", "parking_lots.tenant_id"],
            name=op.f("lot_logins_parking_lots_fk"),
        ),
        sa.PrimaryKeyConstraint("lot_id", name=op.f("lot_logins_pk")),
        sa.UniqueConstraint("username", name=op.f("lot_logins_username_key")),
    )
