"""Which spot a vehicle is led to, and how many are left."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from models.ids import SpotId
from models.spots import Right, SpotStatus, VehicleType, compatible

_NEXT_FREE = """
    SELECT id, spot_number FROM spots
    WHERE spot_type = ? AND status = 'AVAILABLE' AND removed = 0 ORDER BY rowid LIMIT 1"""


@dataclass(frozen=True, slots=True)
class FreeSpot:
    id: SpotId
    number: str


@dataclass(frozen=True, slots=True)
class Count:
    total: int
    available: int


@dataclass(frozen=True, slots=True)
class Availability:
    """Free spots of the whole lot, by floor number and by spot type. Spots out of service count in no total."""

    whole: Count
    by_level: dict[str, Count]
    by_type: dict[str, Count]


def free_spot(connection: sqlite3.Connection, vehicle: VehicleType, rights: Iterable[Right]) -> FreeSpot | None:
    """The spot for this vehicle: of the tightest type that fits, the first in the order of the layout."""
    for spot_type in compatible(vehicle, rights):
        row = connection.execute(_NEXT_FREE, (spot_type,)).fetchone()
        if row:
            return FreeSpot(SpotId(row["id"]), row["spot_number"])
    return None


def availability(connection: sqlite3.Connection) -> Availability:
    rows = connection.execute(
        """SELECT CAST(floor_number AS TEXT) AS floor, spot_type, status, count(*) AS n
           FROM spots JOIN levels ON levels.id = level_id WHERE removed = 0 AND status != 'MAINTENANCE'
           GROUP BY floor_number, spot_type, status ORDER BY floor_number, spot_type"""
    ).fetchall()
    return Availability(
        _count(rows),
        {floor: _count([row for row in rows if row["floor"] == floor]) for floor in _distinct(rows, "floor")},
        {kind: _count([row for row in rows if row["spot_type"] == kind]) for kind in _distinct(rows, "spot_type")},
    )


def _count(rows: list[sqlite3.Row]) -> Count:
    free = sum(row["n"] for row in rows if row["status"] == SpotStatus.AVAILABLE)
    return Count(sum(row["n"] for row in rows), free)


def _distinct(rows: list[sqlite3.Row], column: str) -> list[str]:
    return list(dict.fromkeys(row[column] for row in rows))
