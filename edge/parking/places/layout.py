"""Makes the lot's tables agree with the technician's configuration, telling the cloud of each difference."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from edge.store import Transaction
from models.facts import DeclaredSpot, LevelDeclared, LotDeclared, SpotsRemoved
from models.ids import LevelId, SpotId, level_id, spot_id
from models.spots import SpotType

_Item = TypeVar("_Item")

SPOTS_IN_A_FACT = 200
"""Keeps a fact well below the size of an envelope."""


@dataclass(frozen=True, slots=True)
class PlannedLevel:
    """A level as it is configured: its spots are (number, type) pairs in the order in which they fill. `zones`: those
    of them that lie in one, by their numbers."""

    floor_number: int
    name: str
    spots: tuple[tuple[str, SpotType], ...]
    zones: Mapping[str, str] = field(default_factory=dict[str, str])


def declare(tx: Transaction, lot: LotDeclared, levels: Sequence[PlannedLevel]) -> None:
    """Record what is new or different since the last start; nothing when nothing is."""
    _declare_lot(tx, lot)
    for level in levels:
        _declare_level(tx, level)
    _remove_the_rest(tx, levels)


def _declare_lot(tx: Transaction, lot: LotDeclared) -> None:
    row = tx.connection.execute("SELECT * FROM parking_lots WHERE id = ?", (tx.lot,)).fetchone()
    last = tx.connection.execute(
        # A new stream counts from one again: what it says is later than anything in the one before.
        f"""SELECT body FROM journal WHERE type = '{LotDeclared.type}'
            ORDER BY stream_id IN (SELECT stream_id FROM streams) DESC, seq DESC LIMIT 1"""
    ).fetchone()
    if row is None or last is None or LotDeclared.model_validate_json(last["body"]) != lot:
        tx.record(lot)


def _declare_level(tx: Transaction, level: PlannedLevel) -> None:
    row = tx.connection.execute("SELECT id, name FROM levels WHERE floor_number = ?", (level.floor_number,)).fetchone()
    id = LevelId(row["id"]) if row else level_id(tx.lot, level.floor_number)
    known = _spots_of(tx.connection, id)
    fresh = tuple(
        DeclaredSpot(
            id=known[number][0] if number in known else spot_id(tx.lot, level.floor_number, number),
            number=number,
            type=type,
            zone=level.zones.get(number, ""),
        )
        for number, type in level.spots
        if number not in known or known[number][1:] != (type, level.zones.get(number, ""), False)
    )
    if row is None or row["name"] != level.name or fresh:
        for part in _parts(fresh):
            tx.record(LevelDeclared(level=id, floor_number=level.floor_number, name=level.name, spots=part))


def _remove_the_rest(tx: Transaction, levels: Sequence[PlannedLevel]) -> None:
    planned = {(level.floor_number, number) for level in levels for number, _ in level.spots}
    rows = tx.connection.execute(
        """SELECT spots.id, floor_number, spot_number FROM spots JOIN levels ON levels.id = level_id
           WHERE removed = 0"""
    )
    gone = tuple(SpotId(row["id"]) for row in rows if (row["floor_number"], row["spot_number"]) not in planned)
    for part in _parts(gone):
        if part:
            tx.record(SpotsRemoved(spots=part))


def _spots_of(connection: sqlite3.Connection, level: LevelId) -> dict[str, tuple[SpotId, SpotType, str, bool]]:
    rows = connection.execute("SELECT * FROM spots WHERE level_id = ?", (level,))
    return {
        row["spot_number"]: (row["id"], SpotType(row["spot_type"]), row["zone"], bool(row["removed"])) for row in rows
    }


def _parts(items: tuple[_Item, ...]) -> Iterator[tuple[_Item, ...]]:
    for start in range(0, max(len(items), 1), SPOTS_IN_A_FACT):
        yield items[start : start + SPOTS_IN_A_FACT]
