"""A lane with nothing but a camera and an arm: the camera plays a real video of a barrier, the arm is simulated."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from simulator.books import Books, cloud_books, differences, lot_books
from simulator.demo.stage import Options, Stage
from simulator.servers import Mosquitto, Postgres
from simulator.witness import witnessed
from tests.brokers import USERS

HOUSE = Path(__file__).resolve().parents[2]
VIDEO_SECONDS = 19


def plates(books: Books) -> list[str]:
    stays = sorted(books.tickets.values(), key=lambda stay: stay["entry_time"])
    return [books.rows["vehicles"][stay["vehicle_id"]]["license_plate"] for stay in stays]


@pytest.mark.timeout(240)
def test_two_vehicles_pass_the_tollgate_and_the_one_still_far_away_gets_no_ticket(
    shared: Path, mosquitto: Mosquitto, postgres: Postgres, tmp_path: Path
) -> None:
    options = Options(
        lot=HOUSE / "config/lots/tollgate-video.yaml",
        http_port=0,
        speed=1,
        weights=shared / "lpr/weights",
        mqtt=f"mqtt://parkgate:{USERS['parkgate']}@127.0.0.1:{mosquitto.port}",
        database=postgres.create_database("tollgate"),
        video=shared / "lpr/video/tollgate.mp4",
    )
    with Stage(tmp_path, options, lambda line: None) as stage:
        stage.play_the_video("tollgate")
        deadline = time.monotonic() + VIDEO_SECONDS + 40
        while time.monotonic() < deadline:
            time.sleep(1)
            lot = lot_books(stage.store)
            if [stay["status"] for stay in lot.tickets.values()] == ["ACTIVE", "ACTIVE"]:
                break
        time.sleep(VIDEO_SECONDS / 2)  # the truck comes nearer, and must still get no ticket
        lot, cloud = lot_books(stage.store), asyncio.run(cloud_books(stage.database_url, stage.lot_id))
        assert plates(lot) == ["34A36837", "34A23126"], stage.edge.tail()
        assert [stay["status"] for stay in lot.tickets.values()] == ["ACTIVE", "ACTIVE"]
        assert plates(cloud) == plates(lot)
        assert differences(lot, cloud) == []
        vends = [line for line in witnessed(stage.witness) if line["event"] == "vend"]
        assert [vend["obeyed"] for vend in vends] == [True, True]
