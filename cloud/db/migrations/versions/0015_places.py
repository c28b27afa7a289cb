"""Spots in zones, and spots to which nobody is led."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("spots", sa.Column("zone", sa.Text(), server_default="", nullable=False))
    op.add_column("spots", sa.Column("blocked", sa.Text(), nullable=True))
    op.create_check_constraint(op.f("spots_blocked"), "spots", "blocked IN ('maintenance', 'unknown_vehicle')")
