"""A device at the far end of a real broker, and a notebook for faults."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from drivers.contract import DriverContext
from edge.clock import SystemClock
from models.faults import Fault
from simulator.servers import Mosquitto
from tests.brokers import USERS

USER = "lot"
PASSWORD = USERS[USER]


async def eventually(holds: Callable[[], bool], within: float = 10.0) -> None:
    """Fails when `holds` doesn't come true in time."""
    deadline = time.monotonic() + within
    while not holds():
        assert time.monotonic() < deadline, "this didn't come about in time"
        await asyncio.sleep(0.01)


@dataclass
class Device:
    """The far end: hears everything below gate/, says what it is told to."""

    client: paho.Client
    heard: list[tuple[str, str]] = field(default_factory=list)
    answers: dict[str, tuple[str, str]] = field(default_factory=dict)
    """What it says, and where, when one of these topics is heard."""

    def says(self, topic: str, payload: str, retain: bool = False) -> None:
        self.client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(5)

    def heard_on(self, topic: str) -> list[str]:
        return [payload for where, payload in self.heard if where == topic]


@pytest.fixture
def a_device(own_mosquitto: Mosquitto) -> Iterator[Callable[[], Device]]:
    clients: list[paho.Client] = []

    def connect() -> Device:
        client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
        client.username_pw_set(USER, PASSWORD)
        device = Device(client)
        subscribed: list[Any] = []

        def on_message(_client: Any, _data: Any, message: paho.MQTTMessage) -> None:
            device.heard.append((message.topic, message.payload.decode()))
            if message.topic in device.answers:
                client.publish(*device.answers[message.topic])

        client.on_message = on_message
        client.on_connect = lambda *_: client.subscribe("gate/#", qos=1)
        client.on_subscribe = lambda *_: subscribed.append(True)
        # Sooner back than the daemon: the device has to be there when a late vend would come.
        client.reconnect_delay_set(0.05, 0.05)  # pyright: ignore[reportArgumentType]
        client.connect("127.0.0.1", own_mosquitto.port)
        client.loop_start()
        clients.append(client)
        deadline = time.monotonic() + 5
        while not subscribed:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        return device

    yield connect
    for client in clients:
        client.disconnect()
        client.loop_stop()


@pytest.fixture
def device(a_device: Callable[[], Device]) -> Device:
    return a_device()


@dataclass
class Notebook:
    """Keeps which faults are on."""

    on: dict[str, str] = field(default_factory=dict)
    ever: list[str] = field(default_factory=list)

    def raised(self, fault: Fault, detail: str) -> None:
        self.on[fault.code] = detail
        self.ever.append(f"{fault.code} {detail}")

    def cleared(self, fault: Fault) -> None:
        self.on.pop(fault.code, None)


@pytest.fixture
def faults() -> Notebook:
    return Notebook()


@pytest.fixture
def context(faults: Notebook) -> DriverContext:
    return DriverContext("north-in.part", SystemClock(), faults)


@pytest.fixture
async def started() -> AsyncIterator[Callable[[Any], Any]]:
    """Starts a part and stops it after the test."""
    parts: list[Any] = []

    async def start(part: Any) -> Any:
        parts.append(part)
        await part.start()
        return part

    yield start
    for part in parts:
        await part.stop()


@pytest.fixture
def login(own_mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What every part behind the broker has in common."""
    monkeypatch.setenv("GATE_PASSWORD", PASSWORD)
    return {"host": "127.0.0.1", "port": own_mosquitto.port, "username": USER, "password_env": "GATE_PASSWORD"}
