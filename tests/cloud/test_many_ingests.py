"""Several real ingest processes on one broker and one database: they divide the lots, and one dying hands its over."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from cloud.enrolment import enrol_lot
from cloud.settings import CloudSettings
from models.ids import LotId
from simulator.demo.parts import Cloud
from simulator.fleet import PaperLot
from simulator.fleet_link import FleetLink
from simulator.servers import Mosquitto, free_port
from tests.brokers import USERS
from tests.cloud.lots import NOON
from tests.keys import signing_key_file

LOTS = 24
TRANSACTIONS_A_SECOND = 40
TAKEN_OVER_WITHIN = 5.0
"""Seconds from a kill until everything that happened at any lot is applied"""
HELD = (
    "SELECT pid, count(*) FILTER (WHERE objid < 64) AS shares FROM pg_locks"
    " WHERE locktype = 'advisory' AND objsubid = 2"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) GROUP BY pid ORDER BY pid"
)


class Careless(Cloud):
    """Its fence is off."""

    def _command(self) -> Sequence[str]:
        return [sys.executable, str(Path(__file__).with_name("careless_ingest.py")), "run"]


@contextmanager
def processes(
    count: int, settings: CloudSettings, broker: Mosquitto, folder: Path, kind: type[Cloud] = Cloud
) -> Iterator[list[Cloud]]:
    environment = {
        "PARKGATE_DATABASE_URL": settings.database_url.get_secret_value(),
        "PARKGATE_SIGNING_KEY_FILE": str(signing_key_file()),
        "PARKGATE_MQTT_PORT": str(broker.port),
        "PARKGATE_MQTT_USERNAME": "parkgate",
        "PARKGATE_MQTT_PASSWORD": USERS["parkgate"],
        "PARKGATE_CONSOLE": "false",
        "PYTHONPATH": os.getcwd(),
    }
    with ExitStack() as stack:
        made = [kind(free_port(), folder / f"cloud-{number}.log", environment) for number in range(count)]
        for one in made:
            stack.enter_context(one)
        yield made


@pytest.fixture
async def lots(engine: AsyncEngine, tenant: str) -> Mapping[LotId, PaperLot]:
    async with engine.begin() as connection:
        ids = [LotId(await enrol_lot(connection, tenant, f"Lot {n}", NOON)) for n in range(LOTS)]
    return {lot: PaperLot(lot, NOON) for lot in ids}


class Traffic:
    """Something happens at one lot after another; what waited for its acknowledgement, and how long, is kept."""

    def __init__(self, lots: Mapping[LotId, PaperLot], link: FleetLink) -> None:
        self._lots, self._link = lots, link
        self._turn = list(lots.values())
        self.waited: list[float] = []
        for lot in self._turn:
            lot.write_out(200)

    def runs(self, seconds: float) -> None:
        until, next_at = time.monotonic() + seconds, time.monotonic()
        while (now := time.monotonic()) < until:
            if now >= next_at:
                next_at += 1 / TRANSACTIONS_A_SECOND
                lot = self._turn.pop(0)
                lot.happens(now)
                self._turn.append(lot)
                self._link.happened(lot.id)
            self.waited += self._link.turn(now)
            time.sleep(0.002)

    def ends(self, within: float) -> float:
        """Nothing happens any more; how long it took until all was acknowledged. Raises TimeoutError."""
        begun = time.monotonic()
        while any(lot.backlog for lot in self._lots.values()):
            self.waited += self._link.turn(time.monotonic())
            if time.monotonic() - begun > within:
                raise TimeoutError(f"{sum(lot.backlog for lot in self._lots.values())} facts weren't applied")
            time.sleep(0.002)
        return time.monotonic() - begun


async def divided(database: asyncpg.Connection, among: int, within: float = 15) -> None:
    async with asyncio.timeout(within):
        while True:
            counts = [row["shares"] for row in await database.fetch(HELD)]
            if len(counts) == among and sum(counts) == 64 and max(counts) - min(counts) <= 1:
                return
            await asyncio.sleep(0.1)


async def judge(database: asyncpg.Connection, lots: Mapping[LotId, PaperLot]) -> tuple[int, int]:
    """How many facts are lost, and how many are there twice or in another order than the lot's."""
    lost = twice = 0
    for lot in lots.values():
        rows = await database.fetch("SELECT seq, hash FROM facts WHERE lot_id = $1 ORDER BY received_at, seq", lot.id)
        said = {seq: lot.hash_of(seq) for seq in range(1, lot.written + 1)}
        lost += len(said.keys() - {row["seq"] for row in rows})
        twice += len(rows) - len({row["seq"] for row in rows}) + sum(said[row["seq"]] != row["hash"] for row in rows)
        twice += [row["seq"] for row in rows] != sorted(row["seq"] for row in rows)
    parked = await database.fetchval("SELECT count(*) FROM parked_facts")
    return lost, twice + parked + await database.fetchval("SELECT count(*) FROM cases")


@pytest.mark.timeout(180)
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
async def test_one_of_three_that_dies_or_freezes_hands_its_lots_over_within_seconds(
    settings: CloudSettings,
    own_mosquitto: Mosquitto,
    database: asyncpg.Connection,
    lots: Mapping[LotId, PaperLot],
    tmp_path: Path,
    how: signal.Signals,
) -> None:
    with own_mosquitto as broker, processes(3, settings, broker, tmp_path) as made:
        await divided(database, among=3)
        with FleetLink(lots, broker.port, "parkgate", USERS["parkgate"]) as link:
            traffic = Traffic(lots, link)
            await asyncio.to_thread(traffic.runs, 2)
            calm = len(traffic.waited)
            os.kill(made[1].pid, how)
            await asyncio.to_thread(traffic.runs, 2 * TAKEN_OVER_WITHIN)
            await divided(database, among=2)
            slowest = max(traffic.waited[calm:])
            if how is signal.SIGSTOP:
                os.kill(made[1].pid, signal.SIGCONT)
            else:
                await asyncio.to_thread(made[1].start)
            await asyncio.to_thread(traffic.runs, 3)
            await divided(database, among=3)
            await asyncio.to_thread(traffic.ends, 15)
    assert await judge(database, lots) == (0, 0)
    assert slowest < TAKEN_OVER_WITHIN + (4 if how is signal.SIGSTOP else 0)


@pytest.mark.timeout(120)
async def test_processes_that_come_and_go_in_good_order_keep_nobody_waiting(
    settings: CloudSettings,
    own_mosquitto: Mosquitto,
    database: asyncpg.Connection,
    lots: Mapping[LotId, PaperLot],
    tmp_path: Path,
) -> None:
    with own_mosquitto as broker, processes(1, settings, broker, tmp_path) as (first,):
        await divided(database, among=1)
        with FleetLink(lots, broker.port, "parkgate", USERS["parkgate"]) as link:
            traffic = Traffic(lots, link)
            with processes(1, settings, broker, tmp_path / "..") as (second,):
                await asyncio.to_thread(traffic.runs, 3)
                await divided(database, among=2)
                await asyncio.to_thread(traffic.runs, 1)
                await asyncio.to_thread(second.stop)
                await asyncio.to_thread(traffic.runs, 3)
            await divided(database, among=1)
            await asyncio.to_thread(traffic.ends, 15)
        assert first.running
    assert await judge(database, lots) == (0, 0)


@pytest.mark.timeout(120)
async def test_the_control_without_a_fence_applies_facts_twice(
    settings: CloudSettings,
    own_mosquitto: Mosquitto,
    database: asyncpg.Connection,
    lots: Mapping[LotId, PaperLot],
    tmp_path: Path,
) -> None:
    # The second net is off too: with it, what would be applied twice fails instead, and is then found applied.
    for table in ("facts", "vehicles", "tickets", "payments"):
        await database.execute(f"ALTER TABLE {table} DROP CONSTRAINT {table}_pk CASCADE")
    with (
        own_mosquitto as broker,
        processes(3, settings, broker, tmp_path, Careless),
        FleetLink(lots, broker.port, "parkgate", USERS["parkgate"]) as link,
    ):
        traffic = Traffic(lots, link)
        await asyncio.to_thread(traffic.runs, 5)
    _, twice = await judge(database, lots)
    assert twice > 0
