"""Sets the rows of a rebuilt store right: by what its latest facts say, and so that no row refers to nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field

from models.effects import Change, Value, effects
from models.facts import Fact, UnknownFact, decode
from models.facts.base import ERASED
from models.ids import LotId, SpotId
from models.wire.envelopes import SentFact, read_body

_LEFT_AS_READ = {"vehicle_id", "license_plate"}
"""Masking changes these beside the facts: a plate that was taken away mustn't come back."""


@dataclass
class _Said:
    """What the facts say of one row, and what it would be made with; `whole`: they say all of it."""

    values: dict[str, Value] = field(default_factory=dict[str, Value])
    at_first: dict[str, Value] = field(default_factory=dict[str, Value])
    whole: bool = False


def say_again(new: sqlite3.Connection, lot: LotId, facts: Iterable[SentFact]) -> None:
    """Make the rows say what the latest unbroken facts say: they are hashed, and the rows aren't."""
    said: dict[tuple[str, str], _Said] = {}

    def spot_of(ticket: str) -> SpotId | None:
        known = said.get(("tickets", ticket))
        if known is not None and "spot_id" in known.values:
            return known.values["spot_id"]  # type: ignore[return-value]
        row = new.execute("SELECT spot_id FROM tickets WHERE id = ?", (ticket,)).fetchone()
        return row["spot_id"] if row else None

    for fact in filter(None, map(_decoded, facts)):
        for change in effects(fact, lot, spot_of):
            _merge(said.setdefault((change.table, change.id), _Said()), change)
    for (table, id), row in said.items():
        _settle(new, table, id, row)


def mend_references(new: sqlite3.Connection) -> list[str]:
    """A stay whose vehicle's row is lost keeps a vehicle without a plate, one whose spot is lost takes none. Spots are
    taken where an open stay has them, and nowhere else. Returns the tables in which something had to be mended."""
    mended = [table for table, statement in _MENDING if new.execute(statement).rowcount > 0]
    return mended + _without_what_still_refers_to_nothing(new)


_MENDING = (
    (
        "vehicles",
        """INSERT INTO vehicles (id, lot_id, license_plate, vehicle_type)
            SELECT DISTINCT vehicle_id, lot_id, NULL, vehicle_type FROM tickets
            WHERE vehicle_id NOT IN (SELECT id FROM vehicles)""",
    ),
    ("spots", "DELETE FROM spots WHERE level_id NOT IN (SELECT id FROM levels)"),
    ("tickets", "UPDATE tickets SET spot_id = NULL WHERE spot_id NOT IN (SELECT id FROM spots)"),
    ("reservations", "UPDATE reservations SET spot_id = NULL WHERE spot_id NOT IN (SELECT id FROM spots)"),
    *(
        (table, f"DELETE FROM {table} WHERE ticket_id NOT IN (SELECT id FROM tickets)")
        for table in ("payments", "charges", "charges_given_up", "ledger_entries", "receipts", "refunds_due")
    ),
    (
        "spots",
        """UPDATE spots SET status = 'OCCUPIED' WHERE status = 'AVAILABLE' AND id IN (
            SELECT spot_id FROM tickets WHERE status IN ('ADMITTED', 'ACTIVE', 'UNRESOLVED'))""",
    ),
    (
        "spots",
        """UPDATE spots SET status = 'AVAILABLE' WHERE status = 'OCCUPIED' AND id NOT IN (
            SELECT spot_id FROM tickets
            WHERE status IN ('ADMITTED', 'ACTIVE', 'UNRESOLVED') AND spot_id IS NOT NULL)""",
    ),
)


def _without_what_still_refers_to_nothing(new: sqlite3.Connection) -> list[str]:
    astray = [tuple(row)[:2] for row in new.execute("PRAGMA foreign_key_check").fetchall()]
    for table, rowid in astray:
        new.execute(f"DELETE FROM {table} WHERE rowid = ?", (rowid,))
    return [str(table) for table, _ in astray]


def _decoded(sent: SentFact) -> Fact | None:
    try:
        return decode(sent.type, sent.version, read_body(sent.body), sent.personal)
    except (UnknownFact, ValueError):
        return None


def _merge(said: _Said, change: Change) -> None:
    if change.kind == "insert":
        said.values, said.whole = dict(change.values), True
        return
    if change.kind == "declare":
        said.at_first, said.whole = dict(change.at_first), True
    said.values.update(change.values)


def _settle(new: sqlite3.Connection, table: str, id: str, said: _Said) -> None:
    there = new.execute(f"SELECT 1 FROM {table} WHERE id = ?", (id,)).fetchone() is not None
    if there:
        values = {column: value for column, value in said.values.items() if column not in _LEFT_AS_READ}
        if values:
            setting = ", ".join(f"{column} = ?" for column in values)
            new.execute(f"UPDATE OR REPLACE {table} SET {setting} WHERE id = ?", (*values.values(), id))
    elif said.whole:
        made = {**said.at_first, **said.values}
        values = {column: None if value == ERASED else value for column, value in made.items()}
        new.execute(
            f"INSERT OR REPLACE INTO {table} (id, {', '.join(values)}) VALUES (?{', ?' * len(values)})",
            (id, *values.values()),
        )
