"""How many spots are left, in the whole lot, by level, by type and by zone."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from models.allocation import names_of

_COUNTS = """
    SELECT CAST(floor_number AS TEXT) AS floor, name, zone, spot_type, count(*) AS total,
        sum(status = 'AVAILABLE' AND blocked IS NULL) AS free
    FROM spots JOIN levels ON levels.id = level_id WHERE removed = 0 AND blocked IS NOT 'maintenance'
    GROUP BY floor_number, zone, spot_type ORDER BY floor_number, zone, spot_type"""
_COUNTS_BEFORE_ZONES = """
    SELECT CAST(floor_number AS TEXT) AS floor, name, '' AS zone, spot_type, count(*) AS total,
        sum(status = 'AVAILABLE') AS free
    FROM spots JOIN levels ON levels.id = level_id WHERE removed = 0
    GROUP BY floor_number, spot_type ORDER BY floor_number, spot_type"""


@dataclass(frozen=True, slots=True)
class Count:
    total: int
    available: int


@dataclass(frozen=True, slots=True)
class Availability:
    """Free spots of the whole lot, by floor number, by spot type and by zone. Spots out of service count in no total;
    a zone counts also what lies in the zones inside it."""

    whole: Count
    by_level: dict[str, Count]
    by_type: dict[str, Count]
    by_zone: dict[str, Count] = field(default_factory=dict[str, Count])


def availability(connection: sqlite3.Connection) -> Availability:
    rows = connection.execute(_COUNTS if _knows_zones(connection) else _COUNTS_BEFORE_ZONES).fetchall()
    return Availability(
        _count(rows),
        _by(rows, lambda row: (row["floor"],)),
        _by(rows, lambda row: (row["spot_type"],)),
        _by(rows, lambda row: names_of(row["name"], row["zone"])[1:]),
    )


def _knows_zones(connection: sqlite3.Connection) -> bool:
    """A store that no daemon of this release has opened yet can be looked at too."""
    found = connection.execute("SELECT 1 FROM pragma_table_info('spots') WHERE name = 'zone'")
    return found.fetchone() is not None


def _by(rows: Sequence[sqlite3.Row], names: Callable[[sqlite3.Row], Sequence[str]]) -> dict[str, Count]:
    every = dict.fromkeys(name for row in rows for name in names(row))
    return {name: _count(row for row in rows if name in names(row)) for name in sorted(every, key=_in_order)}


def _in_order(name: str) -> tuple[int, int, str]:
    """Floors by their numbers, words by their letters."""
    return (0, int(name), "") if name.lstrip("-").isdigit() else (1, 0, name)


def _count(rows: Iterable[sqlite3.Row]) -> Count:
    each = list(rows)
    return Count(sum(row["total"] for row in each), sum(row["free"] for row in each))
