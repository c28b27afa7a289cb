"""The first tables: the lot, its tickets and lanes, and the journal."""

from __future__ import annotations

from sqlite_utils import Database

from edge.store.migrations import running
from edge.store.migrations.running import migrations

# Written out, not taken from the enums of today: history doesn't change when a word is added.
_SPOT_TYPES = "('MOTORCYCLE', 'COMPACT', 'REGULAR', 'LARGE', 'HANDICAP', 'EV')"
_SPOT_STATUSES = "('AVAILABLE', 'OCCUPIED', 'RESERVED', 'MAINTENANCE')"
_VEHICLE_TYPES = "('MOTORCYCLE', 'COMPACT', 'REGULAR', 'LARGE')"
_TICKET_STATUSES = "('ADMITTED', 'ACTIVE', 'COMPLETED', 'VOIDED', 'UNRESOLVED')"
_PAYMENT_STATUSES = "('TAKEN', 'UNCOLLECTED')"
_LANE_STATES = "('open', 'full', 'closed_to_transients', 'closed')"
_HOLD_CAUSES = "('keep_open', 'fire')"


@migrations(name="0001_lot")
def lot(database: Database) -> None:
    running.run(
        database,
        """CREATE TABLE parking_lots (
            id TEXT PRIMARY KEY, name TEXT NOT NULL, address TEXT NOT NULL, timezone TEXT NOT NULL,
            currency TEXT NOT NULL, total_spots INTEGER NOT NULL,
            lat REAL, lng REAL
        ) STRICT""",
        """CREATE TABLE levels (
            id TEXT PRIMARY KEY, lot_id TEXT NOT NULL REFERENCES parking_lots(id),
            floor_number INTEGER NOT NULL, name TEXT NOT NULL,
            UNIQUE (lot_id, floor_number)
        ) STRICT""",
        f"""CREATE TABLE spots (
            id TEXT PRIMARY KEY, lot_id TEXT NOT NULL, level_id TEXT NOT NULL REFERENCES levels(id),
            spot_number TEXT NOT NULL, spot_type TEXT NOT NULL CHECK (spot_type IN {_SPOT_TYPES}),
            status TEXT NOT NULL CHECK (status IN {_SPOT_STATUSES}),
            removed INTEGER NOT NULL CHECK (removed IN (0, 1)),
            UNIQUE (level_id, spot_number)
        ) STRICT""",
        # Spots are declared in the order in which they fill, so their rowids are in that order too.
        "CREATE INDEX spots_free ON spots (spot_type, status, removed)",
        f"""CREATE TABLE vehicles (
            id TEXT PRIMARY KEY, lot_id TEXT NOT NULL, license_plate TEXT NOT NULL,
            vehicle_type TEXT NOT NULL CHECK (vehicle_type IN {_VEHICLE_TYPES}), owner_id TEXT
        ) STRICT""",
        "CREATE UNIQUE INDEX vehicles_plate ON vehicles (license_plate)",
        f"""CREATE TABLE tickets (
            id TEXT PRIMARY KEY, lot_id TEXT NOT NULL, code TEXT NOT NULL UNIQUE,
            vehicle_id TEXT NOT NULL REFERENCES vehicles(id), spot_id TEXT REFERENCES spots(id),
            vehicle_type TEXT NOT NULL CHECK (vehicle_type IN {_VEHICLE_TYPES}),
            entry_lane TEXT NOT NULL, entry_time INTEGER NOT NULL, exit_lane TEXT, exit_time INTEGER,
            status TEXT NOT NULL CHECK (status IN {_TICKET_STATUSES}),
            settled_at INTEGER, amount_due INTEGER, amount_paid INTEGER NOT NULL,
            currency TEXT NOT NULL, tariff TEXT NOT NULL
        ) STRICT""",
        """CREATE UNIQUE INDEX tickets_open ON tickets (vehicle_id)
            WHERE status IN ('ADMITTED', 'ACTIVE', 'UNRESOLVED')""",
        """CREATE UNIQUE INDEX tickets_spot ON tickets (spot_id)
            WHERE status IN ('ADMITTED', 'ACTIVE', 'UNRESOLVED')""",
        f"""CREATE TABLE payments (
            id TEXT PRIMARY KEY, lot_id TEXT NOT NULL, ticket_id TEXT NOT NULL REFERENCES tickets(id),
            lane TEXT NOT NULL, amount INTEGER NOT NULL, currency TEXT NOT NULL, method TEXT NOT NULL,
            reference TEXT NOT NULL,
            status TEXT NOT NULL CHECK (status IN {_PAYMENT_STATUSES}), at INTEGER NOT NULL
        ) STRICT""",
        "CREATE INDEX payments_ticket ON payments (ticket_id)",
        """CREATE TABLE access_refusals (
            id TEXT PRIMARY KEY, lot_id TEXT NOT NULL, lane TEXT NOT NULL, direction TEXT NOT NULL,
            reason TEXT NOT NULL, license_plate TEXT, at INTEGER NOT NULL
        ) STRICT""",
        """CREATE TABLE faults (
            id TEXT PRIMARY KEY, lot_id TEXT NOT NULL, code TEXT NOT NULL, source TEXT NOT NULL,
            detail TEXT NOT NULL, raised_at INTEGER NOT NULL, cleared_at INTEGER
        ) STRICT""",
        f"""CREATE TABLE reservations (
            id TEXT PRIMARY KEY, lot_id TEXT NOT NULL, spot_type TEXT NOT NULL CHECK (spot_type IN {_SPOT_TYPES}),
            spot_id TEXT REFERENCES spots(id), user_id TEXT NOT NULL,
            start_time INTEGER NOT NULL, end_time INTEGER NOT NULL, status TEXT NOT NULL
        ) STRICT""",
    )


@migrations(name="0002_journal")
def journal(database: Database) -> None:
    running.run(
        database,
        """CREATE TABLE streams (
            stream TEXT PRIMARY KEY, stream_id TEXT NOT NULL, seq INTEGER NOT NULL, hash TEXT NOT NULL,
            acked INTEGER NOT NULL DEFAULT 0
        ) STRICT""",
        # The personal part lies beside the hashed body, so that it can be erased and the chain still holds.
        """CREATE TABLE journal (
            stream_id TEXT NOT NULL, seq INTEGER NOT NULL, type TEXT NOT NULL, version INTEGER NOT NULL,
            boot_id TEXT NOT NULL, monotonic INTEGER NOT NULL, wall INTEGER NOT NULL, synced INTEGER NOT NULL,
            body TEXT NOT NULL, salt TEXT, personal TEXT, hash TEXT NOT NULL,
            PRIMARY KEY (stream_id, seq)
        ) STRICT, WITHOUT ROWID""",
    )


@migrations(name="0003_charges")
def charges(database: Database) -> None:
    # What a terminal was asked for and hasn't answered yet: asked again under the same id, never charged twice.
    running.run(
        database,
        """CREATE TABLE charges (
            payment_id TEXT PRIMARY KEY, ticket_id TEXT NOT NULL UNIQUE REFERENCES tickets(id), amount INTEGER NOT NULL
        ) STRICT""",
    )


@migrations(name="0004_unread_vehicles")
def unread_vehicles(database: Database) -> None:
    # A column can't lose its NOT NULL: the table is made anew. Tickets point at it, so that is checked at the end;
    # without the index, each vehicle would be looked for in all tickets.
    running.run(
        database,
        "PRAGMA defer_foreign_keys = ON",
        "CREATE INDEX tickets_vehicle ON tickets (vehicle_id)",
        "CREATE TABLE vehicles_before AS SELECT * FROM vehicles ORDER BY rowid",
        "DROP TABLE vehicles",
        f"""CREATE TABLE vehicles (
            id TEXT PRIMARY KEY, lot_id TEXT NOT NULL, license_plate TEXT,
            vehicle_type TEXT NOT NULL CHECK (vehicle_type IN {_VEHICLE_TYPES}), owner_id TEXT,
            neutral_since INTEGER
        ) STRICT""",
        "CREATE UNIQUE INDEX vehicles_plate ON vehicles (license_plate)",
        """INSERT INTO vehicles (id, lot_id, license_plate, vehicle_type, owner_id)
            SELECT id, lot_id, license_plate, vehicle_type, owner_id FROM vehicles_before ORDER BY rowid""",
        "DROP TABLE vehicles_before",
        "ALTER TABLE parking_lots ADD COLUMN neutral_since INTEGER",
    )


@migrations(name="0005_lanes")
def lanes(database: Database) -> None:
    running.run(
        database,
        f"""CREATE TABLE lane_states (
            id TEXT PRIMARY KEY, lot_id TEXT NOT NULL, name TEXT NOT NULL UNIQUE,
            state TEXT NOT NULL CHECK (state IN {_LANE_STATES}), hold TEXT CHECK (hold IN {_HOLD_CAUSES}),
            changed_at INTEGER NOT NULL
        ) STRICT""",
        """CREATE TABLE lane_orders (
            id TEXT PRIMARY KEY, lot_id TEXT NOT NULL, order_id TEXT NOT NULL, lane TEXT NOT NULL, kind TEXT NOT NULL,
            given_by TEXT NOT NULL, reason TEXT NOT NULL, state TEXT,
            obeyed INTEGER NOT NULL CHECK (obeyed IN (0, 1)), why_not TEXT NOT NULL, at INTEGER NOT NULL
        ) STRICT""",
        """CREATE TABLE passages (
            id TEXT PRIMARY KEY, lot_id TEXT NOT NULL, lane TEXT NOT NULL, direction TEXT NOT NULL, kind TEXT NOT NULL,
            order_id TEXT, unable_to_collect INTEGER NOT NULL CHECK (unable_to_collect IN (0, 1)),
            license_plate TEXT, at INTEGER NOT NULL
        ) STRICT""",
        """CREATE TABLE help_calls (
            id TEXT PRIMARY KEY, lot_id TEXT NOT NULL, lane TEXT NOT NULL, why TEXT NOT NULL, license_plate TEXT,
            at INTEGER NOT NULL
        ) STRICT""",
    )


@migrations(name="0006_long_history")
def long_history(database: Database) -> None:
    # What a daemon asks at each start, fault and hold mustn't take longer the longer the lot has run.
    running.run(
        database,
        "CREATE INDEX faults_open ON faults (source, code) WHERE cleared_at IS NULL",
        """CREATE INDEX lane_orders_kept ON lane_orders (lane, at)
            WHERE obeyed = 1 AND kind IN ('keep_open', 'release')""",
        "CREATE INDEX journal_declared ON journal (seq) WHERE type = 'lot.declared'",
    )


@migrations(name="0007_price_when_asked")
def price_when_asked(database: Database) -> None:
    # Until when the sum that a terminal was asked for pays: an hour that begins while it answers costs nothing.
    running.run(database, "ALTER TABLE charges ADD COLUMN until INTEGER NOT NULL DEFAULT 0")


@migrations(name="0008_charges_given_up")
def charges_given_up(database: Database) -> None:
    # Let out on a debt, and the terminal may take it yet. Beside `charges`, where a ticket stands once: whoever comes
    # back may have to pay for more.
    running.run(
        database,
        """CREATE TABLE charges_given_up (
            payment_id TEXT PRIMARY KEY, ticket_id TEXT NOT NULL REFERENCES tickets(id), lane TEXT NOT NULL,
            amount INTEGER NOT NULL, currency TEXT NOT NULL, until INTEGER NOT NULL, at INTEGER NOT NULL
        ) STRICT""",
    )


@migrations(name="0009_begun_anew")
def begun_anew(database: Database) -> None:
    running.run(
        database,
        # Streams that ended with a damaged store: their facts that the cloud hasn't had are sent before all others.
        """CREATE TABLE former_streams (
            stream_id TEXT PRIMARY KEY, stream TEXT NOT NULL, seq INTEGER NOT NULL, hash TEXT NOT NULL,
            acked INTEGER NOT NULL, ended_at INTEGER NOT NULL
        ) STRICT""",
        # Each time that a damaged store was set aside. `told_to`: the last fact of the new one then; rows may be ahead
        # of facts up to there. `resynced_at`: when the cloud's view was made good.
        """CREATE TABLE renewals (
            id INTEGER PRIMARY KEY, at INTEGER NOT NULL, file TEXT NOT NULL, why TEXT NOT NULL,
            former_stream_id TEXT, stream_id TEXT, told_to INTEGER NOT NULL,
            facts_lost INTEGER NOT NULL, rows_lost TEXT NOT NULL, resynced_at INTEGER
        ) STRICT""",
    )
