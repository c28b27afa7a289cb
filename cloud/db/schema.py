"""The cloud's tables. Ids are UUIDs, times UTC microseconds, money minor units; every row carries its tenant.

A lot mints its own ids, so its rows are keyed by (lot_id, id): no lot can touch or take another's.
What a fact changes in the tables that a lot has too is decided in `models.effects`, not here.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from models.commands import CommandEnd
from models.lanes import HoldCause, LaneState
from models.spots import SpotStatus, SpotType, VehicleType
from models.tickets import OPEN, Direction, PaymentStatus, TicketStatus

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pk",
        "fk": "%(table_name)s_%(referred_table_name)s_fk",
        "ck": "%(table_name)s_%(constraint_name)s",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ix": "%(table_name)s_%(column_0_N_name)s",
    }
)

INTENTS_ISSUED = "parkgate_intents"
"""The channel on which committed intents are announced; its payload is the lot's id."""

LOTS_CHANGED = "parkgate_lots"
"""The channel on which a committed change of a lot is announced; its payload is the lot's id."""

SCOPES = ("read", "plates", "operate", "metrics", "admin")
"""What an API key may be allowed; `admin` includes the others."""


PERSON_IN_BODY = """coalesce("substring"(body, '(?<="vehicle":")[0-9a-f-]{36}'),
    "substring"(body, '(?<="(ticket|refusal|passage|call)":")[0-9a-f-]{36}'))"""
"""SQL: the row whose plate a fact's personal part holds (`models.retention.PERSON_OF`). A pattern, and not JSON's own
functions: a body that isn't JSON is parked, and mustn't keep its window out."""
CASE_KINDS = (
    *("fact_parked", "stream_forked", "stream_superseded", "window_refused"),
    *("lot_claimed_twice", "stays_unknown_to_lot", "facts_missing", "cloud_restored"),
    *("intents_parked", "intents_withheld", "intents_forked", "intents_differ"),
    *("digest_differs", "money_unknown_to_lot", "snapshot_refused"),
)
"""What a person must judge; `cloud.ingest.cases`."""

PARKED_CAUSES = ("unreadable", "poisoned", "follows", "torn", "superseded")
"""Why a fact waits: it can't be read, it can't be applied, an earlier one of its ticket waits, two histories have facts
of its ticket, it came on a stream that isn't the lot's any more."""

PARKED_OUTCOMES = ("applied", "carried", "judged")
"""What became of it: applied after all, or in another stream too, or a person judged that it isn't to be."""

RESYNC_STATES = ("asked", "complete", "applied", "refused")


class ReservationStatus(StrEnum):
    BOOKED = "BOOKED"
    ARRIVED = "ARRIVED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"


def _id(name: str = "id") -> Column[str]:
    return Column(name, Uuid(as_uuid=False), nullable=False)


def _words(column: str, words: Iterable[str], name: str | None = None) -> CheckConstraint:
    listed = ", ".join(f"'{word}'" for word in words)
    return CheckConstraint(f"{column} IN ({listed})", name=name or column)


def _at(name: str, *, nullable: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=nullable)


def _text(name: str, *, nullable: bool = False) -> Column[str]:
    return Column(name, Text, nullable=nullable)


def _of_lot() -> tuple[Column[str], Column[str], ForeignKeyConstraint]:
    """The tenant and lot of a row; a row can't name a tenant that isn't its lot's."""
    return (
        _id("tenant_id"),
        _id("lot_id"),
        ForeignKeyConstraint(["lot_id", "tenant_id"], ["parking_lots.id", "parking_lots.tenant_id"]),
    )


tenants = Table(
    "tenants",
    metadata,
    Column("id", Uuid(as_uuid=False), primary_key=True),
    _text("name"),
    _at("created_at"),
    # Days; None: what the settings say.
    Column("plate_days", Integer, nullable=True),
    Column("debt_plate_days", Integer, nullable=True),
    UniqueConstraint("name"),
    CheckConstraint("plate_days >= 1 AND debt_plate_days >= 1", name="days"),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Uuid(as_uuid=False), primary_key=True),
    Column("tenant_id", Uuid(as_uuid=False), ForeignKey("tenants.id"), nullable=False),
    _text("name"),
    _text("prefix"),
    _text("hash"),
    Column("scopes", ARRAY(Text), nullable=False),
    _at("created_at"),
    _at("revoked_at", nullable=True),
    _at("last_used_at", nullable=True),
    UniqueConstraint("hash"),
    UniqueConstraint("prefix"),
    CheckConstraint("scopes <@ ARRAY['read', 'plates', 'operate', 'metrics', 'admin']", name="scopes"),
)

parking_lots = Table(
    "parking_lots",
    metadata,
    Column("id", Uuid(as_uuid=False), primary_key=True),
    Column("tenant_id", Uuid(as_uuid=False), ForeignKey("tenants.id"), nullable=False),
    _text("name"),
    Column("address", Text, nullable=False, server_default=""),
    Column("timezone", Text, nullable=False, server_default="UTC"),
    Column("currency", Text, nullable=True),
    Column("total_spots", Integer, nullable=False, server_default="0"),
    Column("lat", Double, nullable=True),
    Column("lng", Double, nullable=True),
    Column("enrolled_at", BigInteger, nullable=False),
    _at("neutral_since", nullable=True),
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
    _id("tenant_id"),
    Column("lot_id", Uuid(as_uuid=False), primary_key=True),
    ForeignKeyConstraint(["lot_id", "tenant_id"], ["parking_lots.id", "parking_lots.tenant_id"]),
    _text("username"),
    # As the broker's own file holds it; the password itself is told once and kept nowhere.
    _text("hash"),
    _at("made_at"),
    _at("revoked_at", nullable=True),
    UniqueConstraint("username"),
)

levels = Table(
    "levels",
    metadata,
    *_of_lot(),
    _id(),
    PrimaryKeyConstraint("lot_id", "id"),
    Column("floor_number", Integer, nullable=False),
    _text("name"),
    Index(None, "lot_id", "floor_number"),
)

spots = Table(
    "spots",
    metadata,
    *_of_lot(),
    _id(),
    PrimaryKeyConstraint("lot_id", "id"),
    _id("level_id"),
    _text("spot_number"),
    _text("spot_type"),
    _text("status"),
    Column("removed", Boolean, nullable=False, server_default=text("false")),
    ForeignKeyConstraint(["lot_id", "level_id"], ["levels.lot_id", "levels.id"]),
    _words("spot_type", SpotType),
    _words("status", SpotStatus),
    Index(None, "lot_id", "level_id"),
)

vehicles = Table(
    "vehicles",
    metadata,
    *_of_lot(),
    _id(),
    PrimaryKeyConstraint("lot_id", "id"),
    # None: it couldn't be read.
    _text("license_plate", nullable=True),
    _text("vehicle_type"),
    Column("owner_id", Uuid(as_uuid=False), nullable=True),
    _at("neutral_since", nullable=True),
    _words("vehicle_type", VehicleType),
    Index(None, "lot_id", "license_plate"),
)

tickets = Table(
    "tickets",
    metadata,
    *_of_lot(),
    _id(),
    PrimaryKeyConstraint("lot_id", "id"),
    _text("code"),
    _id("vehicle_id"),
    Column("spot_id", Uuid(as_uuid=False), nullable=True),
    _text("vehicle_type"),
    _text("entry_lane"),
    _at("entry_time"),
    _text("exit_lane", nullable=True),
    _at("exit_time", nullable=True),
    _text("status"),
    _at("settled_at", nullable=True),
    Column("amount_due", BigInteger, nullable=True),
    Column("amount_paid", BigInteger, nullable=False),
    _text("currency"),
    _text("tariff"),
    # Nobody knew how long the stay was, so it paid for the least; and what the lot owes back since that is known.
    Column("fee_bounded", Boolean, nullable=False, server_default=text("false")),
    Column("refund_owed", BigInteger, nullable=False, server_default="0"),
    # When the cloud masked its plate; the lot has a moment of its own.
    _at("masked_at", nullable=True),
    ForeignKeyConstraint(["lot_id", "vehicle_id"], ["vehicles.lot_id", "vehicles.id"]),
    ForeignKeyConstraint(["lot_id", "spot_id"], ["spots.lot_id", "spots.id"]),
    _words("vehicle_type", VehicleType),
    _words("status", TicketStatus),
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
    *_of_lot(),
    _id(),
    PrimaryKeyConstraint("lot_id", "id"),
    _id("ticket_id"),
    _text("lane"),
    Column("amount", BigInteger, nullable=False),
    _text("currency"),
    _text("method"),
    _text("reference"),
    _text("status"),
    _at("at"),
    ForeignKeyConstraint(["lot_id", "ticket_id"], ["tickets.lot_id", "tickets.id"]),
    _words("status", PaymentStatus),
    Index(None, "lot_id", "ticket_id"),
    Index(None, "lot_id", "at"),
)

fee_corrections = Table(
    "fee_corrections",
    metadata,
    *_of_lot(),
    _id(),
    PrimaryKeyConstraint("lot_id", "id"),
    _id("ticket_id"),
    _text("why"),
    Column("fee_before", BigInteger, nullable=False),
    Column("fee", BigInteger, nullable=False),
    Column("paid", BigInteger, nullable=False),
    Column("refund_owed", BigInteger, nullable=False),
    _text("currency"),
    _at("at"),
    ForeignKeyConstraint(["lot_id", "ticket_id"], ["tickets.lot_id", "tickets.id"]),
    Index(None, "lot_id", "at"),
)

access_refusals = Table(
    "access_refusals",
    metadata,
    *_of_lot(),
    _id(),
    PrimaryKeyConstraint("lot_id", "id"),
    _text("lane"),
    _text("direction"),
    _text("reason"),
    _text("license_plate", nullable=True),
    _at("at"),
    _words("direction", Direction),
    Index(None, "lot_id", "at"),
    Index("access_refusals_to_mask", "lot_id", "at", postgresql_where=text("license_plate IS NOT NULL")),
)

faults = Table(
    "faults",
    metadata,
    *_of_lot(),
    _id(),
    PrimaryKeyConstraint("lot_id", "id"),
    _text("code"),
    _text("source"),
    _text("detail"),
    _at("raised_at"),
    _at("cleared_at", nullable=True),
    Index("faults_active", "lot_id", postgresql_where=text("cleared_at IS NULL")),
)

lane_states = Table(
    "lane_states",
    metadata,
    *_of_lot(),
    # Worked out from the lane's name (`models.ids.lane_id`); `lanes` is what the cloud itself keeps of a lane.
    _id(),
    PrimaryKeyConstraint("lot_id", "id"),
    _text("name"),
    _text("state"),
    _text("hold", nullable=True),
    _at("changed_at"),
    _words("state", LaneState),
    _words("hold", HoldCause),
)

lane_orders = Table(
    "lane_orders",
    metadata,
    *_of_lot(),
    _id(),
    PrimaryKeyConstraint("lot_id", "id"),
    _text("order_id"),
    _text("lane"),
    _text("kind"),
    _text("given_by"),
    _text("reason"),
    _text("state", nullable=True),
    Column("obeyed", Boolean, nullable=False),
    _text("why_not"),
    _at("at"),
    Index(None, "lot_id", "at"),
)

passages = Table(
    "passages",
    metadata,
    *_of_lot(),
    _id(),
    PrimaryKeyConstraint("lot_id", "id"),
    _text("lane"),
    _text("direction"),
    _text("kind"),
    _text("order_id", nullable=True),
    Column("unable_to_collect", Boolean, nullable=False),
    _text("license_plate", nullable=True),
    _at("at"),
    _words("direction", Direction),
    Index(None, "lot_id", "at"),
    Index("passages_to_mask", "lot_id", "at", postgresql_where=text("license_plate IS NOT NULL")),
)

help_calls = Table(
    "help_calls",
    metadata,
    *_of_lot(),
    _id(),
    PrimaryKeyConstraint("lot_id", "id"),
    _text("lane"),
    _text("why"),
    _text("license_plate", nullable=True),
    _at("at"),
    Index(None, "lot_id", "at"),
    Index("help_calls_to_mask", "lot_id", "at", postgresql_where=text("license_plate IS NOT NULL")),
)

deletions = Table(
    "deletions",
    metadata,
    *_of_lot(),
    _id(),
    PrimaryKeyConstraint("lot_id", "id"),
    _text("done_by"),
    _text("disk_class"),
    _text("what"),
    Column("count", BigInteger, nullable=False),
    _at("up_to"),
    _text("why"),
    _at("at"),
    _words("done_by", ("lot", "cloud")),
    Index(None, "lot_id", "at"),
)

taken_commands = Table(
    "taken_commands",
    metadata,
    *_of_lot(),
    _id(),
    PrimaryKeyConstraint("lot_id", "id"),
    _text("lane", nullable=True),
    _text("kind"),
    _text("given_by"),
    _text("reason"),
    _at("issued_at"),
    _at("taken_at"),
    _at("ended_at", nullable=True),
    _text("outcome", nullable=True),
    _text("said"),
    _words("outcome", CommandEnd),
)

commands = Table(
    "commands",
    metadata,
    # What the cloud itself knows of a command; what the lot did with it is the lot's own word, in `taken_commands`.
    *_of_lot(),
    _id(),
    PrimaryKeyConstraint("lot_id", "id"),
    _text("lane", nullable=True),
    _text("kind"),
    _text("state", nullable=True),
    _text("given_by"),
    _text("reason"),
    _text("given_with"),
    _at("asked_at"),
    _at("answered_at", nullable=True),
    _text("outcome", nullable=True),
    _text("why", nullable=True),
    _text("said"),
    _words("outcome", (*CommandEnd, "not_sent")),
    Index(None, "lot_id", "asked_at"),
)

lot_keys = Table(
    "lot_keys",
    metadata,
    # How far the lot has followed the changes of the cloud's keys, by its own word.
    *_of_lot(),
    PrimaryKeyConstraint("lot_id"),
    Column("serial", BigInteger, nullable=False),
    _text("newest"),
    _at("told_at"),
)

reservations = Table(
    "reservations",
    metadata,
    *_of_lot(),
    _id(),
    PrimaryKeyConstraint("lot_id", "id"),
    _text("spot_type"),
    Column("spot_id", Uuid(as_uuid=False), nullable=True),
    _id("user_id"),
    _at("start_time"),
    _at("end_time"),
    _text("status"),
    ForeignKeyConstraint(["lot_id", "spot_id"], ["spots.lot_id", "spots.id"]),
    _words("spot_type", SpotType),
    _words("status", ReservationStatus),
    CheckConstraint("start_time < end_time", name="order"),
    Index(None, "lot_id", "start_time"),
)

streams = Table(
    "streams",
    metadata,
    *_of_lot(),
    _text("stream"),
    Column("stream_id", Uuid(as_uuid=False), nullable=False),
    Column("seq", BigInteger, nullable=False),
    _text("hash"),
    Column("current", Boolean, nullable=False),
    _at("opened_at"),
    _at("applied_at", nullable=True),
    Column("epoch", Integer, nullable=False, server_default="1"),
    # What it goes on from: another stream, up to and with that fact.
    Column("parent_id", Uuid(as_uuid=False), nullable=True),
    Column("parent_seq", BigInteger, nullable=True),
    _at("left_at", nullable=True),
    _words("stream", ("ledger", "telemetry")),
    # A lot's own identity of a stream: the same id on both streams would make two cursors for one chain.
    PrimaryKeyConstraint("lot_id", "stream_id"),
    Index("streams_current", "lot_id", "stream", unique=True, postgresql_where=text("current")),
)

facts = Table(
    "facts",
    metadata,
    # No foreign key: rows are only written under the lock of their row in `streams`.
    _id("tenant_id"),
    Column("lot_id", Uuid(as_uuid=False), primary_key=True),
    Column("stream_id", Uuid(as_uuid=False), primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    _text("stream"),
    _text("type"),
    Column("version", Integer, nullable=False),
    _text("boot_id"),
    Column("monotonic", BigInteger, nullable=False),
    Column("wall", BigInteger, nullable=False),
    Column("synced", Boolean, nullable=False),
    # The very text that was hashed, so that the chain can be proved again; jsonb would rewrite it.
    _text("body"),
    _text("salt", nullable=True),
    # Canonical JSON text too: plates live here and nowhere in `body`, so erasing one column erases them.
    _text("personal", nullable=True),
    _text("previous"),
    _text("hash"),
    _at("received_at"),
    Index(
        "facts_personal",
        "lot_id",
        text(PERSON_IN_BODY),
        postgresql_where=text("personal IS NOT NULL"),
    ),
)

parked_facts = Table(
    "parked_facts",
    metadata,
    *_of_lot(),
    Column("stream_id", Uuid(as_uuid=False), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("ticket_id", Uuid(as_uuid=False), nullable=True),
    _text("why"),
    _at("parked_at"),
    _at("settled_at", nullable=True),
    Column("cause", Text, nullable=False, server_default="poisoned"),
    _text("outcome", nullable=True),
    _text("settled_by", nullable=True),
    _text("settled_why", nullable=True),
    _words("cause", PARKED_CAUSES),
    _words("outcome", PARKED_OUTCOMES),
    PrimaryKeyConstraint("lot_id", "stream_id", "seq"),
    Index("parked_facts_waiting", "lot_id", "ticket_id", postgresql_where=text("settled_at IS NULL")),
)

torn_tickets = Table(
    "torn_tickets",
    metadata,
    *_of_lot(),
    # The stream that parted, and the ticket that the lot knows and of which the other history has facts too.
    Column("stream_id", Uuid(as_uuid=False), nullable=False),
    Column("ticket_id", Uuid(as_uuid=False), nullable=False),
    _at("settled_at", nullable=True),
    PrimaryKeyConstraint("lot_id", "stream_id", "ticket_id"),
)

cases = Table(
    "cases",
    metadata,
    *_of_lot(),
    _id(),
    PrimaryKeyConstraint("lot_id", "id"),
    _text("kind"),
    _text("subject"),
    _text("detail"),
    _at("opened_at"),
    _at("seen_at"),
    Column("times", BigInteger, nullable=False),
    _at("closed_at", nullable=True),
    _text("closed_by", nullable=True),
    _text("closed_why", nullable=True),
    _words("kind", CASE_KINDS),
    Index("cases_open", "lot_id", "kind", "subject", unique=True, postgresql_where=text("closed_at IS NULL")),
)

policies = Table(
    "policies",
    metadata,
    *_of_lot(),
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
    _at("said_at", nullable=True),
    Index("policies_behind", "sent_at", postgresql_where=text("acked < revision OR needs_snapshot")),
)

intents = Table(
    "intents",
    metadata,
    *_of_lot(),
    Column("revision", BigInteger, nullable=False),
    PrimaryKeyConstraint("lot_id", "revision"),
    _text("type"),
    Column("version", Integer, nullable=False),
    _text("subject"),
    Column("ends", Boolean, nullable=False),
    _at("at"),
    # As in `facts`: the very text that was hashed, and beside it what may be erased.
    _text("body"),
    _text("salt", nullable=True),
    _text("personal", nullable=True),
    _text("digest"),
    _text("hash"),
    _text("issued_by"),
    _text("reason"),
    Index(None, "lot_id", "subject"),
)

standing_intents = Table(
    "standing_intents",
    metadata,
    *_of_lot(),
    _text("subject"),
    Column("revision", BigInteger, nullable=False),
    PrimaryKeyConstraint("lot_id", "subject"),
    ForeignKeyConstraint(["lot_id", "revision"], ["intents.lot_id", "intents.revision"]),
)

lanes = Table(
    "lanes",
    metadata,
    *_of_lot(),
    _text("name"),
    _text("direction"),
    Column("removed", Boolean, nullable=False, server_default=text("false")),
    # What the last vehicle did; its plate stays with its ticket or refusal, where it can be erased.
    _text("last_event", nullable=True),
    _at("last_at", nullable=True),
    Column("last_ticket_id", Uuid(as_uuid=False), nullable=True),
    Column("last_refusal_id", Uuid(as_uuid=False), nullable=True),
    _words("direction", Direction),
    PrimaryKeyConstraint("lot_id", "name"),
)

beacons = Table(
    "beacons",
    metadata,
    *_of_lot(),
    Column("body", JSONB, nullable=False),
    Column("online", Boolean, nullable=False),
    _at("received_at"),
    PrimaryKeyConstraint("lot_id"),
)

digests = Table(
    "digests",
    metadata,
    *_of_lot(),
    # The last one that was looked at, and the last that was equal.
    Column("stream_id", Uuid(as_uuid=False), nullable=False),
    Column("seq", BigInteger, nullable=False),
    _text("verdict"),
    _at("compared_at"),
    # What differed: tables, parts, counts of rows.
    Column("differs", JSONB, nullable=True),
    _at("differs_since", nullable=True),
    Column("equal_seq", BigInteger, nullable=True),
    _at("equal_at", nullable=True),
    _words("verdict", ("equal", "differs", "parked", "unknown")),
    PrimaryKeyConstraint("lot_id"),
)

resyncs = Table(
    "resyncs",
    metadata,
    *_of_lot(),
    _id(),
    PrimaryKeyConstraint("lot_id", "id"),
    _text("why"),
    Column("wanted", JSONB, nullable=False),
    _text("state"),
    _at("asked_at"),
    _at("ended_at", nullable=True),
    # The snapshot that is coming: which, of which point of the lot's stream, and how much of it is here.
    _text("snapshot", nullable=True),
    Column("stream_id", Uuid(as_uuid=False), nullable=True),
    Column("seq", BigInteger, nullable=True),
    _text("hash", nullable=True),
    _text("oldest", nullable=True),
    Column("parts", Integer, nullable=True),
    _text("checksum", nullable=True),
    Column("have", Integer, nullable=False, server_default="0"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("rows_changed", Integer, nullable=True),
    _words("state", RESYNC_STATES),
    Index("resyncs_open", "lot_id", unique=True, postgresql_where=text("state IN ('asked', 'complete')")),
)

snapshot_parts = Table(
    "snapshot_parts",
    metadata,
    *_of_lot(),
    _id("resync_id"),
    Column("number", Integer, nullable=False),
    _text("body"),
    PrimaryKeyConstraint("lot_id", "resync_id", "number"),
    ForeignKeyConstraint(["lot_id", "resync_id"], ["resyncs.lot_id", "resyncs.id"]),
)

differences = Table(
    "differences",
    metadata,
    *_of_lot(),
    _id("resync_id"),
    Column("number", Integer, nullable=False),
    _text("table_name"),
    _id("row_id"),
    # `*`: the whole row, which one side lacks. Values as JSON, plates masked.
    _text("column_name"),
    _text("in_cloud", nullable=True),
    _text("at_lot", nullable=True),
    _text("outcome"),
    _at("at"),
    _words("outcome", ("corrected", "made", "removed", "kept")),
    PrimaryKeyConstraint("lot_id", "resync_id", "number"),
    ForeignKeyConstraint(["lot_id", "resync_id"], ["resyncs.lot_id", "resyncs.id"]),
)
