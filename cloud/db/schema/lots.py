"""Lots as they were enrolled, their layout, and how they log in at the broker."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    and_,
    text,
)

from cloud.db.schema.columns import metadata, moment, of_lot, one_of, uuid_of, words
from models.spots import Blocked, SpotStatus, SpotType

LOTS_CHANGED = "parkgate_lots"
"""The channel on which a committed change of a lot is announced; its payload is the lot's id."""

parking_lots = Table(
    "parking_lots",
    metadata,
    Column("id", Uuid(as_uuid=False), primary_key=True),
    Column("tenant_id", Uuid(as_uuid=False), ForeignKey("tenants.id"), nullable=False),
    words("name"),
    # What the operator called it when it was made known: the lot's own file may say another name, which is `name`.
    Column("called", Text, nullable=True),
    Column("address", Text, nullable=False, server_default=""),
    Column("timezone", Text, nullable=False, server_default="UTC"),
    Column("currency", Text, nullable=True),
    Column("total_spots", Integer, nullable=False, server_default="0"),
    Column("lat", Double, nullable=True),
    Column("lng", Double, nullable=True),
    Column("enrolled_at", BigInteger, nullable=False),
    moment("neutral_since", nullable=True),
    # How often it was enrolled: what speaks for an earlier time isn't this lot any more.
    Column("epoch", Integer, nullable=False, server_default="1"),
    # The latest enrolment that was heard of from the lot itself: a new one counts from its first use.
    Column("epoch_in_force", Integer, nullable=False, server_default="1"),
    UniqueConstraint("id", "tenant_id"),
    Index(None, "tenant_id", "name"),
)

lot_logins = Table(
    "lot_logins",
    metadata,
    uuid_of("tenant_id"),
    Column("lot_id", Uuid(as_uuid=False), primary_key=True),
    ForeignKeyConstraint(["lot_id", "tenant_id"], ["parking_lots.id", "parking_lots.tenant_id"]),
    words("username"),
    # As the broker's own file holds it; the password itself is told once and kept nowhere.
    words("hash"),
    moment("made_at"),
    moment("revoked_at", nullable=True),
    UniqueConstraint("username"),
)

levels = Table(
    "levels",
    metadata,
    *of_lot(),
    uuid_of(),
    PrimaryKeyConstraint("lot_id", "id"),
    Column("floor_number", Integer, nullable=False),
    words("name"),
    Index(None, "lot_id", "floor_number"),
)

spots = Table(
    "spots",
    metadata,
    *of_lot(),
    uuid_of(),
    PrimaryKeyConstraint("lot_id", "id"),
    uuid_of("level_id"),
    words("spot_number"),
    words("spot_type"),
    words("status"),
    Column("removed", Boolean, nullable=False, server_default=text("false")),
    Column("zone", Text, nullable=False, server_default=""),
    # Why nobody is led there, whoever stands on it.
    Column("blocked", Text, nullable=True),
    ForeignKeyConstraint(["lot_id", "level_id"], ["levels.lot_id", "levels.id"]),
    one_of("spot_type", SpotType),
    one_of("status", SpotStatus),
    one_of("blocked", Blocked),
    Index(None, "lot_id", "level_id"),
)

IS_FREE = and_(spots.c.status == SpotStatus.AVAILABLE, spots.c.blocked.is_(None))
"""A vehicle may be led there now."""
