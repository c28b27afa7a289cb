"""What came after: known time, retention, intents, streams that part, digests."""

from __future__ import annotations

from sqlite_utils import Database

from edge.store.migrations import running
from edge.store.migrations.running import migrations


@migrations(name="0011_known_time")
def known_time(database: Database) -> None:
    # Lengths are worked out from here: wall times may have been wrong when they were written.
    running.run(
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
    running.run(
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
    running.run(
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
    running.run(
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
    running.run(
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
    running.run(
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
    running.run(
        database,
        """CREATE TABLE streams_half_made (
            stream_id TEXT PRIMARY KEY, stream TEXT NOT NULL, left_id TEXT NOT NULL, after_seq INTEGER NOT NULL,
            reached INTEGER NOT NULL, seq INTEGER NOT NULL, hash TEXT NOT NULL, why TEXT NOT NULL
        ) STRICT""",
    )


@migrations(name="0017_prices")
def prices(database: Database) -> None:
    running.run(
        database,
        # The price of the lot where it moves, and the policy (JSON) by which; at most one row.
        """CREATE TABLE price_now (
            factor TEXT NOT NULL, since INTEGER NOT NULL, level INTEGER NOT NULL, policy TEXT NOT NULL
        ) STRICT""",
        # What each entry lane's sign shows, and the tariff (JSON) that is pinned on a ticket there.
        """CREATE TABLE lane_prices (
            lane TEXT PRIMARY KEY, factor TEXT NOT NULL, since INTEGER NOT NULL, line TEXT NOT NULL,
            tariff TEXT NOT NULL
        ) STRICT, WITHOUT ROWID""",
    )
