"""A ticket says its number, and by what right its vehicle is inside."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("tickets", sa.Column("serial", sa.BigInteger(), nullable=True))
    op.add_column("tickets", sa.Column("entered_by", sa.Text(), server_default="plate", nullable=False))
    op.add_column("tickets", sa.Column("permit_id", sa.Uuid(as_uuid=False), nullable=True))
    op.add_column("tickets", sa.Column("account", sa.Text(), nullable=True))
    op.add_column("tickets", sa.Column("reservation_id", sa.Uuid(as_uuid=False), nullable=True))
