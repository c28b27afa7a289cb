"""Finds stays for a person: by plate and what it may have been read as, by time, by lane, by what stands on paper."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from models.codes import read_code
from models.ids import TicketId
from models.instants import Instant
from models.plates import Plate
from models.plates.alike import neighbours
from models.qr import shown_code
from models.tickets import TicketStatus

Why = Literal["code", "plate", "alike", "entry"]
"""How it was found: `alike` is a guess, and only ever a person's to judge."""
MOST = 200
_COLUMNS = """
    SELECT tickets.id, code, serial, license_plate, tickets.vehicle_type, entry_lane, entry_time, exit_lane, exit_time,
        tickets.status, entered_by, amount_paid, lost, picture, merged_into, spot_number, currency
    FROM tickets JOIN vehicles ON vehicles.id = vehicle_id LEFT JOIN spots ON spots.id = spot_id"""
_OPEN = "tickets.status IN ('ADMITTED', 'ACTIVE', 'UNRESOLVED')"


@dataclass(frozen=True, slots=True)
class Sought:
    """What is known of the stay; None: nothing. `closed`: stays that are over count, too."""

    plate: Plate | None = None
    code: str | None = None
    since: Instant | None = None
    until: Instant | None = None
    lane: str | None = None
    closed: bool = False
    serial: int | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A stay as a person sees it in a list."""

    why: Why
    id: TicketId
    code: str
    serial: int | None
    plate: str | None
    vehicle_type: str
    spot: str | None
    entered_by: str
    entry_lane: str
    entered: Instant
    exit_lane: str | None
    left: Instant | None
    status: TicketStatus
    paid: int
    currency: str
    lost: bool
    picture: str | None
    merged_into: TicketId | None


def search(connection: sqlite3.Connection, sought: Sought) -> list[Found]:
    """The surest first: by code, by exactly this plate, by plates that look like it, then by time and lane alone."""
    if sought.code is not None:
        return _rows(connection, "code", "code = :code", {"code": _as_written(sought.code)})
    if sought.plate is None:
        return _rows(connection, "entry", *_when(sought))
    where, asked = _when(sought)
    exactly = _rows(connection, "plate", f"{where} AND license_plate = :plate", {**asked, "plate": sought.plate})
    others = _rows(connection, "alike", f"{where} AND license_plate != :plate", {**asked, "plate": sought.plate}, None)
    alike = neighbours(sought.plate, ((found.plate, found) for found in others if found.plate is not None))
    return [*exactly, *alike][:MOST]


def unread(connection: sqlite3.Connection, sought: Sought) -> list[Found]:
    """Those inside whose plate nobody could read: whoever isn't found by plate may be one of them."""
    where, asked = _when(sought)
    return _rows(connection, "entry", f"{where} AND license_plate IS NULL", asked)


def with_ids(connection: sqlite3.Connection, tickets: Sequence[TicketId]) -> list[Found]:
    """Those of these tickets that there are, whatever became of them."""
    asked: dict[str, object] = {f"t{number}": ticket for number, ticket in enumerate(tickets)}
    return _rows(connection, "entry", f"tickets.id IN ({', '.join(f':{name}' for name in asked)})", asked)


def _as_written(code: str) -> str:
    """Raises ValueError for what is no code at all."""
    try:
        return shown_code(code)
    except ValueError:
        return read_code(code)


def _when(sought: Sought) -> tuple[str, dict[str, object]]:
    clauses = ["1" if sought.closed else _OPEN]
    asked: dict[str, object] = {}
    for clause, name, value in (
        ("entry_time >= :since", "since", sought.since),
        ("entry_time <= :until", "until", sought.until),
        ("entry_lane = :lane", "lane", sought.lane),
        ("serial = :serial", "serial", sought.serial),
    ):
        if value is not None:
            clauses.append(clause)
            asked[name] = value
    return " AND ".join(clauses), asked


def _rows(
    connection: sqlite3.Connection, why: Why, where: str, asked: dict[str, object], most: int | None = MOST
) -> list[Found]:
    limit = "" if most is None else f" LIMIT {most}"
    rows = connection.execute(f"{_COLUMNS} WHERE {where} ORDER BY tickets.rowid DESC{limit}", asked)
    return [_found(row, why) for row in rows]


def _found(row: sqlite3.Row, why: Why) -> Found:
    return Found(
        why=why,
        id=row["id"],
        code=row["code"],
        serial=row["serial"],
        plate=row["license_plate"],
        vehicle_type=row["vehicle_type"],
        spot=row["spot_number"],
        entered_by=row["entered_by"],
        entry_lane=row["entry_lane"],
        entered=row["entry_time"],
        exit_lane=row["exit_lane"],
        left=row["exit_time"],
        status=TicketStatus(row["status"]),
        paid=row["amount_paid"],
        currency=row["currency"],
        lost=bool(row["lost"]),
        picture=row["picture"],
        merged_into=row["merged_into"],
    )
