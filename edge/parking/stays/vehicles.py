"""The vehicles that this lot has met: one for each plate, and one for each ticket whose plate nobody could read."""

from __future__ import annotations

import sqlite3

from edge.store import Transaction
from models.facts import VehicleRegistered
from models.ids import VehicleId
from models.plates import Plate
from models.spots import VehicleType


def vehicle_for(tx: Transaction, plate: Plate | None, vehicle_type: VehicleType) -> VehicleId:
    """The vehicle with this plate, registered if it comes for the first time."""
    known = None if plate is None else known_vehicle(tx.connection, plate)
    return known or registered(tx, plate, vehicle_type)


def registered(tx: Transaction, plate: Plate | None, vehicle_type: VehicleType) -> VehicleId:
    """A vehicle that this lot hasn't met."""
    vehicle = VehicleId(tx.mint())
    tx.record(VehicleRegistered(vehicle=vehicle, vehicle_type=vehicle_type, license_plate=plate))
    return vehicle


def known_vehicle(connection: sqlite3.Connection, plate: Plate) -> VehicleId | None:
    row = connection.execute("SELECT id FROM vehicles WHERE license_plate = ?", (plate,)).fetchone()
    return VehicleId(row["id"]) if row else None
