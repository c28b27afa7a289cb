"""The starts of the lot's machine, and what became known of the time of each: what lengths are worked out from."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from edge.clock import LONGEST_OFF_LINE, NEVER, Remembered
from edge.store.transaction import Transaction
from models.instants import SECOND, Instant, Monotonic, Reading
from models.timeline import Boot, Moment, Timeline

STEP = SECOND
"""Clocks that differ by less agree: a time server may still be at it."""

_FROM_THE_LAST_KNOWN = """
    SELECT ordinal, last_monotonic, zero FROM boots WHERE ordinal >= coalesce(
        (SELECT max(ordinal) FROM boots WHERE ordinal <= ? AND zero IS NOT NULL), ?) ORDER BY ordinal"""


@dataclass(frozen=True, slots=True)
class Run:
    """One boot as the store has it. `last` is the latest reading that is known of it; `undated`: its clock was set, and
    what it dated before that may not have been looked through yet."""

    ordinal: int
    last: Reading
    zero: Instant | None
    undated: bool = False


def are_kept(connection: sqlite3.Connection) -> bool:
    """Not in a file that only an earlier release has opened."""
    return _has(connection, "boots")


def present(tx: Transaction) -> Run:
    """This boot. The first decision in it begins it, and ends the one before where its last fact stands."""
    row = tx.connection.execute("SELECT * FROM boots WHERE boot_id = ?", (tx.at.boot_id,)).fetchone()
    return _run(row) if row is not None else _begin(tx)


def moment(tx: Transaction) -> Moment:
    """Now."""
    return Moment(present(tx).ordinal, tx.at.monotonic)


def place(connection: sqlite3.Connection, at: Reading) -> Moment:
    """That reading's moment, for whoever only looks: a boot that no daemon has begun yet is the next one."""
    row = connection.execute("SELECT ordinal FROM boots WHERE boot_id = ?", (at.boot_id,)).fetchone()
    if row is None:
        row = connection.execute("SELECT coalesce(max(ordinal), 0) + 1 AS ordinal FROM boots").fetchone()
    return Moment(row["ordinal"], at.monotonic)


def timeline(connection: sqlite3.Connection, since: Moment, at: Reading) -> Timeline:
    """All that is known now of the time since that moment: of this boot also what its clock says this instant."""
    rows = connection.execute(_FROM_THE_LAST_KNOWN, (since.boot, since.boot)).fetchall()
    boots = {row["ordinal"]: Boot(Monotonic(row["last_monotonic"]), row["zero"]) for row in rows}
    here = place(connection, at).boot
    if at.synced or here not in boots:
        boots[here] = Boot(at.monotonic, zero_of(at) if at.synced else None)
    return Timeline(min(boots), tuple(boots.values()))


def earliest(connection: sqlite3.Connection, at: Reading) -> Instant | None:
    """It can't be earlier than that: what the clock says if a time server was heard, else by what they said in earlier
    boots. None: nobody knows, whatever the clock says."""
    if at.synced:
        return at.wall
    zero = earliest_zero(connection, at.boot_id)
    return None if zero is None else Instant(zero + at.monotonic)


def earliest_zero(connection: sqlite3.Connection, boot_id: str) -> Instant | None:
    """This boot can't have begun before that: not before the machine had run for as long as it did since the last
    time server."""
    row = connection.execute(
        """SELECT zero, (SELECT coalesce(sum(last_monotonic), 0) FROM boots AS later
                         WHERE later.ordinal >= known.ordinal AND later.boot_id != :this) AS ran
           FROM boots AS known WHERE zero IS NOT NULL AND boot_id != :this ORDER BY ordinal DESC LIMIT 1""",
        {"this": boot_id},
    ).fetchone()
    return None if row is None else Instant(row["zero"] + row["ran"])


def keep(tx: Transaction, run: Run) -> None:
    """The reading of this decision is on record, and what it says of this boot."""
    at = tx.at
    zero = zero_of(at) if at.synced else run.zero
    row = (at.monotonic, at.wall, at.synced, zero, run.ordinal)
    tx.connection.execute(
        "UPDATE boots SET last_monotonic = ?, last_wall = ?, last_synced = ?, zero = ? WHERE ordinal = ?", row
    )


def mark_undated(tx: Transaction, run: Run, *, undated: bool) -> None:
    tx.connection.execute("UPDATE boots SET undated = ? WHERE ordinal = ?", (undated, run.ordinal))


def zero_of(reading: Reading) -> Instant:
    """When this boot began, going by what the clock says now."""
    return Instant(reading.wall - reading.monotonic)


def remembered(connection: sqlite3.Connection, boot_id: str) -> Remembered:
    """What a clock that starts in this boot has to know. A file from before there were boots knows its last fact."""
    last = latest(connection)
    if last is None:
        return Remembered()
    here = last.boot_id == boot_id
    floor = zero_of(last) if here else last.wall
    if not are_kept(connection):
        return Remembered(zero_of(last) if last.synced and here else None, floor)
    row = connection.execute("SELECT zero FROM boots WHERE boot_id = ?", (boot_id,)).fetchone()
    zero = earliest_zero(connection, boot_id)
    if zero is not None and not last.synced and floor - zero > LONGEST_OFF_LINE:
        floor = zero  # a clock with a dead battery said so, and no time server
    return Remembered(row["zero"] if row else None, floor, zero)


def latest(connection: sqlite3.Connection) -> Reading | None:
    """The last reading that stands in this file, by the order of things and not by what the clock said."""
    fact = _last_fact(connection)
    if not are_kept(connection):
        return fact
    row = connection.execute("SELECT * FROM boots ORDER BY ordinal DESC LIMIT 1").fetchone()
    run = None if row is None else _run(row)
    if run is None or (fact is not None and fact.boot_id != run.last.boot_id):
        return fact
    return run.last if fact is None or run.last.monotonic >= fact.monotonic else fact


def latest_wall(connection: sqlite3.Connection) -> Instant:
    """The last wall time of this lot, 1970 when there is none."""
    last = latest(connection)
    return NEVER if last is None else last.wall


def _begin(tx: Transaction) -> Run:
    before = tx.connection.execute("SELECT * FROM boots ORDER BY ordinal DESC LIMIT 1").fetchone()
    if before is not None:
        _end(tx, _run(before))
    run = Run(1 if before is None else before["ordinal"] + 1, tx.at, zero_of(tx.at) if tx.at.synced else None)
    row = (run.ordinal, tx.at.boot_id, tx.at.monotonic, tx.at.wall, tx.at.synced, run.zero)
    tx.connection.execute(
        "INSERT INTO boots (ordinal, boot_id, last_monotonic, last_wall, last_synced, zero) VALUES (?, ?, ?, ?, ?, ?)",
        row,
    )
    return run


def _end(tx: Transaction, run: Run) -> None:
    last = _last_fact(tx.connection, run.last.boot_id)
    if last is not None and last.monotonic > run.last.monotonic:
        row = (last.monotonic, last.wall, last.synced, zero_of(last) if last.synced else run.zero, run.ordinal)
        tx.connection.execute(
            "UPDATE boots SET last_monotonic = ?, last_wall = ?, last_synced = ?, zero = ? WHERE ordinal = ?", row
        )


def _last_fact(connection: sqlite3.Connection, boot_id: str | None = None) -> Reading | None:
    """The reading of the last fact in the ledger, or of the last in that boot."""
    if not _has(connection, "journal"):
        return None
    of_boot = "" if boot_id is None else "AND boot_id = :boot"
    row = connection.execute(
        f"""SELECT boot_id, monotonic, wall, synced FROM journal
            WHERE stream_id = (SELECT stream_id FROM streams WHERE stream = 'ledger') {of_boot}
            ORDER BY seq DESC LIMIT 1""",
        {"boot": boot_id},
    ).fetchone()
    return None if row is None else Reading(row["boot_id"], row["monotonic"], row["wall"], bool(row["synced"]))


def _run(row: sqlite3.Row) -> Run:
    last = Reading(row["boot_id"], row["last_monotonic"], row["last_wall"], bool(row["last_synced"]))
    return Run(row["ordinal"], last, row["zero"], bool(row["undated"]))


def _has(connection: sqlite3.Connection, table: str) -> bool:
    """A file whose daemon died before it had made any table has none, and one of an earlier release not all."""
    found = connection.execute("SELECT 1 FROM sqlite_schema WHERE name = ?", (table,)).fetchone()
    return found is not None
