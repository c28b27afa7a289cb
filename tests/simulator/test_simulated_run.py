"""`parkgate-sim` as a whole, with a gatekeeper that knows nothing but its topics."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from typer.testing import CliRunner

from models.ids import LaneName
from models.tickets import Direction
from simulator.cli import PASSWORD_VARIABLE, app
from simulator.lots import lanes_written, lot_file, range_written, seconds_written
from simulator.servers import Mosquitto
from simulator.witness import phantom_opens, witnessed
from tests.brokers import USERS

HOUSE = Path(__file__).resolve().parents[2]


@contextmanager
def a_gatekeeper(mosquitto: Mosquitto, root: str) -> Iterator[None]:
    """Vends whenever an arming loop comes on."""
    client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
    client.username_pw_set("parkgate", USERS["parkgate"])
    levels: dict[str, bytes] = {}

    def heard(_client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        before, levels[message.topic] = levels.get(message.topic), bytes(message.payload)
        if message.payload == b"ON" and before != b"ON":
            lane = message.topic.removesuffix("/arming_loop")
            client.publish(f"{lane}/barrier/command", json.dumps({"vend": uuid4().hex}))

    client.on_message = heard
    client.connect("127.0.0.1", mosquitto.port)
    client.subscribe(f"{root}/+/arming_loop")
    client.loop_start()
    try:
        yield
    finally:
        client.disconnect()
        client.loop_stop()


async def parkgate_sim(*words: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "simulator.cli", *words,
        cwd=HOUSE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        env={"PATH": "/usr/bin:/bin", PASSWORD_VARIABLE: USERS["parkgate"]},
    )  # fmt: skip


def the_lot(mosquitto: Mosquitto, root: str) -> list[str]:
    lanes = "--lanes", "north-in:entry,north-out:exit", "--topics", root + "/{lane}"
    return ["run", *lanes, "--mqtt", f"127.0.0.1:{mosquitto.port}", "--mqtt-user", "parkgate", "--json-events"]


async def test_a_run_ends_by_itself_when_all_cars_have_come_and_gone(mosquitto: Mosquitto, tmp_path: Path) -> None:
    root, witness = f"sim/{uuid4().hex}", tmp_path / "witness.jsonl"
    traffic = "--vehicles", "1", "--rate", "60", "--stay", "1s..2s", "--witness", str(witness)
    with a_gatekeeper(mosquitto, root):
        run = await parkgate_sim(*the_lot(mosquitto, root), *traffic)
        told, complaints = await run.communicate()

    assert run.returncode == 0, complaints.decode()
    events = [json.loads(line) for line in told.splitlines()]
    entered = [event["plate"] for event in events if event["event"] == "entered"]
    assert len(entered) == 1
    assert sorted(event["plate"] for event in events if event["event"] == "left") == sorted(entered)
    lines = witnessed(witness)
    assert len([line for line in lines if line["event"] == "vend" and line["obeyed"] and line["car_on_loop"]]) == 2
    assert phantom_opens(lines) == 0


async def test_a_run_with_a_car_that_nobody_lets_in_fails_and_says_where(mosquitto: Mosquitto) -> None:
    root = f"sim/{uuid4().hex}"
    run = await parkgate_sim(*the_lot(mosquitto, root), "--vehicles", "1", "--rate", "60", "--patience", "1s")
    _, complaints = await run.communicate()

    assert run.returncode == 1
    assert "stuck at north-in" in complaints.decode()


async def test_an_interrupted_run_ends_in_good_order(mosquitto: Mosquitto) -> None:
    run = await parkgate_sim(*the_lot(mosquitto, f"sim/{uuid4().hex}"))
    assert run.stdout is not None
    await run.stdout.readline()
    run.send_signal(signal.SIGINT)
    _, complaints = await run.communicate()
    assert run.returncode == 0, complaints.decode()


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["run", "--mqtt", "127.0.0.1:1"], "either --lot or --lanes"),
        (["run", "--lanes", "a:entry,b:exit"], "--mqtt HOST:PORT is needed"),
        (["run", "--lanes", "a:in", "--mqtt", "127.0.0.1:1"], "isn't a lane"),
        (["run", "--lanes", "a:entry", "--mqtt", "127.0.0.1:1"], "at least one exit lane"),
        (["run", "--lanes", "a:entry,b:exit", "--mqtt", "h:1", "--stay", "9s..2s"], "shorter than"),
        (["run", "--lot", "no-such-file.yaml", "--mqtt", "127.0.0.1:1"], "No such file"),
        (["barrier", "--lane", "a", "--mqtt", "here"], "--mqtt HOST:PORT is needed"),
    ],
)
def test_a_wrong_option_is_named_in_one_line(words: list[str], complaint: str) -> None:
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 2
    assert complaint in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_the_twins_own_lot_is_found_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["twin", "--vehicles", "3", "--json"])
    assert result.exit_code == 0, result.stderr


def test_the_lanes_of_the_example_lot_can_be_simulated() -> None:
    plan = lot_file(HOUSE / "config" / "lots" / "simulated.yaml")
    assert plan.lanes == (("north-in", Direction.ENTRY), ("north-out", Direction.EXIT))
    assert plan.topics == lanes_written("north-in:entry,north-out:exit").topics
    assert plan.broker == "127.0.0.1:1883"


def test_a_lane_whose_barrier_is_no_mqtt_barrier_cannot_be_simulated(tmp_path: Path) -> None:
    lot = tmp_path / "lot.yaml"
    lot.write_text("lanes: [{name: north, direction: entry, barrier: {driver: gpio}}]")
    with pytest.raises(ValueError, match="driver: mqtt"):
        lot_file(lot)


def test_lengths_of_time_carry_units() -> None:
    assert [seconds_written(text) for text in ("90", "90s", "500 ms", "1.5 min", "1h")] == [90, 90, 0.5, 90, 3600]
    assert range_written("20s..90s") == (20, 90)
    assert LaneName("north-in") == lanes_written("north-in:entry").lanes[0][0]
