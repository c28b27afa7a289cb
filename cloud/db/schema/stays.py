"""Stays and their money, as the lots tell of them."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKeyConstraint,
    Index,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    text,
)

from cloud.db.schema.columns import metadata, moment, of_lot, one_of, uuid_of, words
from models.spots import VehicleType
from models.tickets import NONE_GIVEN, OPEN, Direction, PaymentStatus, TicketStatus

vehicles = Table(
    "vehicles",
    metadata,
    *of_lot(),
    uuid_of(),
    PrimaryKeyConstraint("lot_id", "id"),
    # None: it couldn't be read.
    words("license_plate", nullable=True),
    words("vehicle_type"),
    Column("owner_id", Uuid(as_uuid=False), nullable=True),
    moment("neutral_since", nullable=True),
    one_of("vehicle_type", VehicleType),
    Index(None, "lot_id", "license_plate"),
)

tickets = Table(
    "tickets",
    metadata,
    *of_lot(),
    uuid_of(),
    PrimaryKeyConstraint("lot_id", "id"),
    words("code"),
    uuid_of("vehicle_id"),
    Column("spot_id", Uuid(as_uuid=False), nullable=True),
    words("vehicle_type"),
    words("entry_lane"),
    moment("entry_time"),
    words("exit_lane", nullable=True),
    moment("exit_time", nullable=True),
    words("status"),
    moment("settled_at", nullable=True),
    Column("amount_due", BigInteger, nullable=True),
    Column("amount_paid", BigInteger, nullable=False),
    words("currency"),
    words("tariff"),
    # Nobody knew how long the stay was, so it paid for the least; and what the lot owes back since that is known.
    Column("fee_bounded", Boolean, nullable=False, server_default=text("false")),
    Column("refund_owed", BigInteger, nullable=False, server_default="0"),
    # By what right the vehicle is inside; the number counts the lot's tickets.
    Column("serial", BigInteger, nullable=True),
    Column("entered_by", Text, nullable=False, server_default="plate"),
    Column("permit_id", Uuid(as_uuid=False), nullable=True),
    words("account", nullable=True),
    Column("reservation_id", Uuid(as_uuid=False), nullable=True),
    # A lost ticket, whether anybody knows when its vehicle came, and the hash of the picture of its entry.
    Column("lost", Boolean, nullable=False, server_default=text("false")),
    Column("entry_known", Boolean, nullable=False, server_default=text("true")),
    words("picture", nullable=True),
    # What led to the stay at its exit, and the hash of the picture that was taken there.
    words("exit_match", nullable=True),
    words("exit_picture", nullable=True),
    # The ticket that stands for this stay, since a person said that the two are of one.
    Column("merged_into", Uuid(as_uuid=False), nullable=True),
    # The codes of merchants that take something off, as a JSON list.
    Column("validations", Text, nullable=False, server_default=NONE_GIVEN),
    # When the cloud masked its plate; the lot has a moment of its own.
    moment("masked_at", nullable=True),
    ForeignKeyConstraint(["lot_id", "vehicle_id"], ["vehicles.lot_id", "vehicles.id"]),
    ForeignKeyConstraint(["lot_id", "spot_id"], ["spots.lot_id", "spots.id"]),
    one_of("vehicle_type", VehicleType),
    one_of("status", TicketStatus),
    Index(None, "lot_id", "entry_time", "id"),
    Index(None, "lot_id", "code"),
    Index(None, "lot_id", "vehicle_id"),
    Index("tickets_refunds", "lot_id", postgresql_where=text("refund_owed > 0")),
    Index(
        "tickets_to_mask",
        "lot_id",
        text("coalesce(exit_time, entry_time)"),
        postgresql_where=text("masked_at IS NULL AND status IN ('COMPLETED', 'VOIDED')"),
    ),
    Index("tickets_open", "lot_id", postgresql_where=text(f"status IN ({', '.join(repr(str(s)) for s in OPEN)})")),
)

payments = Table(
    "payments",
    metadata,
    *of_lot(),
    uuid_of(),
    PrimaryKeyConstraint("lot_id", "id"),
    uuid_of("ticket_id"),
    words("lane"),
    Column("amount", BigInteger, nullable=False),
    words("currency"),
    words("method"),
    words("reference"),
    words("status"),
    moment("at"),
    # In whose books, and the sum that was asked for there at once, if this is a part of it.
    words("provider", nullable=True),
    Column("charge_id", Uuid(as_uuid=False), nullable=True),
    ForeignKeyConstraint(["lot_id", "ticket_id"], ["tickets.lot_id", "tickets.id"]),
    one_of("status", PaymentStatus),
    Index(None, "lot_id", "ticket_id"),
    Index(None, "lot_id", "at"),
)

fee_corrections = Table(
    "fee_corrections",
    metadata,
    *of_lot(),
    uuid_of(),
    PrimaryKeyConstraint("lot_id", "id"),
    uuid_of("ticket_id"),
    words("why"),
    Column("fee_before", BigInteger, nullable=False),
    Column("fee", BigInteger, nullable=False),
    Column("paid", BigInteger, nullable=False),
    Column("refund_owed", BigInteger, nullable=False),
    words("currency"),
    moment("at"),
    ForeignKeyConstraint(["lot_id", "ticket_id"], ["tickets.lot_id", "tickets.id"]),
    Index(None, "lot_id", "at"),
)

ledger_entries = Table(
    "ledger_entries",
    metadata,
    *of_lot(),
    uuid_of(),
    PrimaryKeyConstraint("lot_id", "id"),
    uuid_of("posting_id"),
    # None: it isn't about a stay.
    Column("ticket_id", Uuid(as_uuid=False), nullable=True),
    words("kind"),
    words("account"),
    Column("amount", BigInteger, nullable=False),
    words("currency"),
    Column("payment_id", Uuid(as_uuid=False), nullable=True),
    Column("reverses", Uuid(as_uuid=False), nullable=True),
    # The business day, as its lot counts them.
    Column("day", BigInteger, nullable=False),
    words("given_by", nullable=True),
    words("reason", nullable=True),
    moment("at"),
    ForeignKeyConstraint(["lot_id", "ticket_id"], ["tickets.lot_id", "tickets.id"]),
    Index(None, "lot_id", "ticket_id"),
    Index(None, "lot_id", "day"),
)

receipts = Table(
    "receipts",
    metadata,
    *of_lot(),
    uuid_of(),
    PrimaryKeyConstraint("lot_id", "id"),
    Column("number", BigInteger, nullable=False),
    uuid_of("ticket_id"),
    Column("total", BigInteger, nullable=False),
    words("currency"),
    # All that stands on it, as JSON.
    words("said"),
    moment("at"),
    ForeignKeyConstraint(["lot_id", "ticket_id"], ["tickets.lot_id", "tickets.id"]),
    Index(None, "lot_id", "ticket_id"),
)

closings = Table(
    "closings",
    metadata,
    *of_lot(),
    uuid_of(),
    PrimaryKeyConstraint("lot_id", "id"),
    words("what"),
    Column("number", BigInteger, nullable=False),
    words("drawer", nullable=True),
    # What it came to, as JSON.
    words("report"),
    words("given_by"),
    moment("at"),
    one_of("what", ("day", "shift")),
    Index(None, "lot_id", "what", "number"),
)

access_refusals = Table(
    "access_refusals",
    metadata,
    *of_lot(),
    uuid_of(),
    PrimaryKeyConstraint("lot_id", "id"),
    words("lane"),
    words("direction"),
    words("reason"),
    words("license_plate", nullable=True),
    moment("at"),
    one_of("direction", Direction),
    Index(None, "lot_id", "at"),
    Index("access_refusals_to_mask", "lot_id", "at", postgresql_where=text("license_plate IS NOT NULL")),
)
