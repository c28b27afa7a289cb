"""Simulated loops and barriers on a real broker."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from drivers.contract import Position
from models.ids import LaneName
from models.instants import SECOND, Monotonic, Reading
from models.spots import VehicleType
from simulator.clock import RealTime
from simulator.hardware import Broker, Devices, VendHeard, understood
from simulator.lone_arm import LoneArm
from simulator.servers import Mosquitto
from simulator.topics import LaneState, LaneTopics
from simulator.witness import Witness, obeyed_before, phantom_opens, witnessed
from tests.brokers import USERS, Talker, talker

LANE = LaneName("north-in")
NOW = Reading("boot", Monotonic(0), RealTime().read().wall, synced=True)


@pytest.fixture
def topics() -> LaneTopics:
    return LaneTopics(LANE, f"sim/{uuid4().hex}/north-in")


def at(mosquitto: Mosquitto) -> Broker:
    return Broker("127.0.0.1", mosquitto.port, "parkgate", USERS["parkgate"])


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(15):
        while not holds():
            await asyncio.sleep(0.02)


@asynccontextmanager
async def devices(broker: Broker, topics: LaneTopics) -> AsyncIterator[tuple[Devices, list[VendHeard]]]:
    heard: list[VendHeard] = []
    made = Devices(broker, [topics], RealTime(), heard.append, print)
    made.start()
    try:
        await until(lambda: made.connected)
        yield made, heard
    finally:
        await made.stop()


@asynccontextmanager
async def a_barrier(
    broker: Broker, topics: LaneTopics, witness: Path, obeyed: frozenset[str] = frozenset()
) -> AsyncIterator[LoneArm]:
    with Witness(witness) as witnessing:
        arm = LoneArm(topics, broker, witnessing, RealTime(), open_for=0.3, obeyed=obeyed)
        running = asyncio.create_task(arm.run())
        await until(lambda: arm.connected)
        try:
            yield arm
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


def heard_by(client: Talker, *topics: str) -> dict[str, str]:
    """What is said on these topics, once all of them were heard of; none of it retained."""
    heard: dict[str, str] = {}
    while not heard.keys() >= set(topics):
        message = client.hear()
        assert not message.retain
        heard[message.topic] = message.payload.decode()
    return {topic: heard[topic] for topic in topics}


def everything(topics: LaneTopics) -> tuple[str, ...]:
    return topics.vehicle_class, topics.arming_loop, topics.closing_loop, topics.position


STANDING = LaneState(Position.CLOSED, True, False, VehicleType.COMPACT)


async def test_a_change_is_said_at_once_and_never_retained(mosquitto: Mosquitto, topics: LaneTopics) -> None:
    async with devices(at(mosquitto), topics) as (made, _):
        with talker(mosquitto.port) as client:
            client.subscribe(f"{topics.root}/#")
            made.say(LANE, STANDING)
            heard = await asyncio.to_thread(heard_by, client, *everything(topics))
        with talker(mosquitto.port) as latecomer:
            latecomer.subscribe(f"{topics.root}/#")
            assert await asyncio.to_thread(latecomer.hears_nothing)
    assert heard == {
        topics.vehicle_class: "COMPACT",
        topics.arming_loop: "ON",
        topics.closing_loop: "OFF",
        topics.position: "closed",
    }


async def test_a_poll_is_answered_with_the_live_state(mosquitto: Mosquitto, topics: LaneTopics) -> None:
    async with devices(at(mosquitto), topics) as (made, _):
        made.say(LANE, STANDING)
        with talker(mosquitto.port) as client:
            client.subscribe(f"{topics.root}/+")
            client.publish(topics.poll, "")
            heard = await asyncio.to_thread(heard_by, client, topics.arming_loop)
    assert heard == {topics.arming_loop: "ON"}


async def test_after_the_broker_was_away_everything_is_said_anew(own_mosquitto: Mosquitto, topics: LaneTopics) -> None:
    async with devices(at(own_mosquitto), topics) as (made, _):
        made.say(LANE, STANDING)
        await asyncio.to_thread(own_mosquitto.kill)
        await until(lambda: not made.connected)
        made.say(LANE, LaneState(Position.CLOSED, False, False))
        await asyncio.to_thread(own_mosquitto.start)
        with talker(own_mosquitto.port) as client:
            client.subscribe(topics.arming_loop)
            await until(lambda: made.connected)
            client.publish(topics.poll, "")
            heard = await asyncio.to_thread(heard_by, client, topics.arming_loop)
    assert heard == {topics.arming_loop: "OFF"}


async def test_a_broker_that_refuses_the_login_is_named(mosquitto: Mosquitto, topics: LaneTopics) -> None:
    told: list[str] = []
    wrong = Broker("127.0.0.1", mosquitto.port, "parkgate", "not-the-password")
    made = Devices(wrong, [topics], RealTime(), lambda _vend: None, told.append)
    made.start()
    await until(lambda: bool(told))
    await made.stop()
    assert told == [f"the broker 127.0.0.1:{mosquitto.port} refuses us: Not authorized"]


async def test_an_arm_rises_once_for_one_vend(mosquitto: Mosquitto, topics: LaneTopics, tmp_path: Path) -> None:
    witness = tmp_path / "witness.jsonl"
    async with a_barrier(at(mosquitto), topics, witness) as arm:
        with talker(mosquitto.port) as client:
            for _ in range(3):
                client.publish(topics.command, json.dumps({"vend": "vend-1"}))
            await until(lambda: arm.position is Position.OPEN)
            await until(lambda: arm.position is Position.CLOSED)
            client.publish(topics.command, json.dumps({"vend": "vend-1"}))
            await until(lambda: len([line for line in witnessed(witness) if line["event"] == "vend"]) == 4)
            assert arm.position is Position.CLOSED
    lines = witnessed(witness)
    assert [line["why"] for line in lines if line["event"] == "vend"] == [None, "repeated", "repeated", "repeated"]
    positions = [line["position"] for line in lines if line["event"] == "arm"]
    assert [position for position in positions if position != "moving"] == ["open", "closed"]
    assert phantom_opens(lines) == 3


async def test_a_retained_vend_moves_no_arm(mosquitto: Mosquitto, topics: LaneTopics, tmp_path: Path) -> None:
    witness = tmp_path / "witness.jsonl"
    with talker(mosquitto.port) as client:
        client.publish(topics.command, json.dumps({"vend": "old"}), retain=True)
        async with a_barrier(at(mosquitto), topics, witness) as arm:
            client.publish(topics.command, json.dumps({"vend": "live-but-retained"}), retain=True)
            await until(lambda: len(witnessed(witness)) == 2)
            assert arm.vends == []
            assert arm.position is Position.CLOSED
    assert [line["why"] for line in witnessed(witness)] == ["retained", "retained"]


async def test_a_vend_sent_while_the_barrier_was_away_never_reaches_it(
    mosquitto: Mosquitto, topics: LaneTopics, tmp_path: Path
) -> None:
    witness = tmp_path / "witness.jsonl"
    async with a_barrier(at(mosquitto), topics, witness):
        pass
    with talker(mosquitto.port) as client:
        client.publish(topics.command, json.dumps({"vend": "missed"}))
        async with a_barrier(at(mosquitto), topics, witness) as arm:
            client.publish(topics.command, json.dumps({"vend": "fresh"}))
            await until(lambda: bool(arm.vends))
    assert [line["vend"] for line in witnessed(witness) if line["event"] == "vend"] == ["fresh"]


async def test_a_barrier_that_was_switched_off_remembers_what_it_has_obeyed(
    mosquitto: Mosquitto, topics: LaneTopics, tmp_path: Path
) -> None:
    witness = tmp_path / "witness.jsonl"
    with talker(mosquitto.port) as client:
        async with a_barrier(at(mosquitto), topics, witness) as arm:
            client.publish(topics.command, json.dumps({"vend": "vend-1"}))
            await until(lambda: bool(arm.vends))
        async with a_barrier(at(mosquitto), topics, witness, obeyed_before(witness)[LANE]) as again:
            client.publish(topics.command, json.dumps({"vend": "vend-1"}))
            await until(lambda: witnessed(witness)[-1]["event"] == "vend" and not witnessed(witness)[-1]["obeyed"])
            assert again.vends == []


@pytest.mark.parametrize(
    "said", [b"", b"open", b"[]", b'{"vend": 7}', b'{"vend": ""}', b'{"until": 1}', b"null", b"\xff"]
)
def test_what_is_no_vend_moves_nothing(said: bytes) -> None:
    assert understood(LANE, said, retained=False, at=NOW).refused == "malformed"


def test_a_vend_past_its_time_is_refused() -> None:
    late = json.dumps({"vend": "vend-1", "until": NOW.wall - SECOND}).encode()
    in_time = json.dumps({"vend": "vend-1", "until": NOW.wall + SECOND}).encode()
    assert understood(LANE, late, retained=False, at=NOW).refused == "expired"
    assert understood(LANE, in_time, retained=False, at=NOW).refused is None
