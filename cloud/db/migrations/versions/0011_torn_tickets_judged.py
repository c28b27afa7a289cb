"""Who settled a ticket of which two histories have facts, how, and why."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("outcome", "settled_by", "settled_why"):
        op.add_column("torn_tickets", sa.Column(name, sa.Text(), nullable=True))
    op.create_check_constraint(op.f("torn_tickets_outcome"), "torn_tickets", "outcome IN ('applied', 'judged')")
