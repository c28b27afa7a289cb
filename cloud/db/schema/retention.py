"""What was deleted, on either side."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    PrimaryKeyConstraint,
    Table,
)

from cloud.db.schema.columns import metadata, moment, of_lot, one_of, uuid_of, words

deletions = Table(
    "deletions",
    metadata,
    *of_lot(),
    uuid_of(),
    PrimaryKeyConstraint("lot_id", "id"),
    words("done_by"),
    words("disk_class"),
    words("what"),
    Column("count", BigInteger, nullable=False),
    moment("up_to"),
    words("why"),
    moment("at"),
    one_of("done_by", ("lot", "cloud")),
    Index(None, "lot_id", "at"),
)
