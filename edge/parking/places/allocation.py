"""Leads a vehicle to its spot: what is free in the store, chosen among by the lot's plan."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

from edge.parking.access.entitlement import Entitlement
from edge.store import Transaction
from models.allocation import Bay, Plan, Seeker, choose, names_of
from models.allocation.choosing import NOTHING_KEPT, free_to_all
from models.ids import LaneName, LevelId, SpotId
from models.spots import SpotType, VehicleType

# Counted anew each time, from one index alone: a count that is carried along would go on being wrong.
_BAYS = """
    SELECT level_id, zone, spot_type, min(rowid), count(*) FILTER (WHERE blocked IS NOT 'maintenance'),
        count(*) FILTER (WHERE status = 'AVAILABLE' AND blocked IS NULL)
    FROM spots WHERE removed = 0 GROUP BY level_id, zone, spot_type"""
_NEXT_FREE = """
    SELECT id, spot_number FROM spots
    WHERE level_id = ? AND zone = ? AND spot_type = ? AND status = 'AVAILABLE' AND blocked IS NULL AND removed = 0
    ORDER BY rowid LIMIT 1"""


@dataclass(frozen=True, slots=True)
class FreeSpot:
    id: SpotId
    number: str


def place_for(
    tx: Transaction,
    vehicle: VehicleType,
    right: Entitlement,
    lane: LaneName,
    plan: Plan,
    kept_back: Mapping[SpotType, int] = NOTHING_KEPT,
) -> FreeSpot | None:
    """The spot for a vehicle that stands at this entrance; None: there is none for it.

    Whoever is told so takes it in the same transaction: there is one writer, so no two vehicles are told the same.
    `kept_back`: so many spots of a type stay free for those who have reserved one.
    """
    permit, reserved = right.permit, right.reserved
    seeker = Seeker(
        vehicle=vehicle,
        lane=lane,
        rights=right.rights,
        zones=frozenset() if permit is None else permit.zones,
        reserved=None if reserved is None else reserved.spot_type,
    )
    bay = choose(plan, seeker, bays(tx.connection), kept_back)
    return None if bay is None else _first_of(tx.connection, bay)


def bays(connection: sqlite3.Connection) -> list[Bay]:
    """All of the lot's, in the order in which they are written: that in which their first spots were declared."""
    levels = dict(connection.execute("SELECT id, name FROM levels").fetchall())
    rows = sorted(connection.execute(_BAYS), key=lambda row: row[3])
    return [
        Bay(LevelId(level), names_of(levels[level], zone), zone, SpotType(kind), total, free)
        for level, zone, kind, _, total, free in rows
    ]


def free_for_all(connection: sqlite3.Connection, plan: Plan, spot_type: SpotType) -> int:
    """Free spots of a type outside reserved zones: what can be kept back is among these."""
    return free_to_all(plan, bays(connection), spot_type)


def _first_of(connection: sqlite3.Connection, bay: Bay) -> FreeSpot:
    row = connection.execute(_NEXT_FREE, (bay.level, bay.zone, bay.type)).fetchone()
    return FreeSpot(SpotId(row["id"]), row["spot_number"])
