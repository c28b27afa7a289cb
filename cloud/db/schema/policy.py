"""What the cloud wants of the lots: intents, and how far each lot has them."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from cloud.db.schema.columns import metadata, moment, of_lot, words

INTENTS_ISSUED = "parkgate_intents"
"""The channel on which committed intents are announced; its payload is the lot's id."""

policies = Table(
    "policies",
    metadata,
    *of_lot(),
    PrimaryKeyConstraint("lot_id"),
    # The last intent that was issued, and the hash over all up to it. Issuing locks this row: no number is left out.
    Column("revision", BigInteger, nullable=False, server_default="0"),
    Column("hash", Text, nullable=False, server_default="0" * 64),
    # How far the lot says that it is, and how far it has been sent.
    Column("acked", BigInteger, nullable=False, server_default="0"),
    Column("sent", BigInteger, nullable=False, server_default="0"),
    Column("sent_at", BigInteger, nullable=False, server_default="0"),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("needs_snapshot", Boolean, nullable=False, server_default=text("false")),
    # The lot has another history: nothing goes down until an operator has settled it.
    Column("forked", Boolean, nullable=False, server_default=text("false")),
    # By whom and why the lot's intents are to be taken over, while they are asked for.
    Column("adopting", JSONB, nullable=True),
    # What the lot says of itself; NULL until it has.
    Column("said", JSONB, nullable=True),
    moment("said_at", nullable=True),
    Index("policies_behind", "sent_at", postgresql_where=text("acked < revision OR needs_snapshot")),
)

intents = Table(
    "intents",
    metadata,
    *of_lot(),
    Column("revision", BigInteger, nullable=False),
    PrimaryKeyConstraint("lot_id", "revision"),
    words("type"),
    Column("version", Integer, nullable=False),
    words("subject"),
    Column("ends", Boolean, nullable=False),
    moment("at"),
    # As in `facts`: the very text that was hashed, and beside it what may be erased.
    words("body"),
    words("salt", nullable=True),
    words("personal", nullable=True),
    words("digest"),
    words("hash"),
    words("issued_by"),
    words("reason"),
    Index(None, "lot_id", "subject"),
)

standing_intents = Table(
    "standing_intents",
    metadata,
    *of_lot(),
    words("subject"),
    Column("revision", BigInteger, nullable=False),
    PrimaryKeyConstraint("lot_id", "subject"),
    ForeignKeyConstraint(["lot_id", "revision"], ["intents.lot_id", "intents.revision"]),
)
