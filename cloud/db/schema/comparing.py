"""What comparing the lots' tables with the cloud's brought to light, and how it was set right."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from cloud.db.schema.columns import metadata, moment, of_lot, one_of, uuid_of, words

RESYNC_STATES = ("asked", "complete", "applied", "refused")

digests = Table(
    "digests",
    metadata,
    *of_lot(),
    # The last one that was looked at, and the last that was equal.
    Column("stream_id", Uuid(as_uuid=False), nullable=False),
    Column("seq", BigInteger, nullable=False),
    words("verdict"),
    moment("compared_at"),
    # What differed: tables, parts, counts of rows.
    Column("differs", JSONB, nullable=True),
    moment("differs_since", nullable=True),
    Column("equal_seq", BigInteger, nullable=True),
    moment("equal_at", nullable=True),
    one_of("verdict", ("equal", "differs", "parked", "unknown")),
    PrimaryKeyConstraint("lot_id"),
)

resyncs = Table(
    "resyncs",
    metadata,
    *of_lot(),
    uuid_of(),
    PrimaryKeyConstraint("lot_id", "id"),
    words("why"),
    Column("wanted", JSONB, nullable=False),
    words("state"),
    moment("asked_at"),
    moment("ended_at", nullable=True),
    # The snapshot that is coming: which, of which point of the lot's stream, and how much of it is here.
    words("snapshot", nullable=True),
    Column("stream_id", Uuid(as_uuid=False), nullable=True),
    Column("seq", BigInteger, nullable=True),
    words("hash", nullable=True),
    words("oldest", nullable=True),
    Column("parts", Integer, nullable=True),
    words("checksum", nullable=True),
    Column("have", Integer, nullable=False, server_default="0"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("rows_changed", Integer, nullable=True),
    one_of("state", RESYNC_STATES),
    Index("resyncs_open", "lot_id", unique=True, postgresql_where=text("state IN ('asked', 'complete')")),
)

snapshot_parts = Table(
    "snapshot_parts",
    metadata,
    *of_lot(),
    uuid_of("resync_id"),
    Column("number", Integer, nullable=False),
    words("body"),
    PrimaryKeyConstraint("lot_id", "resync_id", "number"),
    ForeignKeyConstraint(["lot_id", "resync_id"], ["resyncs.lot_id", "resyncs.id"]),
)

differences = Table(
    "differences",
    metadata,
    *of_lot(),
    uuid_of("resync_id"),
    Column("number", Integer, nullable=False),
    words("table_name"),
    uuid_of("row_id"),
    # `*`: the whole row, which one side lacks. Values as JSON, plates masked.
    words("column_name"),
    words("in_cloud", nullable=True),
    words("at_lot", nullable=True),
    words("outcome"),
    moment("at"),
    one_of("outcome", ("corrected", "made", "removed", "kept")),
    PrimaryKeyConstraint("lot_id", "resync_id", "number"),
    ForeignKeyConstraint(["lot_id", "resync_id"], ["resyncs.lot_id", "resyncs.id"]),
)
