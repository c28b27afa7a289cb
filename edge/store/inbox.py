"""The inbox: intents of the cloud, taken in order and once, each with its effects in one transaction."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from edge.store.policy import Poisoned, put_in_force, take_all_out_of_force, take_out_of_force
from edge.store.transaction import Transaction
from models.facts import IntentsTaken
from models.ids import LotId
from models.intents import Intent, UnknownIntent, decode
from models.wire.envelopes import Malformed, read_body
from models.wire.following import Follows, Fork, Gap, Nothing, judge, may_replace
from models.wire.intents import (
    LONGEST_WHY,
    MOST_PARKED,
    Intents,
    ParkedIntent,
    Place,
    SentIntent,
    SnapshotPart,
    checksum,
    digest,
)
from models.wire.snapshots import in_parts, is_true

State = Literal["applied", "parked", "withheld"]
Verdict = Follows | Nothing | Gap | Fork
Read = Intent | str | None
"""An intent, or why it can't be read"""


class Untrue(ValueError):
    """What the cloud signed contradicts itself: a digest or a checksum isn't that of what came. Nothing was taken."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Intents that the lot keeps without acting on them, the first few by name."""

    parked: tuple[ParkedIntent, ...]
    parked_in_all: int
    withheld: tuple[int, ...]


def place(connection: sqlite3.Connection) -> Place:
    """How far this lot has come."""
    return Place(*connection.execute("SELECT revision, hash FROM intents_taken").fetchone())


def take(tx: Transaction, message: Intents) -> Verdict:
    """Apply what follows; an intent that can't be is parked, and the later ones go on. Raises Untrue."""
    _check(message.intents, tx.lot)
    verdict = judge(place(tx.connection), message)
    if isinstance(verdict, Follows):
        for intent in verdict.intents:
            _keep(tx.connection, tx.lot, intent, _read(intent))
        _arrive(tx, verdict.place, "deltas")
    return verdict


@dataclass(frozen=True, slots=True)
class Checked:
    """A whole snapshot that is what its checksum and digests say, each entry read already, in order of revision."""

    head: SnapshotPart
    entries: tuple[tuple[SentIntent, Read], ...]


def checked(lot: LotId, parts: Sequence[SnapshotPart]) -> Checked:
    """Whatever takes time and not the store, so that no lane waits for it. Raises Untrue."""
    if not is_true(lot, parts):
        raise Untrue("its checksum isn't that of what came")
    entries = sorted((entry for part in parts for entry in part.entries), key=lambda entry: entry.revision)
    if len({entry.subject for entry in entries}) < len(entries):
        raise Untrue("it says two things of one subject")
    return Checked(parts[0], tuple((entry, _read(entry)) for entry in entries))


def take_snapshot(tx: Transaction, snapshot: Checked) -> bool:
    """Put a whole snapshot in the place of all that stood; False when it is of the past."""
    head = snapshot.head
    if not may_replace(place(tx.connection), head):
        return False
    tx.connection.execute("DELETE FROM intents")
    take_all_out_of_force(tx.connection)
    tried = ((entry, *_tried(tx.connection, tx.lot, entry, read)) for entry, read in snapshot.entries)
    tx.connection.executemany(_INSERTED, [_row(entry, state, why) for entry, state, why in tried])
    _arrive(tx, Place(head.revision, head.hash), "snapshot")
    return True


def try_parked_again(tx: Transaction) -> int:
    """After an upgrade: apply what this release understands. How many that were."""
    rows = tx.connection.execute("SELECT * FROM intents WHERE state = 'parked' ORDER BY revision").fetchall()
    applied = 0
    for row in rows:
        sent = _sent(row)
        state, _ = _keep(tx.connection, tx.lot, sent, _read(sent))
        applied += state == "applied"
    if applied:
        _arrive(tx, place(tx.connection), "upgrade")
    return applied


def checksum_of_all(connection: sqlite3.Connection, lot: LotId) -> str:
    """Over what is stored now, worked out anew from its very text: a damaged row shows."""
    rows = connection.execute("SELECT * FROM intents")
    return checksum((row["subject"], row["revision"], _digest_now(row, lot)) for row in rows)


def all_that_stands(connection: sqlite3.Connection, lot: LotId) -> list[SnapshotPart]:
    """As it is sent to a cloud that has lost it."""
    rows = connection.execute("SELECT * FROM intents ORDER BY revision").fetchall()
    return in_parts(lot, place(connection), [_sent(row) for row in rows])


def waiting(connection: sqlite3.Connection) -> Waiting:
    rows = connection.execute(
        "SELECT revision, type, version, state, why FROM intents WHERE state != 'applied' ORDER BY revision"
    ).fetchall()
    parked = [_parked(row) for row in rows if row["state"] == "parked"]
    withheld = tuple(row["revision"] for row in rows if row["state"] == "withheld")
    return Waiting(tuple(parked[:MOST_PARKED]), len(parked), withheld[:MOST_PARKED])


def _parked(row: sqlite3.Row) -> ParkedIntent:
    return ParkedIntent(
        revision=row["revision"], type=row["type"], version=row["version"], why=row["why"][:LONGEST_WHY]
    )


def _check(intents: Iterable[SentIntent], lot: LotId) -> None:
    for intent in intents:
        if not intent.is_right(lot):
            raise Untrue(f"the digest of revision {intent.revision} isn't that of its text")


def _read(intent: SentIntent) -> Read:
    """What it says, or why that can't be known; None for one that says nothing more."""
    if intent.body is None or intent.ends:
        return None
    try:
        known = decode(intent.type, intent.version, read_body(intent.body), intent.personal)
    except (UnknownIntent, Malformed) as wrong:
        return str(wrong)
    return known if known.subject == intent.subject else "it isn't about what it says"


def _keep(connection: sqlite3.Connection, lot: LotId, intent: SentIntent, read: Read) -> tuple[State, str]:
    """The subject's last word: what was said of it before no longer stands, also when this can't be applied yet."""
    connection.execute("DELETE FROM intents WHERE subject = ?", (intent.subject,))
    take_out_of_force(connection, intent.subject)
    state, why = _tried(connection, lot, intent, read)
    if not intent.ends:
        connection.execute(_INSERTED, _row(intent, state, why))
    return state, why


_INSERTED = "INSERT INTO intents VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


def _row(intent: SentIntent, state: State, why: str) -> tuple[object, ...]:
    personal = None if intent.personal is None else json.dumps(intent.personal)
    return (
        *(intent.subject, intent.revision, intent.type, intent.version, intent.at),
        *(intent.body, intent.salt, personal, intent.digest, state, why),
    )


def _tried(connection: sqlite3.Connection, lot: LotId, intent: SentIntent, read: Read) -> tuple[State, str]:
    if intent.body is None:
        return "withheld", "this lot can't run it"
    if isinstance(read, str):
        return "parked", read
    if read is None:
        return "applied", ""
    try:  # each is put in force by one statement, which SQLite undoes by itself
        put_in_force(connection, lot, intent.revision, read)
    except (Poisoned, sqlite3.IntegrityError) as wrong:
        return "parked", str(wrong)
    return "applied", ""


def _arrive(tx: Transaction, at: Place, by: Literal["deltas", "snapshot", "upgrade"]) -> None:
    """The lot's record says from when on it acted by which revision."""
    tx.connection.execute("UPDATE intents_taken SET revision = ?, hash = ?", (at.revision, at.hash))
    still = waiting(tx.connection)
    named = tuple(each.revision for each in still.parked)
    taken = IntentsTaken(
        revision=at.revision, hash=at.hash, by=by, parked=named, withheld=still.withheld, at=tx.at.wall
    )
    tx.record(taken)


def _sent(row: sqlite3.Row) -> SentIntent:
    return SentIntent(
        revision=row["revision"],
        type=row["type"],
        version=row["version"],
        subject=row["subject"],
        ends=False,
        at=row["at"],
        body=row["body"],
        salt=row["salt"],
        personal=None if row["personal"] is None else json.loads(row["personal"]),
        digest=row["digest"],
    )


def _digest_now(row: sqlite3.Row, lot: LotId) -> str:
    if row["body"] is None:
        return row["digest"]
    return digest(lot, row["revision"], row["type"], row["version"], row["subject"], False, row["at"], row["body"])
