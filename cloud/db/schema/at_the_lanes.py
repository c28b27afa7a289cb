"""Lanes and what people did at them, faults, and what the lots show of their present."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Index,
    PrimaryKeyConstraint,
    Table,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from cloud.db.schema.columns import metadata, moment, of_lot, one_of, uuid_of, words
from models.lanes import HoldCause, LaneState
from models.tickets import Direction

faults = Table(
    "faults",
    metadata,
    *of_lot(),
    uuid_of(),
    PrimaryKeyConstraint("lot_id", "id"),
    words("code"),
    words("source"),
    words("detail"),
    moment("raised_at"),
    moment("cleared_at", nullable=True),
    Index("faults_active", "lot_id", postgresql_where=text("cleared_at IS NULL")),
)

lane_states = Table(
    "lane_states",
    metadata,
    *of_lot(),
    # Worked out from the lane's name (`models.ids.lane_id`); `lanes` is what the cloud itself keeps of a lane.
    uuid_of(),
    PrimaryKeyConstraint("lot_id", "id"),
    words("name"),
    words("state"),
    words("hold", nullable=True),
    moment("changed_at"),
    one_of("state", LaneState),
    one_of("hold", HoldCause),
)

lane_orders = Table(
    "lane_orders",
    metadata,
    *of_lot(),
    uuid_of(),
    PrimaryKeyConstraint("lot_id", "id"),
    words("order_id"),
    words("lane"),
    words("kind"),
    words("given_by"),
    words("reason"),
    words("state", nullable=True),
    Column("obeyed", Boolean, nullable=False),
    words("why_not"),
    moment("at"),
    Index(None, "lot_id", "at"),
)

passages = Table(
    "passages",
    metadata,
    *of_lot(),
    uuid_of(),
    PrimaryKeyConstraint("lot_id", "id"),
    words("lane"),
    words("direction"),
    words("kind"),
    words("order_id", nullable=True),
    Column("unable_to_collect", Boolean, nullable=False),
    words("license_plate", nullable=True),
    moment("at"),
    one_of("direction", Direction),
    Index(None, "lot_id", "at"),
    Index("passages_to_mask", "lot_id", "at", postgresql_where=text("license_plate IS NOT NULL")),
)

help_calls = Table(
    "help_calls",
    metadata,
    *of_lot(),
    uuid_of(),
    PrimaryKeyConstraint("lot_id", "id"),
    words("lane"),
    words("why"),
    words("license_plate", nullable=True),
    moment("at"),
    Index(None, "lot_id", "at"),
    Index("help_calls_to_mask", "lot_id", "at", postgresql_where=text("license_plate IS NOT NULL")),
)

lanes = Table(
    "lanes",
    metadata,
    *of_lot(),
    words("name"),
    words("direction"),
    Column("removed", Boolean, nullable=False, server_default=text("false")),
    # What the last vehicle did; its plate stays with its ticket or refusal, where it can be erased.
    words("last_event", nullable=True),
    moment("last_at", nullable=True),
    Column("last_ticket_id", Uuid(as_uuid=False), nullable=True),
    Column("last_refusal_id", Uuid(as_uuid=False), nullable=True),
    one_of("direction", Direction),
    PrimaryKeyConstraint("lot_id", "name"),
)

beacons = Table(
    "beacons",
    metadata,
    *of_lot(),
    Column("body", JSONB, nullable=False),
    Column("online", Boolean, nullable=False),
    moment("received_at"),
    PrimaryKeyConstraint("lot_id"),
)
