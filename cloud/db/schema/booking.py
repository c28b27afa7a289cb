"""Reservations, and the places that the lots keep back for them."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    ForeignKeyConstraint,
    Index,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    UniqueConstraint,
    Uuid,
    text,
)

from cloud.db.schema.columns import metadata, moment, of_lot, one_of, uuid_of, words
from models.spots import SpotType
from models.tickets import ReservationStatus

LENGTH_CLASS = (
    "CASE WHEN end_time - start_time <= 7200000000 THEN 1 WHEN end_time - start_time <= 28800000000 THEN 2"
    " WHEN end_time - start_time <= 115200000000 THEN 3 WHEN end_time - start_time <= 460800000000 THEN 4"
    " WHEN end_time - start_time <= 2764800000000 THEN 5 ELSE 6 END"
)
"""Up to 2, 8, 32, 128 and 768 hours. What overlaps a time began, of each class, no longer before it than that: so an
index by beginnings finds it, and one long reservation doesn't make every search long."""

reservations = Table(
    "reservations",
    metadata,
    *of_lot(),
    uuid_of(),
    PrimaryKeyConstraint("lot_id", "id"),
    words("spot_type"),
    Column("spot_id", Uuid(as_uuid=False), nullable=True),
    Column("user_id", Uuid(as_uuid=False), nullable=True),
    moment("start_time"),
    moment("end_time"),
    words("status"),
    words("license_plate", nullable=True),
    # Of the code that the driver shows; the code itself can be written again with the key.
    words("code_hash", nullable=True),
    # By which a client asks again without booking twice; each operator's own.
    words("request_key", nullable=True),
    moment("booked_at", nullable=True),
    words("booked_by", nullable=True),
    moment("held_until", nullable=True),
    moment("cancelled_at", nullable=True),
    words("cancelled_by", nullable=True),
    # A cancelled one keeps its place until the lot has said that it knows: until then its code opens there.
    Column("holds_place", Boolean, nullable=False, server_default=text("true")),
    # The outbox: whether the lot is still to be told of it, and by which intents it has been.
    Column("to_tell", Boolean, nullable=False, server_default=text("false")),
    Column("made_revision", BigInteger, nullable=True),
    Column("ended_revision", BigInteger, nullable=True),
    Column("length_class", SmallInteger, Computed(LENGTH_CLASS, persisted=True), nullable=False),
    ForeignKeyConstraint(["lot_id", "spot_id"], ["spots.lot_id", "spots.id"]),
    one_of("spot_type", SpotType),
    one_of("status", ReservationStatus),
    CheckConstraint("start_time < end_time", name="order"),
    Index(None, "lot_id", "start_time", "id"),
    Index(
        "reservations_places",
        *("lot_id", "spot_type", "length_class", "start_time", "end_time"),
        postgresql_where=text("holds_place"),
    ),
    Index(
        "reservations_request",
        *("tenant_id", "request_key"),
        unique=True,
        postgresql_where=text("request_key IS NOT NULL"),
    ),
    Index("reservations_to_tell", "lot_id", "booked_at", postgresql_where=text("to_tell")),
    Index("reservations_to_free", "lot_id", postgresql_where=text("holds_place AND cancelled_at IS NOT NULL")),
    Index("reservations_held", "held_until", postgresql_where=text("status = 'HELD'")),
    Index(
        "reservations_standing",
        "end_time",
        postgresql_where=text("made_revision IS NOT NULL AND ended_revision IS NULL"),
    ),
)

reservation_quotas = Table(
    "reservation_quotas",
    metadata,
    *of_lot(),
    uuid_of(),
    PrimaryKeyConstraint("lot_id", "id"),
    words("spot_type"),
    # How many the cloud wants kept back, and how many the lot says that it does: only those are sold.
    Column("asked", BigInteger, nullable=False),
    Column("kept", BigInteger, nullable=False),
    Column("revision", BigInteger, nullable=False),
    moment("kept_at"),
    UniqueConstraint("lot_id", "spot_type"),
    one_of("spot_type", SpotType),
)
