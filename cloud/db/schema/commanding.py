"""Commands to the lots, what the lots made of them, and whose keys they believe."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    PrimaryKeyConstraint,
    Table,
)

from cloud.db.schema.columns import metadata, moment, of_lot, one_of, uuid_of, words
from models.commands import CommandEnd

taken_commands = Table(
    "taken_commands",
    metadata,
    *of_lot(),
    uuid_of(),
    PrimaryKeyConstraint("lot_id", "id"),
    words("lane", nullable=True),
    words("kind"),
    words("given_by"),
    words("reason"),
    moment("issued_at"),
    moment("taken_at"),
    moment("ended_at", nullable=True),
    words("outcome", nullable=True),
    words("said"),
    one_of("outcome", CommandEnd),
)

commands = Table(
    "commands",
    metadata,
    # What the cloud itself knows of a command; what the lot did with it is the lot's own word, in `taken_commands`.
    *of_lot(),
    uuid_of(),
    PrimaryKeyConstraint("lot_id", "id"),
    words("lane", nullable=True),
    words("kind"),
    words("state", nullable=True),
    words("given_by"),
    words("reason"),
    words("given_with"),
    moment("asked_at"),
    moment("answered_at", nullable=True),
    words("outcome", nullable=True),
    words("why", nullable=True),
    words("said"),
    one_of("outcome", (*CommandEnd, "not_sent")),
    Index(None, "lot_id", "asked_at"),
)

lot_keys = Table(
    "lot_keys",
    metadata,
    # How far the lot has followed the changes of the cloud's keys, by its own word.
    *of_lot(),
    PrimaryKeyConstraint("lot_id"),
    Column("serial", BigInteger, nullable=False),
    words("newest"),
    moment("told_at"),
)
