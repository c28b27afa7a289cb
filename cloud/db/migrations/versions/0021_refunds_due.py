"""Refunds that were promised are found among the facts: a lot whose store is lost goes on with them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "facts_refunds",
        "facts",
        ["lot_id", "type"],
        postgresql_where=sa.text("type = 'refund.promised' OR type = 'refund.declined'"),
    )
