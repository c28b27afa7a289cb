"""The lots' streams and facts, those that wait, and what a person must judge."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    text,
)

from cloud.db.schema.columns import metadata, moment, of_lot, one_of, uuid_of, words

PERSON_IN_BODY = (
    """coalesce("substring"(body, '(?<="vehicle":")[0-9a-f-]{36}'), """
    """"substring"(body, '(?<="(ticket|refusal|passage|call)":")[0-9a-f-]{36}'))"""
)
"""SQL: the row whose plate a fact's personal part holds (`models.retention.PERSON_OF`). A pattern, and not JSON's own
functions: a body that isn't JSON is parked, and mustn't keep its window out."""

CASE_KINDS = (
    *("fact_parked", "stream_forked", "stream_superseded", "window_refused"),
    *("lot_claimed_twice", "stays_unknown_to_lot", "facts_missing", "cloud_restored"),
    *("intents_parked", "intents_withheld", "intents_forked", "intents_differ"),
    *("digest_differs", "money_unknown_to_lot", "snapshot_refused"),
    "more_sold_than_kept",
)
"""What a person must judge; `cloud.ingest.cases`."""

PARKED_CAUSES = ("unreadable", "poisoned", "follows", "torn", "superseded")
"""Why a fact waits: it can't be read, it can't be applied, an earlier one of its ticket waits, two histories have facts
of its ticket, it came on a stream that isn't the lot's any more."""

PARKED_OUTCOMES = ("applied", "carried", "judged")
"""What became of it: applied after all, or in another stream too, or a person judged that it isn't to be."""

REFUNDS_NOT_PAID = "type = 'refund.promised' OR type = 'refund.declined'"

streams = Table(
    "streams",
    metadata,
    *of_lot(),
    words("stream"),
    Column("stream_id", Uuid(as_uuid=False), nullable=False),
    Column("seq", BigInteger, nullable=False),
    words("hash"),
    Column("current", Boolean, nullable=False),
    moment("opened_at"),
    moment("applied_at", nullable=True),
    Column("epoch", Integer, nullable=False, server_default="1"),
    # What it goes on from: another stream, up to and with that fact.
    Column("parent_id", Uuid(as_uuid=False), nullable=True),
    Column("parent_seq", BigInteger, nullable=True),
    moment("left_at", nullable=True),
    one_of("stream", ("ledger", "telemetry")),
    # A lot's own identity of a stream: the same id on both streams would make two cursors for one chain.
    PrimaryKeyConstraint("lot_id", "stream_id"),
    Index("streams_current", "lot_id", "stream", unique=True, postgresql_where=text("current")),
)

facts = Table(
    "facts",
    metadata,
    # No foreign key: rows are only written under the lock of their row in `streams`.
    uuid_of("tenant_id"),
    Column("lot_id", Uuid(as_uuid=False), primary_key=True),
    Column("stream_id", Uuid(as_uuid=False), primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    words("stream"),
    words("type"),
    Column("version", Integer, nullable=False),
    words("boot_id"),
    Column("monotonic", BigInteger, nullable=False),
    Column("wall", BigInteger, nullable=False),
    Column("synced", Boolean, nullable=False),
    # The very text that was hashed, so that the chain can be proved again; jsonb would rewrite it.
    words("body"),
    words("salt", nullable=True),
    # Canonical JSON text too: plates live here and nowhere in `body`, so erasing one column erases them.
    words("personal", nullable=True),
    words("previous"),
    words("hash"),
    moment("received_at"),
    Index(
        "facts_personal",
        "lot_id",
        text(PERSON_IN_BODY),
        postgresql_where=text("personal IS NOT NULL"),
    ),
    # Since when each lot acts by which intents: a few facts among very many.
    Index("facts_intents_taken", "lot_id", "stream_id", "seq", postgresql_where=text("type = 'intents.taken'")),
    # Refunds that a new store goes on with: fewer still.
    Index("facts_refunds", "lot_id", "type", postgresql_where=text(REFUNDS_NOT_PAID)),
)

parked_facts = Table(
    "parked_facts",
    metadata,
    *of_lot(),
    Column("stream_id", Uuid(as_uuid=False), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("ticket_id", Uuid(as_uuid=False), nullable=True),
    words("why"),
    moment("parked_at"),
    moment("settled_at", nullable=True),
    # A process of an earlier release, which names no cause, may still be running beside this one: such a fact is tried
    # once, and then it is known.
    Column("cause", Text, nullable=False, server_default="unreadable"),
    words("outcome", nullable=True),
    words("settled_by", nullable=True),
    words("settled_why", nullable=True),
    one_of("cause", PARKED_CAUSES),
    one_of("outcome", PARKED_OUTCOMES),
    PrimaryKeyConstraint("lot_id", "stream_id", "seq"),
    Index("parked_facts_waiting", "lot_id", "ticket_id", postgresql_where=text("settled_at IS NULL")),
)

torn_tickets = Table(
    "torn_tickets",
    metadata,
    *of_lot(),
    # The stream that parted, and the ticket that the lot knows and of which the other history has facts too.
    Column("stream_id", Uuid(as_uuid=False), nullable=False),
    Column("ticket_id", Uuid(as_uuid=False), nullable=False),
    moment("settled_at", nullable=True),
    # The lot's word counts (`applied`), or what the cloud has (`judged`).
    words("outcome", nullable=True),
    words("settled_by", nullable=True),
    words("settled_why", nullable=True),
    one_of("outcome", ("applied", "judged")),
    PrimaryKeyConstraint("lot_id", "stream_id", "ticket_id"),
)

cases = Table(
    "cases",
    metadata,
    *of_lot(),
    uuid_of(),
    PrimaryKeyConstraint("lot_id", "id"),
    words("kind"),
    words("subject"),
    words("detail"),
    moment("opened_at"),
    moment("seen_at"),
    Column("times", BigInteger, nullable=False),
    moment("closed_at", nullable=True),
    words("closed_by", nullable=True),
    words("closed_why", nullable=True),
    one_of("kind", CASE_KINDS),
    Index("cases_open", "lot_id", "kind", "subject", unique=True, postgresql_where=text("closed_at IS NULL")),
)
