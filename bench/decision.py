"""From a known plate to the order for the relay: the machine, the writer thread and the durable commit included.

The limit beside it: the very same rows, committed by a plain loop over sqlite3 with the same pragmas.
"""

from __future__ import annotations

import argparse
import asyncio
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import structlog

from bench.report import Measured, percentile
from drivers.contract import Position
from edge.clock import SystemClock
from edge.faults import FaultBoard
from edge.lane.controller import LaneController
from edge.lane.hardware import Hardware
from edge.lane.lane import Fitted, a_lane
from edge.lane.signals import Phase, Presence, Read, UnderArm
from edge.lane.timing import LaneTiming
from edge.parking.access.policy import LotPolicy
from edge.parking.desks import EntryDesk
from edge.parking.places.layout import PlannedLevel, declare
from edge.store import Store
from edge.store.database import connect
from models.facts import DeclaredLane, LotDeclared
from models.ids import LaneName, LotId
from models.instants import SECOND, Monotonic
from models.money import Minor
from models.passback import Passback
from models.plates import Plate
from models.spots import SpotType, VehicleType
from models.tariff import HourlyTariff, Tariff
from models.tariff.reading import parse_tariff
from models.tickets import Direction

_LOT = LotId("0193e1a0-0000-7000-8000-00000000be9c")
_LANE = LaneName("in")
_TARIFF = HourlyTariff(currency="EUR", hourly_rate=Minor(250), daily_maximum=Minor(1800))


class _BusyClock(SystemClock):
    """Real time, but a minute goes by before each car: a loop that changed as often as in a bench would chatter."""

    minutes = 0

    def monotonic(self) -> Monotonic:
        return Monotonic(super().monotonic() + self.minutes * 60 * SECOND)


class _Relay:
    """A barrier that only notes when it was ordered to rise."""

    position = Position.CLOSED
    reads_back = True
    can_hold = False
    can_lower = False

    def __init__(self) -> None:
        self.ordered = asyncio.Event()
        self.at = 0

    def on_position(self, heard: Callable[[Position], None]) -> None: ...

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def vend(self, vend_id: str) -> None:
        self.at = time.perf_counter_ns()
        self.ordered.set()

    async def hold(self) -> None: ...

    async def release(self) -> None: ...

    async def lower(self) -> None: ...


async def ours(folder: Path, decisions: int, tariff: Tariff = _TARIFF) -> list[float]:
    """Milliseconds of each decision; `tariff` is pinned on each ticket as the lot's own."""
    clock = _BusyClock()
    store = Store(folder / "ours.sqlite", _LOT, clock)
    level = PlannedLevel(0, "Ground", tuple((str(n), SpotType.REGULAR) for n in range(1, decisions + 1)))
    store.write_now(lambda tx: declare(tx, _declared(decisions), (level,)))
    relay = _Relay()
    policy = LotPolicy({}, tariff, Passback.HARD, clock)
    lane = LaneController(
        _LANE,
        a_lane(Fitted(can_hold=False, timing=LaneTiming(shortest_passage=0))),
        Hardware(relay),
        {Direction.ENTRY: EntryDesk(_LANE, store, policy.tariff, policy.permits, lambda: VehicleType.REGULAR)},
        store,
        lambda on, far: None,
        FaultBoard(lambda decision: None),
        clock,
    )
    await lane.start()
    taken: list[float] = []
    for number in range(decisions):
        clock.minutes += 1
        lane.hear(Presence(True))
        await asyncio.sleep(0)  # what that set off isn't part of the decision
        relay.ordered.clear()
        begun = time.perf_counter_ns()
        lane.hear(Read(Plate(f"B{number:06}"), 0.99))
        await relay.ordered.wait()
        taken.append((relay.at - begun) / 1e6)
        for signal in (UnderArm(True), Presence(False), UnderArm(False)):
            lane.hear(signal)
        await asyncio.sleep(0)  # the passage is with the writer now; once this is through, so is that
        await store.write(lambda tx: None)
        assert lane.lane.phase is Phase.IDLE
    await lane.stop()
    store.close()
    return taken


def limit(folder: Path, decisions: int) -> list[float]:
    """Milliseconds to commit each decision's rows, taken from our own run, in a plain loop."""
    with closing(connect(folder / "ours.sqlite")) as source:
        batches = _rows_by_ticket(source, decisions)
        bare = folder / "bare.sqlite"
        with closing(sqlite3.connect(folder / "ours.sqlite")) as original, closing(sqlite3.connect(bare)) as copy:
            original.backup(copy)
    with closing(connect(bare)) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        for table in ("journal", "moments", "tickets", "vehicles"):
            connection.execute(f"DELETE FROM {table}")
        connection.execute("UPDATE spots SET status = 'AVAILABLE'")
        return [_timed_commit(connection, batch) for batch in batches]


def _timed_commit(connection: sqlite3.Connection, statements: list[tuple[str, tuple[object, ...]]]) -> float:
    begun = time.perf_counter_ns()
    connection.execute("BEGIN IMMEDIATE")
    for sql, values in statements:
        connection.execute(sql, values)
    connection.execute("COMMIT")
    return (time.perf_counter_ns() - begun) / 1e6


def _rows_by_ticket(source: sqlite3.Connection, decisions: int) -> list[list[tuple[str, tuple[object, ...]]]]:
    """For each ticket the rows that its decision wrote: vehicle, ticket, spot, two facts, the stream's head,
    and when it was."""
    facts = [
        source.execute("SELECT * FROM journal WHERE type = ? ORDER BY seq", (kind,)).fetchall()
        for kind in ("vehicle.registered", "ticket.opened")
    ]
    vehicles = source.execute("SELECT * FROM vehicles ORDER BY id").fetchall()
    tickets = source.execute("SELECT * FROM tickets ORDER BY rowid").fetchall()
    by_id = {row["id"]: row for row in vehicles}
    moments = {row["subject"]: row for row in source.execute("SELECT * FROM moments WHERE what = 'entered'")}
    assert len(tickets) == decisions == len(facts[0]) == len(facts[1])
    batches: list[list[tuple[str, tuple[object, ...]]]] = []
    for ticket, registered, opened in zip(tickets, *facts, strict=True):
        batches.append(
            [
                _insert("vehicles", by_id[ticket["vehicle_id"]]),
                _insert("journal", registered),
                _head(registered),
                _insert("tickets", ticket),
                ("UPDATE spots SET status = 'OCCUPIED' WHERE id = ?", (ticket["spot_id"],)),
                _insert("moments", moments[ticket["id"]]),
                _insert("journal", opened),
                _head(opened),
            ]
        )
    return batches


def _insert(table: str, row: sqlite3.Row) -> tuple[str, tuple[object, ...]]:
    return f"INSERT INTO {table} ({', '.join(row.keys())}) VALUES ({', '.join('?' * len(row))})", tuple(row)


def _head(fact: sqlite3.Row) -> tuple[str, tuple[object, ...]]:
    return "UPDATE streams SET seq = ?, hash = ? WHERE stream = 'ledger'", (fact["seq"], fact["hash"])


def _declared(spots: int) -> LotDeclared:
    return LotDeclared(
        name="Bench",
        address="",
        timezone="UTC",
        currency="EUR",
        total_spots=spots,
        lat_microdegrees=None,
        lng_microdegrees=None,
        lanes=(DeclaredLane(name=_LANE, direction=Direction.ENTRY),),
    )


def scratch() -> Path:
    """On the disk of the checkout, as a lot's store would be: /tmp may lie in memory."""
    folder = Path("build/bench")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--runs", type=int, default=7)
    asked.add_argument("--decisions", type=int, default=400, help="in each run")
    asked.add_argument(
        "--tariff", type=Path, help="the file of a tariff instead of the first rule, such as an airport's"
    )
    options = asked.parse_args()
    tariff = _TARIFF if options.tariff is None else parse_tariff(options.tariff.read_text(), str(options.tariff))
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    medians: tuple[list[float], list[float]] = ([], [])
    tails: tuple[list[float], list[float]] = ([], [])
    for run in range(options.runs):
        print(f"run {run + 1} of {options.runs}", file=sys.stderr)
        with tempfile.TemporaryDirectory(dir=scratch()) as folder:
            both = asyncio.run(ours(Path(folder), options.decisions, tariff)), limit(Path(folder), options.decisions)
        for kept, taken in zip(medians, both, strict=True):
            kept.append(percentile(taken, 0.5))
        for kept, taken in zip(tails, both, strict=True):
            kept.append(percentile(taken, 0.99))
    same = "bare sqlite3 commit (WAL, FULL) of the same rows in a plain loop"
    print(Measured("decision", "ms, median of a run", same, *medians, goal="ratio <= 2").line())
    print(Measured("decision-p99", "ms, 99th percentile of a run", same, *tails, goal="ratio <= 3").line())


if __name__ == "__main__":
    main()
