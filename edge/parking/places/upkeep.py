"""Takes a spot out of service for a person, and puts it back."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from edge.store import Transaction
from models.facts import SpotReturned, SpotWithdrawn
from models.facts.lanes import LONGEST_TEXT
from models.ids import LevelId, SpotId
from models.spots import Blocked, SpotStatus


class NotDone(Exception):
    """The order can't be obeyed; the text says why, for the person who gave it. Nothing was changed."""


@dataclass(frozen=True, slots=True)
class Level:
    id: LevelId
    floor: int
    name: str


@dataclass(frozen=True, slots=True)
class Spot:
    """One spot as it stands in the store; `code` is that of the ticket whose vehicle stands on it."""

    id: SpotId
    number: str
    level: Level
    type: str
    zone: str
    status: SpotStatus
    blocked: Blocked | None
    code: str | None

    @property
    def name(self) -> str:
        return f"spot {self.number} on {self.level.name}"


def withdraw(tx: Transaction, spot: Spot, by: str, reason: str) -> str:
    """Nobody is led there from now on; whoever stands on it may stay. Raises NotDone."""
    if spot.blocked is Blocked.MAINTENANCE:
        raise NotDone(f"{spot.name} is out of service already")
    tx.record(SpotWithdrawn(spot=spot.id, by=by, reason=reason[:LONGEST_TEXT], at=tx.at.wall))
    stands = f"; the vehicle of ticket {spot.code} stands on it and may stay until it leaves" if spot.code else ""
    return f"{spot.name} is out of service{stands}"


def put_back(tx: Transaction, spot: Spot, by: str, reason: str) -> str:
    """Vehicles are led there again: it is in order, and no vehicle stands there of which nobody knows. Raises
    NotDone."""
    if spot.blocked is None:
        raise NotDone(f"{spot.name} is in service already")
    tx.record(SpotReturned(spot=spot.id, by=by, reason=reason[:LONGEST_TEXT], at=tx.at.wall))
    return f"{spot.name} is in service again"


def level_called(connection: sqlite3.Connection, called: str) -> Level:
    """By its floor number or its name. Raises NotDone."""
    levels = [Level(row["id"], row["floor_number"], row["name"]) for row in connection.execute("SELECT * FROM levels")]
    found = [level for level in levels if called.strip() == str(level.floor)]
    found = found or [level for level in levels if called.strip().casefold() == level.name.casefold()]
    if not found:
        there = ", ".join(f"{level.floor} ({level.name})" for level in sorted(levels, key=lambda level: level.floor))
        raise NotDone(f"there is no level {called!r}; there are {there}")
    return found[0]


def spot_called(connection: sqlite3.Connection, number: str, level: str | None) -> Spot:
    """By the number as painted, and its level where several have that number. Raises NotDone."""
    on = None if level is None else level_called(connection, level)
    found = [spot for spot in spots(connection, on) if spot.number.casefold() == number.strip().casefold()]
    where = "" if on is None else f" on {on.name}"
    if not found:
        raise NotDone(f"there is no spot {number!r}{where}")
    if len(found) > 1:
        names = ", ".join(spot.level.name for spot in found)
        raise NotDone(f"several levels have a spot {number!r} ({names}): say which, with --level")
    return found[0]


def spots(connection: sqlite3.Connection, level: Level | None = None) -> list[Spot]:
    """Those that the lot has, in the order in which they fill."""
    rows = connection.execute(
        """SELECT spots.*, floor_number, name, code FROM spots JOIN levels ON levels.id = level_id
           LEFT JOIN tickets ON spot_id = spots.id AND tickets.status IN ('ADMITTED', 'ACTIVE', 'UNRESOLVED')
           WHERE removed = 0 AND level_id = coalesce(?, level_id) ORDER BY spots.rowid""",
        (None if level is None else level.id,),
    )
    return [_spot(row) for row in rows]


def _spot(row: sqlite3.Row) -> Spot:
    return Spot(
        id=SpotId(row["id"]),
        number=row["spot_number"],
        level=Level(LevelId(row["level_id"]), row["floor_number"], row["name"]),
        type=row["spot_type"],
        zone=row["zone"],
        status=SpotStatus(row["status"]),
        blocked=None if row["blocked"] is None else Blocked(row["blocked"]),
        code=row["code"],
    )
