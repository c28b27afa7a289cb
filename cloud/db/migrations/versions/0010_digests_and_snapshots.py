"""Digests of the lots' state, and the snapshots that put right what differed."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0010"
down_revision = "0007"
branch_labels = None
depends_on = None

_KINDS = (
    "kind IN ('fact_parked', 'stream_forked', 'stream_superseded', 'window_refused',"
    " 'lot_claimed_twice', 'stays_unknown_to_lot', 'facts_missing', 'cloud_restored',"
    " 'intents_parked', 'intents_withheld', 'intents_forked', 'intents_differ',"
    " 'digest_differs', 'money_unknown_to_lot', 'snapshot_refused')"
)


def upgrade() -> None:
    op.drop_constraint(op.f("cases_kind"), "cases", type_="check")
    op.create_check_constraint(op.f("cases_kind"), "cases", _KINDS)
    _table(
        "digests",
        sa.Column("stream_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("compared_at", sa.BigInteger(), nullable=False),
        sa.Column("differs", JSONB(), nullable=True),
        sa.Column("differs_since", sa.BigInteger(), nullable=True),
        sa.Column("equal_seq", sa.BigInteger(), nullable=True),
        sa.Column("equal_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("verdict IN ('equal', 'differs', 'parked', 'unknown')", name=op.f("digests_verdict")),
        sa.PrimaryKeyConstraint("lot_id", name=op.f("digests_pk")),
    )
    _table(
        "resyncs",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("wanted", JSONB(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("snapshot", sa.Text(), nullable=True),
        sa.Column("stream_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("seq", sa.BigInteger(), nullable=True),
        sa.Column("hash", sa.Text(), nullable=True),
        sa.Column("oldest", sa.Text(), nullable=True),
        sa.Column("parts", sa.Integer(), nullable=True),
        sa.Column("checksum", sa.Text(), nullable=True),
        sa.Column("have", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("rows_changed", sa.Integer(), nullable=True),
        sa.CheckConstraint("state IN ('asked', 'complete', 'applied', 'refused')", name=op.f("resyncs_state")),
        sa.PrimaryKeyConstraint("lot_id", "id", name=op.f("resyncs_pk")),
    )
    op.create_index(
        "resyncs_open",
        "resyncs",
        ["lot_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('asked', 'complete')"),
    )
    _table(
        "snapshot_parts",
        sa.Column("resync_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        _of_resync("snapshot_parts"),
        sa.PrimaryKeyConstraint("lot_id", "resync_id", "number", name=op.f("snapshot_parts_pk")),
    )
    _table(
        "differences",
        sa.Column("resync_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("table_name", sa.Text(), nullable=False),
        sa.Column("row_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("column_name", sa.Text(), nullable=False),
        sa.Column("in_cloud", sa.Text(), nullable=True),
        sa.Column("at_lot", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("outcome IN ('corrected', 'made', 'removed', 'kept')", name=op.f("differences_outcome")),
        _of_resync("differences"),
        sa.PrimaryKeyConstraint("lot_id", "resync_id", "number", name=op.f("differences_pk")),
    )


def _of_resync(name: str) -> Any:
    return sa.ForeignKeyConstraint(
        ["lot_id", "resync_id"], ["resyncs.lot_id", "resyncs.id"], name=op.f(f"{name}_resyncs_fk")
    )


def _table(name: str, *own: Any) -> None:
    op.create_table(
        name,
        sa.Column("tenant_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("lot_id", sa.Uuid(as_uuid=False), nullable=False),
        *own,
        sa.ForeignKeyConstraint(
            ["lot_id", "tenant_id"], ["parking_lots.id", "parking_lots.tenant_id"], name=op.f(f"{name}_parking_lots_fk")
        ),
    )
