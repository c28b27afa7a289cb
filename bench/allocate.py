"""Entries and exits at twenty lanes at once, each led to a spot by the lot's own rules.

The limit beside it: the very same rows in the same transactions, committed by one plain loop over sqlite3.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import structlog

from bench.decision import scratch
from bench.report import Measured
from edge.clock import SystemClock
from edge.parking import entry, exit
from edge.parking.access.entitlement import Entitlement
from edge.parking.access.permits import Permit
from edge.parking.places.layout import PlannedLevel, declare
from edge.parking.stays.tickets import Ticket, open_ticket
from edge.store import Store, Transaction
from edge.store.database import connect
from models.allocation import Criterion, Plan, Rule
from models.effects import Change, effects
from models.facts import DeclaredLane, LotDeclared
from models.facts.base import decode
from models.ids import LaneName, LotId, SpotId
from models.money import Minor
from models.plates import Plate
from models.refusals import Refusal
from models.spots import SpotType, VehicleType
from models.tariff import HourlyTariff
from models.tickets import Direction

LANES = 20
SPOTS = 500
_AT_ONCE = 10
"""Cars of each lane that are inside at the same time."""
_LOT = LotId("0193e1a0-0000-7000-8000-0000000a110c")
_FREE_OF_CHARGE = HourlyTariff(currency="EUR", hourly_rate=Minor(0), daily_maximum=Minor(0))
_PLAN = Plan(
    Rule((Criterion.EXACT_TYPE, Criterion.SPREAD, Criterion.NEAREST)),
    nearest={LaneName(f"lane-{n}"): (("A", "B", "C")[n % 3], ("B", "C", "A")[n % 3]) for n in range(LANES)},
    reserved=frozenset({"Staff"}),
)
_VEHICLES = (VehicleType.COMPACT, *(3 * (VehicleType.REGULAR,)), VehicleType.LARGE)
_TYPES = (SpotType.COMPACT, SpotType.REGULAR, SpotType.REGULAR, SpotType.REGULAR, SpotType.LARGE)
Statement = tuple[str, tuple[object, ...]]


def levels() -> tuple[PlannedLevel, ...]:
    """Five hundred spots on four levels, each with three zones, and one zone that is reserved."""
    planned: list[PlannedLevel] = []
    for floor in range(4):
        numbers = [f"{floor}{n:03}" for n in range(SPOTS // 4)]
        spots = tuple((number, _TYPES[n % len(_TYPES)]) for n, number in enumerate(numbers))
        zones = {number: ("A", "B", "C", "Staff")[4 * n // len(numbers)] for n, number in enumerate(numbers)}
        planned.append(PlannedLevel(floor, f"Level {floor}", spots, zones))
    return tuple(planned)


async def ours(folder: Path, visits: int) -> float:
    """Entries and exits a second: each a decision that is committed before the next step of its lane."""
    store = Store(folder / "ours.sqlite", _LOT, SystemClock())
    store.write_now(lambda tx: declare(tx, _declared(), levels()))
    begun = time.perf_counter()
    await asyncio.gather(*(_lane(store, LaneName(f"lane-{n}"), n, visits // LANES) for n in range(LANES)))
    taken = time.perf_counter() - begun
    store.close()
    return 2 * (visits // LANES) * LANES / taken


async def _lane(store: Store, lane: LaneName, number: int, visits: int) -> None:
    """One way in and out: cars come, some of them staff, and each leaves after ten others have come."""
    chance, inside = random.Random(number), list[Plate]()
    for visit in range(visits):
        plate = Plate(f"L{number:02}{visit:05}")
        permit = Permit(plate, zones=frozenset({"Staff"})) if chance.random() < 0.1 else None
        arrival = entry.Arrival(lane, plate, 0.99, chance.choice(_VEHICLES), Entitlement(permit))
        admitted = await store.write(lambda tx, arrival=arrival: entry.admit(tx, arrival, _FREE_OF_CHARGE, _PLAN))
        assert isinstance(admitted, entry.Admitted), admitted
        await store.write(lambda tx, ticket=admitted.ticket: entry.confirm(tx, ticket, lane))
        inside.append(plate)
        if len(inside) > _AT_ONCE:
            await _leaves(store, lane, inside.pop(0))
    for plate in inside:
        await _leaves(store, lane, plate)


async def _leaves(store: Store, lane: LaneName, plate: Plate) -> None:
    departure = exit.Departure(lane, lambda tx: _stay(tx, plate), "exact")
    let_out = await store.write(lambda tx: exit.let_out(tx, departure, "bench"))
    assert isinstance(let_out, exit.Cleared), let_out
    await store.write(lambda tx: exit.close(tx, let_out.ticket, lane))


def _stay(tx: Transaction, plate: Plate) -> Ticket | Refusal:
    return open_ticket(tx.connection, plate) or Refusal.NO_TICKET


def limit(folder: Path, visits: int) -> float:
    """The same transactions a second, in entries and exits: their rows as our run wrote them, and nothing decided."""
    bare = folder / "bare.sqlite"
    with closing(sqlite3.connect(folder / "ours.sqlite")) as original, closing(sqlite3.connect(bare)) as copy:
        original.backup(copy)
    with closing(connect(folder / "ours.sqlite")) as source:
        batches = _transactions(source)
    with closing(connect(bare)) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        for table in ("moments", "tickets", "vehicles"):
            connection.execute(f"DELETE FROM {table}")
        connection.execute("DELETE FROM journal WHERE seq >= ?", (batches[0][0],))
        begun = time.perf_counter()
        for _, statements in batches:
            connection.execute("BEGIN IMMEDIATE")
            for sql, values in statements:
                connection.execute(sql, values)
            connection.execute("COMMIT")
        taken = time.perf_counter() - begun
    return 2 * (visits // LANES) * LANES / taken


def _transactions(source: sqlite3.Connection) -> list[tuple[int, list[Statement]]]:
    """Each transaction's first fact, and its rows: the facts, what they change, the moments, the head of the stream."""
    moments = {(row["subject"], row["what"]): row for row in source.execute("SELECT * FROM moments")}
    spots = {row["id"]: row["spot_id"] for row in source.execute("SELECT id, spot_id FROM tickets")}
    batches: list[tuple[int, list[Statement]]] = []
    goes_on = False
    for row in source.execute("SELECT * FROM journal ORDER BY seq").fetchall():
        if row["type"] not in _MOMENT_OF and row["type"] not in ("vehicle.registered", "ticket.confirmed"):
            continue
        if not goes_on:
            batches.append((row["seq"], []))
        batches[-1][1].extend(_rows_of(row, moments, spots))
        goes_on = row["type"] == "vehicle.registered"
        if not goes_on:
            head = "UPDATE streams SET seq = ?, hash = ? WHERE stream = 'ledger'"
            batches[-1][1].append((head, (row["seq"], row["hash"])))
    return batches


_MOMENT_OF = {"ticket.opened": "entered", "exit.allowed": "settled", "ticket.closed": "exited"}


def _rows_of(row: sqlite3.Row, moments: dict[tuple[str, str], sqlite3.Row], spots: dict[str, str]) -> list[Statement]:
    body = json.loads(row["body"])
    personal = json.loads(row["personal"]) if row["personal"] else None
    fact = decode(row["type"], row["version"], body, personal)
    statements = [_changed(change) for change in effects(fact, _LOT, lambda ticket: SpotId(spots[ticket]))]
    statements.append(_insert("journal", dict(row)))
    moment = moments.get((body.get("ticket", ""), _MOMENT_OF.get(row["type"], "")))
    return statements if moment is None else [*statements, _insert("moments", dict(moment))]


def _changed(change: Change) -> Statement:
    if change.kind == "insert":
        return _insert(change.table, {"id": change.id, **change.values})
    columns = ", ".join(f"{column} = ?" for column in change.values)
    return f"UPDATE {change.table} SET {columns} WHERE id = ?", (*change.values.values(), change.id)


def _insert(table: str, row: Mapping[str, object]) -> Statement:
    return f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", tuple(row.values())


def _declared() -> LotDeclared:
    lanes = tuple(DeclaredLane(name=LaneName(f"lane-{n}"), direction=Direction.ENTRY) for n in range(LANES))
    return LotDeclared(
        name="Bench",
        address="",
        timezone="UTC",
        currency="EUR",
        total_spots=SPOTS,
        lat_microdegrees=None,
        lng_microdegrees=None,
        lanes=lanes,
    )


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--runs", type=int, default=5)
    asked.add_argument("--visits", type=int, default=2000, help="in each run, of all lanes together")
    options = asked.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    rates: tuple[list[float], list[float]] = ([], [])
    for run in range(options.runs):
        print(f"run {run + 1} of {options.runs}", file=sys.stderr)
        with tempfile.TemporaryDirectory(dir=scratch()) as folder:
            rates[0].append(asyncio.run(ours(Path(folder), options.visits)))
            rates[1].append(limit(Path(folder), options.visits))
    same = "bare sqlite3 commits (WAL, FULL) of the same rows in the same transactions, in a plain loop"
    unit = f"entries and exits/s, {LANES} lanes, {SPOTS} spots"
    print(Measured("allocate", unit, same, *rates, goal="ratio >= 0.8").line())


if __name__ == "__main__":
    main()
