"""Masks plates whose time is over, in the tables and in the facts; each function is one batch of a lot."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import asyncpg

from cloud.db.schema import PERSON_IN_BODY
from cloud.retention.log import Deletion, record_erased
from cloud.retention.lot import KeptLot
from models.ids import uuid7
from models.instants import Instant
from models.retention import masked_vehicle

_CLOSED = "coalesce(exit_time, entry_time)"
_DUE = f"""
    SELECT id, vehicle_id, {_CLOSED} AS closed FROM tickets
    WHERE lot_id = $1 AND masked_at IS NULL AND status IN ('COMPLETED', 'VOIDED') AND {_CLOSED} <= $2
        AND NOT EXISTS (
            SELECT 1 FROM payments
            WHERE payments.lot_id = tickets.lot_id AND ticket_id = tickets.id
                AND payments.status = 'UNCOLLECTED' AND at > $3)
    ORDER BY {_CLOSED} LIMIT $4"""
_VEHICLES = """
    SELECT id, license_plate, vehicle_type, EXISTS (
        SELECT 1 FROM tickets WHERE tickets.lot_id = $1 AND vehicle_id = vehicles.id AND masked_at IS NULL) AS needed
    FROM vehicles WHERE lot_id = $1 AND id = ANY($2::uuid[])"""
EVENTS = {"access_refusals": "false", "passages": "unable_to_collect", "help_calls": "false"}
"""What happened to a vehicle without a stay, and whether it may have left a debt."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Plates of stays that closed up to `closed` go; those of debts made up to `owed`."""

    closed: Instant
    owed: Instant


async def mask_stays(connection: asyncpg.Connection, lot: KeptLot, limits: Limits, at: Instant, most: int) -> int:
    """As at the lot: a vehicle that is inside, owes or came since keeps its plate, but the old stays aren't its own any
    more. Returns how many stays were looked at."""
    due = await connection.fetch(_DUE, lot.id, limits.closed, limits.owed, most)
    if not due:
        return 0
    tickets = [str(row["id"]) for row in due]
    await connection.execute(
        "UPDATE tickets SET masked_at = $3 WHERE lot_id = $1 AND id = ANY($2::uuid[])", lot.id, tickets, at
    )
    vehicles = await connection.fetch(_VEHICLES, lot.id, list({row["vehicle_id"] for row in due}))
    over = [str(row["id"]) for row in vehicles if not row["needed"]]
    with_plate = {row["id"] for row in vehicles if row["license_plate"] is not None}
    for row in vehicles:
        if row["needed"] and row["license_plate"] is not None:
            own = [str(stay["id"]) for stay in due if stay["vehicle_id"] == row["id"]]
            await _give_to_nobody(connection, lot, row["vehicle_type"], own)
    await _mask_vehicles(connection, lot, over)
    await erase_personal(connection, lot, tickets)
    masked = sum(row["vehicle_id"] in with_plate for row in due)
    await record_erased(connection, lot, Deletion("tickets", "plates of stays", masked, Instant(due[-1]["closed"])), at)
    return len(due)


async def mask_events(
    connection: asyncpg.Connection, lot: KeptLot, table: str, limits: Limits, at: Instant, most: int
) -> int:
    """The same for refusals, counted passages and calls for help; they count from when they happened."""
    due = await connection.fetch(
        f"SELECT id, at FROM {table} WHERE lot_id = $1 AND license_plate IS NOT NULL AND at <= $2"
        f" AND (NOT {EVENTS[table]} OR at <= $3) ORDER BY at LIMIT $4",
        *(lot.id, limits.closed, limits.owed, most),
    )
    if not due:
        return 0
    ids = [str(row["id"]) for row in due]
    await connection.execute(
        f"UPDATE {table} SET license_plate = NULL WHERE lot_id = $1 AND id = ANY($2::uuid[])", lot.id, ids
    )
    await erase_personal(connection, lot, ids)
    await record_erased(
        connection, lot, Deletion("tickets", f"plates of {table}", len(due), Instant(due[-1]["at"])), at
    )
    return len(due)


async def mask_vehicles_without_a_stay(
    connection: asyncpg.Connection, lot: KeptLot, limits: Limits, at: Instant, most: int
) -> int:
    """Vehicles that were met long ago and have no stay at all: their ids begin with the moment (UUID version 7)."""
    rows = await connection.fetch(
        "SELECT id FROM vehicles WHERE lot_id = $1 AND license_plate IS NOT NULL AND id < $2::uuid"
        " AND coalesce(neutral_since, 0) <= $3 AND NOT EXISTS ("
        "SELECT 1 FROM tickets WHERE tickets.lot_id = vehicles.lot_id AND vehicle_id = vehicles.id) LIMIT $4",
        *(lot.id, uuid7(limits.closed, bytes(10)), limits.closed, most),
    )
    await _mask_vehicles(connection, lot, [str(row["id"]) for row in rows])
    await record_erased(connection, lot, Deletion("tickets", "plates of vehicles", len(rows), limits.closed), at)
    return len(rows)


async def mask_parked(connection: asyncpg.Connection, lot: KeptLot, limits: Limits, at: Instant, most: int) -> int:
    """Facts that were parked long ago have no row anywhere whose plate could go first."""
    rows = await connection.fetch(
        "UPDATE facts SET personal = NULL, salt = NULL WHERE (lot_id, stream_id, seq) IN ("
        "SELECT lot_id, stream_id, seq FROM parked_facts JOIN facts USING (lot_id, stream_id, seq)"
        " WHERE lot_id = $1 AND parked_at <= $2 AND personal IS NOT NULL LIMIT $3) RETURNING seq",
        *(lot.id, limits.closed, most),
    )
    await record_erased(connection, lot, Deletion("tickets", "plates of parked facts", len(rows), limits.closed), at)
    return len(rows)


async def erase_personal(connection: asyncpg.Connection, lot: KeptLot, rows: Collection[str]) -> None:
    """The personal part of the facts about those rows; what is hashed stays, and the chain holds."""
    await connection.execute(
        "UPDATE facts SET personal = NULL, salt = NULL"
        f" WHERE lot_id = $1 AND personal IS NOT NULL AND {PERSON_IN_BODY} = ANY($2::text[])",
        *(lot.id, list(rows)),
    )


async def _mask_vehicles(connection: asyncpg.Connection, lot: KeptLot, vehicles: Collection[str]) -> None:
    await connection.execute(
        "UPDATE vehicles SET license_plate = NULL WHERE lot_id = $1 AND id = ANY($2::uuid[])", lot.id, list(vehicles)
    )
    await erase_personal(connection, lot, vehicles)


async def _give_to_nobody(
    connection: asyncpg.Connection, lot: KeptLot, vehicle_type: str, tickets: Collection[str]
) -> None:
    """Those stays belong to the vehicle without a plate from now on: the same one as at the lot."""
    nobody = masked_vehicle(lot.id, vehicle_type)
    await connection.execute(
        "INSERT INTO vehicles (tenant_id, lot_id, id, vehicle_type) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        *(lot.tenant, lot.id, nobody, vehicle_type),
    )
    await connection.execute(
        "UPDATE tickets SET vehicle_id = $3 WHERE lot_id = $1 AND id = ANY($2::uuid[])", lot.id, list(tickets), nobody
    )
