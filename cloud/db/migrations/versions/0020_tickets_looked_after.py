"""Tickets that a person at the lot looks after: lost, odd, merged and split ones, and vehicles with an attendant."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("tickets", sa.Column("lost", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("tickets", sa.Column("entry_known", sa.Boolean(), server_default=sa.text("true"), nullable=False))
    op.add_column("tickets", sa.Column("picture", sa.Text(), nullable=True))
    op.add_column("tickets", sa.Column("merged_into", sa.Uuid(as_uuid=False), nullable=True))
    _suspicions()
    _mendings()
    _valet()


def _suspicions() -> None:
    op.create_table(
        "ticket_suspicions",
        *_of_lot("ticket_suspicions"),
        _words("kind"),
        _uuid("ticket_id"),
        _uuid("other_id", nullable=True),
        _words("lane"),
        _words("done"),
        _moment("at"),
        _ticket("ticket_id", "ticket_suspicions_tickets_fk"),
        sa.CheckConstraint("kind IN ('used_again', 'other_plate', 'two_tickets')", name=op.f("ticket_suspicions_kind")),
    )
    _index("ticket_suspicions", "ticket_id")
    _index("ticket_suspicions", "at")


def _mendings() -> None:
    op.create_table(
        "ticket_mendings",
        *_of_lot("ticket_mendings"),
        _words("kind"),
        _uuid("ticket_id"),
        _uuid("other_id"),
        _words("given_by"),
        _words("reason"),
        _moment("at"),
        _words("was"),
        _moment("undone_at", nullable=True),
        _words("undone_by", nullable=True),
        _words("undone_reason", nullable=True),
        _ticket("ticket_id", "ticket_mendings_tickets_fk"),
        _ticket("other_id", "ticket_mendings_other_tickets_fk"),
    )
    _index("ticket_mendings", "ticket_id")
    _index("ticket_mendings", "other_id")


def _valet() -> None:
    op.create_table(
        "valet_stays",
        *_of_lot("valet_stays"),
        _uuid("ticket_id"),
        _words("tag"),
        _words("state"),
        _words("taken_by"),
        _moment("taken_at"),
        _uuid("spot_id", nullable=True),
        _words("place", nullable=True),
        _moment("parked_at", nullable=True),
        _moment("called_at", nullable=True),
        _words("fetching_by", nullable=True),
        _moment("ready_at", nullable=True),
        _moment("handed_back_at", nullable=True),
        _words("handed_back_by", nullable=True),
        _words("against", nullable=True),
        _words("reason", nullable=True),
        _ticket("ticket_id", "valet_stays_tickets_fk"),
        sa.CheckConstraint(
            "state IN ('taken', 'parked', 'requested', 'fetching', 'ready', 'handed_back')",
            name=op.f("valet_stays_state"),
        ),
    )
    open_ones = sa.text("state <> 'handed_back'")
    op.create_index("valet_stays_open", "valet_stays", ["lot_id"], unique=False, postgresql_where=open_ones)


def _of_lot(table: str) -> tuple[Any, ...]:
    return (
        *(_uuid("tenant_id"), _uuid("lot_id"), _uuid("id")),
        sa.ForeignKeyConstraint(
            ["lot_id", "tenant_id"],
            ["parking_lots.id", "parking_lots.tenant_id"],
            name=op.f(f"{table}_parking_lots_fk"),
        ),
        sa.PrimaryKeyConstraint("lot_id", "id", name=op.f(f"{table}_pk")),
    )


def _ticket(column: str, name: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["lot_id", column], ["tickets.lot_id", "tickets.id"], name=op.f(name))


def _uuid(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Uuid(as_uuid=False), nullable=nullable)


def _words(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def _moment(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=nullable)


def _index(table: str, column: str) -> None:
    op.create_index(op.f(f"{table}_lot_id_{column}"), table, ["lot_id", column], unique=False)
