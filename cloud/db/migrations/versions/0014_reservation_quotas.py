"""The places that each lot keeps back for reservations; a reservation may be of nobody that the cloud knows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column("reservations", "user_id", nullable=True)
    op.create_table(
        "reservation_quotas",
        sa.Column("tenant_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("lot_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("spot_type", sa.Text(), nullable=False),
        sa.Column("asked", sa.BigInteger(), nullable=False),
        sa.Column("kept", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("kept_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["lot_id", "tenant_id"],
            ["parking_lots.id", "parking_lots.tenant_id"],
            name=op.f("reservation_quotas_parking_lots_fk"),
        ),
        sa.PrimaryKeyConstraint("lot_id", "id", name=op.f("reservation_quotas_pk")),
        sa.UniqueConstraint("lot_id", "spot_type", name=op.f("reservation_quotas_lot_id_spot_type_key")),
        sa.CheckConstraint(
            "spot_type IN ('MOTORCYCLE', 'COMPACT', 'REGULAR', 'LARGE', 'HANDICAP', 'EV')",
            name=op.f("reservation_quotas_spot_type"),
        ),
    )
