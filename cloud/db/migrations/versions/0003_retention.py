"""What is forgotten, and the record of it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0008"
branch_labels = None
depends_on = None

_PERSON = """coalesce("substring"(body, '(?<="vehicle":")[0-9a-f-]{36}'),
    "substring"(body, '(?<="(ticket|refusal|passage|call)":")[0-9a-f-]{36}'))"""


def upgrade() -> None:
    op.add_column("tenants", sa.Column("plate_days", sa.Integer(), nullable=True))
    op.add_column("tenants", sa.Column("debt_plate_days", sa.Integer(), nullable=True))
    op.create_check_constraint(op.f("tenants_days"), "tenants", "plate_days >= 1 AND debt_plate_days >= 1")
    op.add_column("tickets", sa.Column("masked_at", sa.BigInteger(), nullable=True))
    op.create_index(
        "tickets_to_mask",
        "tickets",
        ["lot_id", sa.text("coalesce(exit_time, entry_time)")],
        postgresql_where=sa.text("masked_at IS NULL AND status IN ('COMPLETED', 'VOIDED')"),
    )
    for table in ("access_refusals", "passages", "help_calls"):
        op.create_index(
            f"{table}_to_mask", table, ["lot_id", "at"], postgresql_where=sa.text("license_plate IS NOT NULL")
        )
    # Not CONCURRENTLY, which works in no transaction: an upgrade is all or nothing, and whoever starts meanwhile waits
    # for it. The columns above have locked their tables by now, so there would be nothing to gain; the lots keep their
    # facts until it is done.
    op.create_index(
        "facts_personal", "facts", ["lot_id", sa.text(_PERSON)], postgresql_where=sa.text("personal IS NOT NULL")
    )
    op.create_table(
        "deletions",
        sa.Column("tenant_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("lot_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("done_by", sa.Text(), nullable=False),
        sa.Column("disk_class", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("up_to", sa.BigInteger(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("done_by IN ('lot', 'cloud')", name=op.f("deletions_done_by")),
        sa.ForeignKeyConstraint(
            ["lot_id", "tenant_id"],
            ["parking_lots.id", "parking_lots.tenant_id"],
            name=op.f("deletions_parking_lots_fk"),
        ),
        sa.PrimaryKeyConstraint("lot_id", "id", name=op.f("deletions_pk")),
    )
    op.create_index(op.f("deletions_lot_id_at"), "deletions", ["lot_id", "at"], unique=False)
