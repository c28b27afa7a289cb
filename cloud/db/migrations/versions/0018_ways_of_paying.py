"""Who took a payment and in what sum, what merchants take off a stay, and lost tickets."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("payments", sa.Column("provider", sa.Text(), nullable=True))
    op.add_column("payments", sa.Column("charge_id", sa.Uuid(as_uuid=False), nullable=True))
    op.add_column("tickets", sa.Column("validations", sa.Text(), server_default="[]", nullable=False))
