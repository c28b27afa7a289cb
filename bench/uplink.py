"""A lot's backlog to the broker's PUBACK: from the edge's SQLite, in windows, over the edge's own connection.

The limit beside it: paho publishing the same facts one a message at QoS 1, as fast as it takes them.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sqlite3
import sys
import tempfile
import threading
import time
from pathlib import Path

import paho.mqtt.client as mqtt
import structlog
from paho.mqtt.enums import CallbackAPIVersion

from bench.cloud_site import BROKER, PASSWORD, USER
from bench.report import Measured
from bench.traffic import a_backlog, length
from drivers.broker import BrokerSettings
from edge.faults import FaultBoard
from edge.store import Store, journal
from edge.sync.connection import Connection
from edge.sync.windows import Label, fill_window
from models.ids import LotId
from models.wire import topics
from simulator.servers import Mosquitto

LOT = LotId("01920000-0000-7000-8000-00000000be9c")
PASSWORD_VARIABLE = "PARKGATE_BENCH_PASSWORD"
_FACTS_AT_ONCE = 400
_NUMBERS = 60_000
"""MQTT has 65,535 numbers for what isn't acknowledged yet; paho drops what finds none, without a word."""


async def ours(store: Store, broker: Mosquitto) -> float:
    """Facts a second, from the first window to the last PUBACK."""
    taken, facts = asyncio.Event(), length(store)
    connection = Connection(
        login(broker),
        f"parkgate-{LOT}",
        (topics.state(LOT), b""),
        taken.set,
        lambda topic, payload: None,
        lambda topic, payload: None,
        taken.set,
        board().reporter("link"),
    )
    connection.start([topics.up_ack(LOT, "ledger")])
    while not connection.connected:
        await taken.wait()
    begun, sent = time.perf_counter(), 0
    while sent < facts:
        last, packed = await store.read(lambda reader, after=sent: _next(reader, after))
        while not connection.publish(topics.up(LOT, "ledger"), packed, qos=1):
            taken.clear()
            await taken.wait()
        sent = last
    while not connection.all_taken:
        taken.clear()
        await taken.wait()
    rate = facts / (time.perf_counter() - begun)
    await connection.stop()
    return rate


def _next(reader: sqlite3.Connection, after: int) -> tuple[int, bytes]:
    head = journal.head_of(reader, "ledger")
    assert head is not None
    facts = journal.run(reader, head.stream_id, after, _FACTS_AT_ONCE)
    previous = journal.hash_at(reader, head.stream_id, after)
    assert previous is not None
    window, packed = fill_window(Label(LOT, "ledger", head.stream_id), previous, facts)
    return window.facts[-1].seq, packed


def one_a_message(payloads: list[bytes], port: int, topic: str) -> float:
    """Messages a second, from the first publish to the last PUBACK."""
    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
    client.username_pw_set(USER, PASSWORD)
    left, done, numbers = [len(payloads)], threading.Event(), threading.Semaphore(_NUMBERS)

    def published(*_: object) -> None:
        numbers.release()
        left[0] -= 1
        if left[0] == 0:
            done.set()

    client.on_publish = published
    client.connect("127.0.0.1", port)
    client.loop_start()
    begun = time.perf_counter()
    for payload in payloads:
        numbers.acquire()
        client.publish(topic, payload, qos=1)
    done.wait()
    rate = len(payloads) / (time.perf_counter() - begun)
    client.disconnect()
    client.loop_stop()
    return rate


def facts_of(store: Store, count: int) -> list[bytes]:
    """The first facts of the journal, each as it would travel alone."""
    found: list[bytes] = []

    def look(reader: sqlite3.Connection) -> None:
        head = journal.head_of(reader, "ledger")
        assert head is not None
        found.extend(fact.model_dump_json().encode() for fact in journal.run(reader, head.stream_id, 0, count))

    store.write_now(lambda tx: look(tx.connection))
    return found


def login(broker: Mosquitto) -> BrokerSettings:
    os.environ[PASSWORD_VARIABLE] = PASSWORD
    return BrokerSettings(host="127.0.0.1", port=broker.port, username=USER, password_env=PASSWORD_VARIABLE)


def board() -> FaultBoard:
    return FaultBoard(lambda decision: None)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--runs", type=int, default=5)
    asked.add_argument("--facts", type=int, default=100_000)
    asked.add_argument("--messages", type=int, default=30_000, help="of the limit, a run")
    options = asked.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    with tempfile.TemporaryDirectory(prefix="parkgate-bench-") as name:
        folder = Path(name)
        print(f"a backlog of {options.facts} facts is written", file=sys.stderr)
        store = a_backlog(folder / "lot.sqlite", LOT, options.facts)
        payloads = facts_of(store, min(options.messages, options.facts))
        both: list[tuple[float, float]] = []
        with Mosquitto(folder / "broker", {USER: PASSWORD}, settings=BROKER) as broker:
            for run in range(options.runs):
                both.append((asyncio.run(ours(store, broker)), one_a_message(payloads, broker.port, "bench/fact")))
                print(f"run {run + 1} of {options.runs}: {both[-1][0]:.0f} and {both[-1][1]:.0f} /s", file=sys.stderr)
        store.close()
    same = "paho QoS 1 loop publishing the same facts, one a message, to the last PUBACK"
    print(Measured("uplink", "facts/s", same, *zip(*both, strict=True), goal="ratio >= 10").line())


if __name__ == "__main__":
    main()
