"""The name that the operator gave a lot stays, whatever the lot's own file calls it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("parking_lots", sa.Column("called", sa.Text(), nullable=True))
    op.execute("UPDATE parking_lots SET called = name")
