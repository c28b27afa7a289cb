"""Tickets that a person at the lot looks after: odd ones, merged and split ones, vehicles with an attendant."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKeyConstraint, Index, PrimaryKeyConstraint, Table, Uuid, text

from cloud.db.schema.columns import metadata, moment, of_lot, one_of, uuid_of, words
from models.facts.lost import Suspicion
from models.valet.machine import ValetState

ticket_suspicions = Table(
    "ticket_suspicions",
    metadata,
    *of_lot(),
    uuid_of(),
    PrimaryKeyConstraint("lot_id", "id"),
    words("kind"),
    uuid_of("ticket_id"),
    Column("other_id", Uuid(as_uuid=False), nullable=True),
    words("lane"),
    words("done"),
    moment("at"),
    ForeignKeyConstraint(["lot_id", "ticket_id"], ["tickets.lot_id", "tickets.id"]),
    one_of("kind", Suspicion),
    Index(None, "lot_id", "ticket_id"),
    Index(None, "lot_id", "at"),
)

ticket_mendings = Table(
    "ticket_mendings",
    metadata,
    *of_lot(),
    uuid_of(),
    PrimaryKeyConstraint("lot_id", "id"),
    words("kind"),
    uuid_of("ticket_id"),
    uuid_of("other_id"),
    words("given_by"),
    words("reason"),
    moment("at"),
    # How both stood before, for whoever undoes it.
    words("was"),
    moment("undone_at", nullable=True),
    words("undone_by", nullable=True),
    words("undone_reason", nullable=True),
    ForeignKeyConstraint(["lot_id", "ticket_id"], ["tickets.lot_id", "tickets.id"]),
    ForeignKeyConstraint(
        ["lot_id", "other_id"], ["tickets.lot_id", "tickets.id"], name="ticket_mendings_other_tickets_fk"
    ),
    Index(None, "lot_id", "ticket_id"),
    Index(None, "lot_id", "other_id"),
)

valet_stays = Table(
    "valet_stays",
    metadata,
    *of_lot(),
    uuid_of(),
    PrimaryKeyConstraint("lot_id", "id"),
    uuid_of("ticket_id"),
    words("tag"),
    words("state"),
    words("taken_by"),
    moment("taken_at"),
    Column("spot_id", Uuid(as_uuid=False), nullable=True),
    words("place", nullable=True),
    moment("parked_at", nullable=True),
    moment("called_at", nullable=True),
    words("fetching_by", nullable=True),
    moment("ready_at", nullable=True),
    moment("handed_back_at", nullable=True),
    words("handed_back_by", nullable=True),
    words("against", nullable=True),
    words("reason", nullable=True),
    ForeignKeyConstraint(["lot_id", "ticket_id"], ["tickets.lot_id", "tickets.id"]),
    one_of("state", ValetState),
    Index("valet_stays_open", "lot_id", postgresql_where=text("state <> 'handed_back'")),
)
