"""The first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "facts",
        sa.Column("tenant_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("lot_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("stream_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("boot_id", sa.Text(), nullable=False),
        sa.Column("monotonic", sa.BigInteger(), nullable=False),
        sa.Column("wall", sa.BigInteger(), nullable=False),
        sa.Column("synced", sa.Boolean(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("salt", sa.Text(), nullable=True),
        sa.Column("personal", sa.Text(), nullable=True),
        sa.Column("previous", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("lot_id", "stream_id", "seq", name=op.f("facts_pk")),
    )
    op.create_table(
        "tenants",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("tenants_pk")),
        sa.UniqueConstraint("name", name=op.f("tenants_name_key")),
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("tenant_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("scopes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.Column("last_used_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("scopes <@ ARRAY['read', 'plates', 'metrics', 'admin']", name=op.f("api_keys_scopes")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("api_keys_tenants_fk")),
        sa.PrimaryKeyConstraint("id", name=op.f("api_keys_pk")),
        sa.UniqueConstraint("hash", name=op.f("api_keys_hash_key")),
        sa.UniqueConstraint("prefix", name=op.f("api_keys_prefix_key")),
    )
    op.create_table(
        "parking_lots",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("tenant_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), server_default="", nullable=False),
        sa.Column("timezone", sa.Text(), server_default="UTC", nullable=False),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("total_spots", sa.Integer(), server_default="0", nullable=False),
        sa.Column("lat", sa.Double(), nullable=True),
        sa.Column("lng", sa.Double(), nullable=True),
        sa.Column("enrolled_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("parking_lots_tenants_fk")),
        sa.PrimaryKeyConstraint("id", name=op.f("parking_lots_pk")),
        sa.UniqueConstraint("id", "tenant_id", name=op.f("parking_lots_id_tenant_id_key")),
    )
    op.create_index(op.f("parking_lots_tenant_id_name"), "parking_lots", ["tenant_id", "name"], unique=False)
    op.create_table(
        "access_refusals",
        sa.Column("tenant_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("lot_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("license_plate", sa.Text(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("direction IN ('entry', 'exit')", name=op.f("access_refusals_direction")),
        sa.ForeignKeyConstraint(
            ["lot_id", "tenant_id"],
            ["parking_lots.id", "parking_lots.tenant_id"],
            name=op.f("access_refusals_parking_lots_fk"),
        ),
        sa.PrimaryKeyConstraint("lot_id", "id", name=op.f("access_refusals_pk")),
    )
    op.create_index(op.f("access_refusals_lot_id_at"), "access_refusals", ["lot_id", "at"], unique=False)
    op.create_table(
        "beacons",
        sa.Column("tenant_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("lot_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("online", sa.Boolean(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["lot_id", "tenant_id"], ["parking_lots.id", "parking_lots.tenant_id"], name=op.f("beacons_parking_lots_fk")
        ),
        sa.PrimaryKeyConstraint("lot_id", name=op.f("beacons_pk")),
    )
    op.create_table(
        "cases",
        sa.Column("tenant_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("lot_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("times", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('fact_parked', 'stream_forked', 'stream_superseded', 'window_refused')", name=op.f("cases_kind")
        ),
        sa.ForeignKeyConstraint(
            ["lot_id", "tenant_id"], ["parking_lots.id", "parking_lots.tenant_id"], name=op.f("cases_parking_lots_fk")
        ),
        sa.PrimaryKeyConstraint("lot_id", "id", name=op.f("cases_pk")),
    )
    op.create_index(
        "cases_open", "cases", ["lot_id", "kind", "subject"], unique=True, postgresql_where=sa.text("closed_at IS NULL")
    )
    op.create_table(
        "faults",
        sa.Column("tenant_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("lot_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("raised_at", sa.BigInteger(), nullable=False),
        sa.Column("cleared_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["lot_id", "tenant_id"], ["parking_lots.id", "parking_lots.tenant_id"], name=op.f("faults_parking_lots_fk")
        ),
        sa.PrimaryKeyConstraint("lot_id", "id", name=op.f("faults_pk")),
    )
    op.create_index("faults_active", "faults", ["lot_id"], unique=False, postgresql_where=sa.text("cleared_at IS NULL"))
    op.create_table(
        "lanes",
        sa.Column("tenant_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("lot_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("removed", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("last_event", sa.Text(), nullable=True),
        sa.Column("last_at", sa.BigInteger(), nullable=True),
        sa.Column("last_ticket_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("last_refusal_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.CheckConstraint("direction IN ('entry', 'exit')", name=op.f("lanes_direction")),
        sa.ForeignKeyConstraint(
            ["lot_id", "tenant_id"], ["parking_lots.id", "parking_lots.tenant_id"], name=op.f("lanes_parking_lots_fk")
        ),
        sa.PrimaryKeyConstraint("lot_id", "name", name=op.f("lanes_pk")),
    )
    op.create_table(
        "levels",
        sa.Column("tenant_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("lot_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("floor_number", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["lot_id", "tenant_id"], ["parking_lots.id", "parking_lots.tenant_id"], name=op.f("levels_parking_lots_fk")
        ),
        sa.PrimaryKeyConstraint("lot_id", "id", name=op.f("levels_pk")),
    )
    op.create_index(op.f("levels_lot_id_floor_number"), "levels", ["lot_id", "floor_number"], unique=False)
    op.create_table(
        "parked_facts",
        sa.Column("tenant_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("lot_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("stream_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("parked_at", sa.BigInteger(), nullable=False),
        sa.Column("settled_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["lot_id", "tenant_id"],
            ["parking_lots.id", "parking_lots.tenant_id"],
            name=op.f("parked_facts_parking_lots_fk"),
        ),
        sa.PrimaryKeyConstraint("lot_id", "stream_id", "seq", name=op.f("parked_facts_pk")),
    )
    op.create_index(
        "parked_facts_waiting",
        "parked_facts",
        ["lot_id", "ticket_id"],
        unique=False,
        postgresql_where=sa.text("settled_at IS NULL"),
    )
    op.create_table(
        "streams",
        sa.Column("tenant_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("lot_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("stream_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("current", sa.Boolean(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("applied_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("stream IN ('ledger', 'telemetry')", name=op.f("streams_stream")),
        sa.ForeignKeyConstraint(
            ["lot_id", "tenant_id"], ["parking_lots.id", "parking_lots.tenant_id"], name=op.f("streams_parking_lots_fk")
        ),
        sa.PrimaryKeyConstraint("lot_id", "stream_id", name=op.f("streams_pk")),
    )
    op.create_index(
        "streams_current", "streams", ["lot_id", "stream"], unique=True, postgresql_where=sa.text("current")
    )
    op.create_table(
        "vehicles",
        sa.Column("tenant_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("lot_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("license_plate", sa.Text(), nullable=False),
        sa.Column("vehicle_type", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.CheckConstraint(
            "vehicle_type IN ('MOTORCYCLE', 'COMPACT', 'REGULAR', 'LARGE')", name=op.f("vehicles_vehicle_type")
        ),
        sa.ForeignKeyConstraint(
            ["lot_id", "tenant_id"],
            ["parking_lots.id", "parking_lots.tenant_id"],
            name=op.f("vehicles_parking_lots_fk"),
        ),
        sa.PrimaryKeyConstraint("lot_id", "id", name=op.f("vehicles_pk")),
    )
    op.create_index(op.f("vehicles_lot_id_license_plate"), "vehicles", ["lot_id", "license_plate"], unique=False)
    op.create_table(
        "spots",
        sa.Column("tenant_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("lot_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("level_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("spot_number", sa.Text(), nullable=False),
        sa.Column("spot_type", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("removed", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint(
            "spot_type IN ('MOTORCYCLE', 'COMPACT', 'REGULAR', 'LARGE', 'HANDICAP', 'EV')", name=op.f("spots_spot_type")
        ),
        sa.CheckConstraint("status IN ('AVAILABLE', 'OCCUPIED', 'RESERVED', 'MAINTENANCE')", name=op.f("spots_status")),
        sa.ForeignKeyConstraint(["lot_id", "level_id"], ["levels.lot_id", "levels.id"], name=op.f("spots_levels_fk")),
        sa.ForeignKeyConstraint(
            ["lot_id", "tenant_id"], ["parking_lots.id", "parking_lots.tenant_id"], name=op.f("spots_parking_lots_fk")
        ),
        sa.PrimaryKeyConstraint("lot_id", "id", name=op.f("spots_pk")),
    )
    op.create_index(op.f("spots_lot_id_level_id"), "spots", ["lot_id", "level_id"], unique=False)
    op.create_table(
        "reservations",
        sa.Column("tenant_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("lot_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("spot_type", sa.Text(), nullable=False),
        sa.Column("spot_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("user_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("start_time", sa.BigInteger(), nullable=False),
        sa.Column("end_time", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "spot_type IN ('MOTORCYCLE', 'COMPACT', 'REGULAR', 'LARGE', 'HANDICAP', 'EV')",
            name=op.f("reservations_spot_type"),
        ),
        sa.CheckConstraint("status IN ('BOOKED', 'ARRIVED', 'CANCELLED', 'EXPIRED')", name=op.f("reservations_status")),
        sa.CheckConstraint("start_time < end_time", name=op.f("reservations_order")),
        sa.ForeignKeyConstraint(
            ["lot_id", "spot_id"], ["spots.lot_id", "spots.id"], name=op.f("reservations_spots_fk")
        ),
        sa.ForeignKeyConstraint(
            ["lot_id", "tenant_id"],
            ["parking_lots.id", "parking_lots.tenant_id"],
            name=op.f("reservations_parking_lots_fk"),
        ),
        sa.PrimaryKeyConstraint("lot_id", "id", name=op.f("reservations_pk")),
    )
    op.create_index(op.f("reservations_lot_id_start_time"), "reservations", ["lot_id", "start_time"], unique=False)
    op.create_table(
        "tickets",
        sa.Column("tenant_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("lot_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("vehicle_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("spot_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("vehicle_type", sa.Text(), nullable=False),
        sa.Column("entry_lane", sa.Text(), nullable=False),
        sa.Column("entry_time", sa.BigInteger(), nullable=False),
        sa.Column("exit_lane", sa.Text(), nullable=True),
        sa.Column("exit_time", sa.BigInteger(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("settled_at", sa.BigInteger(), nullable=True),
        sa.Column("amount_due", sa.BigInteger(), nullable=True),
        sa.Column("amount_paid", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("tariff", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "status IN ('ADMITTED', 'ACTIVE', 'COMPLETED', 'VOIDED', 'UNRESOLVED')", name=op.f("tickets_status")
        ),
        sa.CheckConstraint(
            "vehicle_type IN ('MOTORCYCLE', 'COMPACT', 'REGULAR', 'LARGE')", name=op.f("tickets_vehicle_type")
        ),
        sa.ForeignKeyConstraint(["lot_id", "spot_id"], ["spots.lot_id", "spots.id"], name=op.f("tickets_spots_fk")),
        sa.ForeignKeyConstraint(
            ["lot_id", "tenant_id"], ["parking_lots.id", "parking_lots.tenant_id"], name=op.f("tickets_parking_lots_fk")
        ),
        sa.ForeignKeyConstraint(
            ["lot_id", "vehicle_id"], ["vehicles.lot_id", "vehicles.id"], name=op.f("tickets_vehicles_fk")
        ),
        sa.PrimaryKeyConstraint("lot_id", "id", name=op.f("tickets_pk")),
    )
    op.create_index(op.f("tickets_lot_id_code"), "tickets", ["lot_id", "code"], unique=False)
    op.create_index(op.f("tickets_lot_id_entry_time_id"), "tickets", ["lot_id", "entry_time", "id"], unique=False)
    op.create_index(op.f("tickets_lot_id_vehicle_id"), "tickets", ["lot_id", "vehicle_id"], unique=False)
    op.create_index(
        "tickets_open",
        "tickets",
        ["lot_id"],
        unique=False,
        postgresql_where=sa.text("status IN ('ADMITTED', 'ACTIVE', 'UNRESOLVED')"),
    )
    op.create_table(
        "payments",
        sa.Column("tenant_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("lot_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("ticket_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("status IN ('TAKEN', 'UNCOLLECTED')", name=op.f("payments_status")),
        sa.ForeignKeyConstraint(
            ["lot_id", "tenant_id"],
            ["parking_lots.id", "parking_lots.tenant_id"],
            name=op.f("payments_parking_lots_fk"),
        ),
        sa.ForeignKeyConstraint(
            ["lot_id", "ticket_id"], ["tickets.lot_id", "tickets.id"], name=op.f("payments_tickets_fk")
        ),
        sa.PrimaryKeyConstraint("lot_id", "id", name=op.f("payments_pk")),
    )
    op.create_index(op.f("payments_lot_id_at"), "payments", ["lot_id", "at"], unique=False)
    op.create_index(op.f("payments_lot_id_ticket_id"), "payments", ["lot_id", "ticket_id"], unique=False)
