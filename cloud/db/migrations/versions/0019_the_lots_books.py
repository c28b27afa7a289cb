"""The lots' books: every line that was posted, what was closed and made out; debts may be written off."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ledger_entries",
        sa.Column("tenant_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("lot_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("posting_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("ticket_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("payment_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("reverses", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("day", sa.BigInteger(), nullable=False),
        sa.Column("given_by", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["lot_id", "tenant_id"],
            ["parking_lots.id", "parking_lots.tenant_id"],
            name=op.f("ledger_entries_parking_lots_fk"),
        ),
        sa.ForeignKeyConstraint(
            ["lot_id", "ticket_id"], ["tickets.lot_id", "tickets.id"], name=op.f("ledger_entries_tickets_fk")
        ),
        sa.PrimaryKeyConstraint("lot_id", "id", name=op.f("ledger_entries_pk")),
    )
    op.create_index(op.f("ledger_entries_lot_id_ticket_id"), "ledger_entries", ["lot_id", "ticket_id"])
    op.create_index(op.f("ledger_entries_lot_id_day"), "ledger_entries", ["lot_id", "day"])
    op.create_table(
        "receipts",
        sa.Column("tenant_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("lot_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["lot_id", "tenant_id"],
            ["parking_lots.id", "parking_lots.tenant_id"],
            name=op.f("receipts_parking_lots_fk"),
        ),
        sa.ForeignKeyConstraint(
            ["lot_id", "ticket_id"], ["tickets.lot_id", "tickets.id"], name=op.f("receipts_tickets_fk")
        ),
        sa.PrimaryKeyConstraint("lot_id", "id", name=op.f("receipts_pk")),
    )
    op.create_index(op.f("receipts_lot_id_ticket_id"), "receipts", ["lot_id", "ticket_id"])
    op.create_table(
        "closings",
        sa.Column("tenant_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("lot_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("drawer", sa.Text(), nullable=True),
        sa.Column("report", sa.Text(), nullable=False),
        sa.Column("given_by", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["lot_id", "tenant_id"],
            ["parking_lots.id", "parking_lots.tenant_id"],
            name=op.f("closings_parking_lots_fk"),
        ),
        sa.PrimaryKeyConstraint("lot_id", "id", name=op.f("closings_pk")),
        sa.CheckConstraint("what IN ('day', 'shift')", name=op.f("closings_what")),
    )
    op.create_index(op.f("closings_lot_id_what_number"), "closings", ["lot_id", "what", "number"])
    op.drop_constraint(op.f("payments_status"), "payments", type_="check")
    op.create_check_constraint(op.f("payments_status"), "payments", "status IN ('TAKEN', 'UNCOLLECTED', 'WRITTEN_OFF')")
