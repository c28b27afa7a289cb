"""The schema's history. A migration that has shipped is never edited; the next one follows it."""

from __future__ import annotations

from sqlite_utils import Database, Migrations

migrations = Migrations("parkgate")


# Written out, not taken from the enums of today: history doesn't change when a word is added.
_SPOT_TYPES = "('MOTORCYCLE', 'COMPACT', 'REGULAR', 'LARGE', 'HANDICAP', 'EV')"
_SPOT_STATUSES = "('AVAILABLE', 'OCCUPIED', 'RESERVED', 'MAINTENANCE')"
_VEHICLE_TYPES = "('MOTORCYCLE', 'COMPACT', 'REGULAR', 'LARGE')"
_TICKET_STATUSES = "('ADMITTED', 'ACTIVE', 'COMPLETED', 'VOIDED', 'UNRESOLVED')"
_PAYMENT_STATUSES = "('TAKEN', 'UNCOLLECTED')"
_LANE_STATES = "('open', 'full', 'closed_to_transients', 'closed')"
_HOLD_CAUSES = "('keep_open', 'fire')"


def _run(database: Database, *statements: str) -> None:
    for statement in statements:
        database.conn.execute(statement)


@migrations(name="0001_lot")
def lot(database: Database) -> None:
    _run(
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
    _run(
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
    _run(
        database,
        """CREATE TABLE charges (
            payment_id TEXT PRIMARY KEY, ticket_id TEXT NOT NULL UNIQUE REFERENCES tickets(id), amount INTEGER NOT NULL
        ) STRICT""",
    )


@migrations(name="0004_unread_vehicles")
def unread_vehicles(database: Database) -> None:
    # A column can't lose its NOT NULL: the table is made anew. Tickets point at it, so that is checked at the end;
    # without the index, each vehicle would be looked for in all tickets.
    _run(
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
    _run(
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
    _run(
        database,
        "CREATE INDEX faults_open ON faults (source, code) WHERE cleared_at IS NULL",
        """CREATE INDEX lane_orders_kept ON lane_orders (lane, at)
            WHERE obeyed = 1 AND kind IN ('keep_open', 'release')""",
        "CREATE INDEX journal_declared ON journal (seq) WHERE type = 'lot.declared'",
    )


@migrations(name="0007_price_when_asked")
def price_when_asked(database: Database) -> None:
    # Until when the sum that a terminal was asked for pays: an hour that begins while it answers costs nothing.
    _run(database, "ALTER TABLE charges ADD COLUMN until INTEGER NOT NULL DEFAULT 0")


@migrations(name="0008_charges_given_up")
def charges_given_up(database: Database) -> None:
    # Let out on a debt, and the terminal may take it yet. Beside `charges`, where a ticket stands once: whoever comes
    # back may have to pay for more.
    _run(
        database,
        """CREATE TABLE charges_given_up (
            payment_id TEXT PRIMARY KEY, ticket_id TEXT NOT NULL REFERENCES tickets(id), lane TEXT NOT NULL,
            amount INTEGER NOT NULL, currency TEXT NOT NULL, until INTEGER NOT NULL, at INTEGER NOT NULL
        ) STRICT""",
    )


@migrations(name="0009_begun_anew")
def begun_anew(database: Database) -> None:
    _run(
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


@migrations(name="0011_known_time")
def known_time(database: Database) -> None:
    # Lengths are worked out from here: wall times may have been wrong when they were written.
    _run(
        database,
        """CREATE TABLE boots (
            ordinal INTEGER PRIMARY KEY, boot_id TEXT NOT NULL UNIQUE,
            last_monotonic INTEGER NOT NULL, last_wall INTEGER NOT NULL,
            last_synced INTEGER NOT NULL CHECK (last_synced IN (0, 1)), zero INTEGER,
            undated INTEGER NOT NULL DEFAULT 0 CHECK (undated IN (0, 1))
        ) STRICT""",
        """CREATE TABLE moments (
            subject TEXT NOT NULL,
            what TEXT NOT NULL CHECK (what IN (
                'entered', 'settled', 'exited', 'asked', 'neutral', 'called', 'told')),
            boot INTEGER NOT NULL REFERENCES boots(ordinal), monotonic INTEGER NOT NULL,
            PRIMARY KEY (subject, what)
        ) STRICT, WITHOUT ROWID""",
        "CREATE INDEX moments_boot ON moments (boot, what)",
        """CREATE TABLE fee_corrections (
            id TEXT PRIMARY KEY, lot_id TEXT NOT NULL, ticket_id TEXT NOT NULL REFERENCES tickets(id),
            why TEXT NOT NULL, fee_before INTEGER NOT NULL, fee INTEGER NOT NULL, paid INTEGER NOT NULL,
            refund_owed INTEGER NOT NULL, currency TEXT NOT NULL, at INTEGER NOT NULL
        ) STRICT""",
        "ALTER TABLE tickets ADD COLUMN fee_bounded INTEGER NOT NULL DEFAULT 0 CHECK (fee_bounded IN (0, 1))",
        "ALTER TABLE tickets ADD COLUMN refund_owed INTEGER NOT NULL DEFAULT 0",
        # The last order is the last that was given, whatever the clock said.
        "DROP INDEX lane_orders_kept",
        """CREATE INDEX lane_orders_kept ON lane_orders (lane)
            WHERE obeyed = 1 AND kind IN ('keep_open', 'release')""",
        # What the journal still knows of the boots and moments before this release.
        """INSERT INTO boots (ordinal, boot_id, last_monotonic, last_wall, last_synced, zero)
            SELECT row_number() OVER (ORDER BY last.seq), last.boot_id, last.monotonic, last.wall, last.synced,
                (SELECT wall - monotonic FROM journal AS heard
                 WHERE heard.stream_id = last.stream_id AND heard.seq = runs.heard)
            FROM (
                SELECT stream_id, boot_id, max(seq) AS seq, max(CASE WHEN synced THEN seq END) AS heard
                FROM journal WHERE stream_id = (SELECT stream_id FROM streams WHERE stream = 'ledger')
                GROUP BY stream_id, boot_id
            ) AS runs JOIN journal AS last ON last.stream_id = runs.stream_id AND last.seq = runs.seq""",
        *(_moments_of(type, what, subject) for type, what, subject in _MOMENTS_BEFORE),
    )


_MOMENTS_BEFORE = (
    ("ticket.opened", "entered", "body ->> 'ticket'"),
    ("exit.allowed", "settled", "body ->> 'ticket'"),
    ("ticket.closed", "exited", "body ->> 'ticket'"),
    ("passback.reset", "neutral", "coalesce(body ->> 'vehicle', (SELECT id FROM parking_lots))"),
    ("help.called", "called", "body ->> 'call'"),
    ("lane.ordered", "told", "CASE WHEN body ->> 'obeyed' THEN 'lane ' || (body ->> 'lane') END"),
)


def _moments_of(type: str, what: str, subject: str) -> str:
    # A stay was settled until a moment that may lie before the fact, by a wall that was the same for both.
    earlier = "(body ->> 'at') - (body ->> 'settled_until')" if what == "settled" else "0"
    return f"""INSERT OR REPLACE INTO moments
        SELECT {subject}, '{what}', boots.ordinal, monotonic - ({earlier})
        FROM journal JOIN boots USING (boot_id)
        WHERE stream_id = (SELECT stream_id FROM streams WHERE stream = 'ledger')
            AND type = '{type}' AND {subject} IS NOT NULL ORDER BY seq"""


@migrations(name="0014_commands")
def commands(database: Database) -> None:
    # Burnt before anything moves; `ended_at` stays empty if the daemon didn't live to learn what came of it.
    _run(
        database,
        """CREATE TABLE taken_commands (
            id TEXT PRIMARY KEY, lot_id TEXT NOT NULL, lane TEXT, kind TEXT NOT NULL, given_by TEXT NOT NULL,
            reason TEXT NOT NULL, issued_at INTEGER NOT NULL, taken_at INTEGER NOT NULL, ended_at INTEGER,
            outcome TEXT CHECK (outcome IN ('done', 'not_obeyed', 'failed', 'refused', 'unknown')), said TEXT NOT NULL
        ) STRICT""",
        "CREATE INDEX taken_commands_open ON taken_commands (taken_at) WHERE ended_at IS NULL",
        # The cloud's keys as the cloud itself has told them since the enrolment whose file has this hash.
        """CREATE TABLE cloud_keys (
            one INTEGER PRIMARY KEY CHECK (one = 1), serial INTEGER NOT NULL, keys TEXT NOT NULL, file TEXT NOT NULL
        ) STRICT""",
    )


@migrations(name="0010_retention")
def retention(database: Database) -> None:
    closed = "coalesce(exit_time, entry_time)"
    person = ", ".join(f"json_extract(body, '$.{key}')" for key in ("vehicle", "ticket", "refusal", "passage", "call"))
    _run(
        database,
        # When the stay's plate was masked; such a stay waits to be forgotten, the others to be masked.
        "ALTER TABLE tickets ADD COLUMN masked_at INTEGER",
        f"""CREATE INDEX tickets_to_mask ON tickets ({closed})
            WHERE masked_at IS NULL AND status IN ('COMPLETED', 'VOIDED')""",
        f"CREATE INDEX tickets_masked ON tickets ({closed}) WHERE masked_at IS NOT NULL",
        *(
            f"CREATE INDEX {table}_to_mask ON {table} (at) WHERE license_plate IS NOT NULL"
            for table in ("access_refusals", "passages", "help_calls")
        ),
        # Finds the facts that hold the plate of a row, by that row's id.
        f"CREATE INDEX journal_personal ON journal (coalesce({person})) WHERE personal IS NOT NULL",
        # The end of what was dropped of a stream; `told` is where the cloud stood then, if that lies before.
        """CREATE TABLE checkpoints (
            stream_id TEXT PRIMARY KEY, stream TEXT NOT NULL, seq INTEGER NOT NULL, hash TEXT NOT NULL,
            count INTEGER NOT NULL, at INTEGER NOT NULL, why TEXT NOT NULL, told_seq INTEGER, told_hash TEXT
        ) STRICT""",
        # Since when the cloud has had the facts up to a number: one an hour, until those facts are pruned.
        """CREATE TABLE acknowledged (
            stream_id TEXT NOT NULL, seq INTEGER NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (stream_id, seq)
        ) STRICT, WITHOUT ROWID""",
        """CREATE TABLE deletions (
            id TEXT PRIMARY KEY, lot_id TEXT NOT NULL, done_by TEXT NOT NULL, disk_class TEXT NOT NULL,
            what TEXT NOT NULL, count INTEGER NOT NULL, up_to INTEGER NOT NULL, why TEXT NOT NULL, at INTEGER NOT NULL
        ) STRICT""",
        # What anti-passback has to know of a permit whose stays are masked; nothing else of it is kept.
        """CREATE TABLE permits_seen (
            license_plate TEXT PRIMARY KEY,
            passed_boot INTEGER, passed_monotonic INTEGER, neutral_boot INTEGER, neutral_monotonic INTEGER
        ) STRICT, WITHOUT ROWID""",
    )


@migrations(name="0013_intents")
def intents(database: Database) -> None:
    _run(
        database,
        # How far the cloud's intents have been taken; one row.
        "CREATE TABLE intents_taken (revision INTEGER NOT NULL, hash TEXT NOT NULL) STRICT",
        "INSERT INTO intents_taken VALUES (0, '0000000000000000000000000000000000000000000000000000000000000000')",
        # The last intent of each subject, as it came: what was parked is applied from here after an upgrade.
        """CREATE TABLE intents (
            subject TEXT PRIMARY KEY, revision INTEGER NOT NULL UNIQUE, type TEXT NOT NULL, version INTEGER NOT NULL,
            at INTEGER NOT NULL, body TEXT, salt TEXT, personal TEXT, digest TEXT NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('applied', 'parked', 'withheld')), why TEXT NOT NULL
        ) STRICT, WITHOUT ROWID""",
        "CREATE INDEX intents_waiting ON intents (revision) WHERE state != 'applied'",
        # What the applied ones say. Lists are JSON: each row is read as a whole, into memory.
        """CREATE TABLE permits (
            id TEXT PRIMARY KEY, revision INTEGER NOT NULL, license_plates TEXT NOT NULL, cards TEXT NOT NULL,
            rights TEXT NOT NULL, passback TEXT, valid_from INTEGER, valid_until INTEGER
        ) STRICT, WITHOUT ROWID""",
        """CREATE TABLE tariffs (
            id TEXT PRIMARY KEY, revision INTEGER NOT NULL, name TEXT NOT NULL, valid_from INTEGER NOT NULL,
            tariff TEXT NOT NULL
        ) STRICT, WITHOUT ROWID""",
        "ALTER TABLE reservations ADD COLUMN code_hash TEXT",
        "ALTER TABLE reservations ADD COLUMN license_plate TEXT",
    )


@migrations(name="0012_streams_left")
def streams_left(database: Database) -> None:
    # `replay_to`: up to here the cloud may once have had the facts and then lost them, so that what was said of them
    # before counts for nothing.
    _run(
        database,
        "ALTER TABLE streams ADD COLUMN replay_to INTEGER NOT NULL DEFAULT 0",
        """CREATE TABLE streams_left (
            stream_id TEXT PRIMARY KEY, stream TEXT NOT NULL, after_seq INTEGER NOT NULL, head_seq INTEGER NOT NULL,
            next_id TEXT NOT NULL, why TEXT NOT NULL, at INTEGER NOT NULL
        ) STRICT""",
    )


@migrations(name="0015_digests")
def digests(database: Database) -> None:
    # How far the round over what has happened has come in each table; the next digest goes on from there.
    _run(
        database,
        "CREATE TABLE digest_rounds (name TEXT PRIMARY KEY, reached TEXT NOT NULL) STRICT, WITHOUT ROWID",
        # A store that was new, and whether the cloud has told it what it knew.
        """CREATE TABLE restorations (
            id TEXT PRIMARY KEY, why TEXT NOT NULL, at INTEGER NOT NULL, ended_at INTEGER
        ) STRICT""",
    )


@migrations(name="0016_streams_half_made")
def streams_half_made(database: Database) -> None:
    # A new stream that facts are being carried over to, and how far that has come; at most one row.
    _run(
        database,
        """CREATE TABLE streams_half_made (
            stream_id TEXT PRIMARY KEY, stream TEXT NOT NULL, left_id TEXT NOT NULL, after_seq INTEGER NOT NULL,
            reached INTEGER NOT NULL, seq INTEGER NOT NULL, hash TEXT NOT NULL, why TEXT NOT NULL
        ) STRICT""",
    )
