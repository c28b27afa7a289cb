"""What led to a stay at its exit, the picture that was taken there, and stays that another vehicle ended."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_SUSPICIONS = "kind IN ('used_again', 'other_plate', 'two_tickets', 'matched_wrongly')"


def upgrade() -> None:
    op.add_column("tickets", sa.Column("exit_match", sa.Text(), nullable=True))
    op.add_column("tickets", sa.Column("exit_picture", sa.Text(), nullable=True))
    op.drop_constraint(op.f("ticket_suspicions_kind"), "ticket_suspicions", type_="check")
    op.create_check_constraint(op.f("ticket_suspicions_kind"), "ticket_suspicions", _SUSPICIONS)
