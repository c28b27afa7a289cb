"""Network, cloud and daemon fail for real, each for a whole minute: the lot works on, and the books agree after."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import pytest

from simulator.books import Books, Difference, cloud_books, differences, lot_books
from simulator.demo.stage import Options, Stage
from simulator.servers import Mosquitto, Postgres
from simulator.witness import phantom_opens, witnessed
from tests.brokers import USERS

HOUSE = Path(__file__).resolve().parents[2]
OUTAGE_SECONDS = float(os.environ.get("PARKGATE_OUTAGE_SECONDS", "60"))


def weights() -> Path | None:
    shared = Path(os.environ.get("PARKGATE_SHARED") or HOUSE.parent / "shared") / "lpr/weights"
    return shared if shared.is_dir() else None


def passages(stage: Stage) -> int:
    """How many vehicles the loops saw go in or out."""
    lines = witnessed(stage.witness)
    return sum(line["event"] == "car" and line["what"] in ("entered", "left") for line in lines)


def wait_for_passages(stage: Stage, more: int, within: float = 120.0) -> None:
    wanted, until = passages(stage) + more, time.monotonic() + within
    while passages(stage) < wanted:
        assert time.monotonic() < until, f"no {more} vehicles passed in {within} s:\n{stage.edge.tail()}"
        time.sleep(0.5)


def backlog(stage: Stage) -> int:
    lot, cloud = lot_books(stage.store), asyncio.run(cloud_books(stage.database_url, stage.lot_id))
    return lot.facts - cloud.facts


def agreement(stage: Stage, within: float = 90.0) -> tuple[Books, list[Difference]]:
    until = time.monotonic() + within
    while True:
        lot = lot_books(stage.store)
        different = differences(lot, asyncio.run(cloud_books(stage.database_url, stage.lot_id)))
        if not different or time.monotonic() > until:
            return lot, different
        time.sleep(0.5)


@pytest.mark.timeout(OUTAGE_SECONDS * 2 + 480)
def test_after_a_minute_without_broker_a_minute_without_cloud_and_a_killed_daemon_the_books_agree(
    own_mosquitto: Mosquitto, postgres: Postgres, database_url: str, tmp_path: Path
) -> None:
    options = Options(
        lot=HOUSE / "config/lots/simulated.yaml",
        rate=20,
        stay="3s..30s",
        http_port=0,
        weights=weights(),
        mqtt=f"mqtt://parkgate:{USERS['parkgate']}@127.0.0.1:{own_mosquitto.port}",
        database=database_url,
    )
    with Stage(tmp_path, options, lambda line: None) as stage:
        cars = stage.let_cars_come()
        wait_for_passages(stage, 2)

        for outage in (own_mosquitto, stage.cloud):
            before = passages(stage)
            outage.kill()
            time.sleep(OUTAGE_SECONDS)
            assert passages(stage) > before, "the lot didn't go on working"
            assert backlog(stage) > 0, "nothing was left to catch up with"
            outage.start()
            wait_for_passages(stage, 1)

        stage.edge.kill()
        time.sleep(2)
        stage.edge.start()
        wait_for_passages(stage, 2)

        cars.stop()
        lot, different = agreement(stage)
        assert different == []
        open_stays = [stay for stay in lot.tickets.values() if stay["status"] in ("ADMITTED", "ACTIVE", "UNRESOLVED")]
        assert len({stay["vehicle_id"] for stay in open_stays}) == len(open_stays), "a vehicle is inside twice"
        paid = [payment["reference"] for payment in lot.rows["payments"].values()]
        assert len(set(paid)) == len(paid), "somebody paid twice"
        assert phantom_opens(witnessed(stage.witness)) == 0
