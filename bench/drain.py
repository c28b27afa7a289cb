"""A lot's backlog all the way: edge SQLite -> CloudLink -> Mosquitto -> ingest -> applied in PostgreSQL -> marked sent.

The limit beside it: a Mosquitto bridge that drains as many QoS 1 messages, one fact each, from its queue to another
Mosquitto, where nothing is applied.
"""

from __future__ import annotations

import argparse
import asyncio
import queue
import shutil
import sys
import tempfile
import time
from pathlib import Path

import paho.mqtt.client as mqtt
import structlog
from paho.mqtt.enums import CallbackAPIVersion

from bench.cloud_site import PASSWORD, USER, CloudSite
from bench.report import Measured
from bench.traffic import a_backlog, length
from bench.uplink import board, facts_of, login, one_a_message
from cloud.ingest.fold import TABLES
from edge.clock import SystemClock
from edge.store import Store, journal
from edge.sync.keys import TrustedKeys
from edge.sync.link import CloudLink
from models.ids import LotId
from simulator.servers import Mosquitto
from tests.edge.clouds import nobody_obeys, nothing_to_reload

_WITHIN = 300.0
_KEPT = ("streams", "facts", "lanes", "beacons", "parked_facts", "cases")
_BRIDGE = (
    "connection bench",
    "address 127.0.0.1:{port}",
    f"remote_username {USER}",
    f"remote_password {PASSWORD}",
    "topic bench/# out 1",
    "cleansession false",
    "restart_timeout 1 1",
    "bridge_protocol_version mqttv50",
)
_DEEP = ("max_queued_messages 0", "max_inflight_messages 100")


async def ours(path: Path, lot: LotId, site: CloudSite) -> float:
    """Facts a second, from the link's start until the lot knows all of them applied."""
    store = Store(path, lot, SystemClock())
    faults = board().reporter("link")
    link = CloudLink(
        login(site.broker),
        lot,
        "bench",
        store,
        lambda: (),
        nobody_obeys,
        TrustedKeys(site.cloud_keys, faults),
        SystemClock(),
        faults,
        nothing_to_reload,
    )
    facts, begun = length(store), time.perf_counter()
    running = asyncio.create_task(link.run())
    while (backlog := await store.read(_backlog)) and time.perf_counter() - begun < _WITHIN:
        await asyncio.sleep(0.02)
    taken = time.perf_counter() - begun
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    store.close()
    if backlog:
        raise TimeoutError(f"{backlog} of {facts} facts were still waiting after {_WITHIN:.0f} s")
    applied = int(site.postgres.run_sql("SELECT count(*) FROM facts", "parkgate"))
    parked = int(site.postgres.run_sql("SELECT count(*) FROM parked_facts", "parkgate"))
    assert (applied, parked) == (facts, 0)
    return facts / taken


def _backlog(connection: object) -> int:
    head = journal.head_of(connection, "ledger")  # type: ignore[arg-type]
    assert head is not None
    return head.backlog


def as_new(site: CloudSite) -> None:
    """The cloud has heard nothing of the lot yet."""
    for cloud in site.clouds:
        cloud.stop()
    tables = ", ".join((*(table for table in TABLES if table != "parking_lots"), *_KEPT))
    site.postgres.run_sql(f"TRUNCATE {tables} CASCADE", "parkgate")
    for cloud in site.clouds:
        cloud.start()


def limit(folder: Path, payloads: list[bytes]) -> float:
    """Messages a second from broker to broker, from the first that arrives to the last."""
    far = Mosquitto(folder / "far", {USER: PASSWORD}, settings=_DEEP)
    bridge = [line.format(port=far.port) for line in _BRIDGE]
    with Mosquitto(folder / "near", {USER: PASSWORD}, settings=[*_DEEP, *bridge]) as near:
        one_a_message(payloads[:1], near.port, "bench/first")
        one_a_message(payloads[1:-1], near.port, "bench/fact")
        one_a_message(payloads[-1:], near.port, "bench/last")
        with far:
            arrived: queue.Queue[tuple[str, float]] = queue.Queue()
            ends = _ends_at(far.port, arrived)
            at = dict([arrived.get(timeout=_WITHIN), arrived.get(timeout=_WITHIN)])
            ends.disconnect()
            ends.loop_stop()
    return len(payloads) / (at["bench/last"] - at["bench/first"])


def _ends_at(port: int, arrived: queue.Queue[tuple[str, float]]) -> mqtt.Client:
    """Hears the first and the last message only, so that it is no part of the work."""
    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
    client.username_pw_set(USER, PASSWORD)
    client.on_message = lambda _client, _data, message: arrived.put((message.topic, time.perf_counter()))
    client.connect("127.0.0.1", port)
    client.subscribe([("bench/first", 1), ("bench/last", 1)])
    client.loop_start()
    return client


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--runs", type=int, default=5)
    asked.add_argument("--facts", type=int, default=100_000)
    options = asked.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    with tempfile.TemporaryDirectory(prefix="parkgate-bench-") as name, CloudSite(Path(name)) as site:
        folder, lot = Path(name), site.enrol("Bench")
        site.start_clouds()
        print(f"a backlog of {options.facts} facts is written", file=sys.stderr)
        store = a_backlog(folder / "lot.sqlite", lot, options.facts)
        payloads = facts_of(store, options.facts)
        store.close()
        both: list[tuple[float, float]] = []
        for run in range(options.runs):
            as_new(site)
            shutil.copy(folder / "lot.sqlite", folder / "run.sqlite")
            applied = asyncio.run(ours(folder / "run.sqlite", lot, site))
            for leftover in folder.glob("run.sqlite*"):
                leftover.unlink()
            both.append((applied, limit(folder / f"bridge-{run}", payloads)))
            print(f"run {run + 1} of {options.runs}: {both[-1][0]:.0f} and {both[-1][1]:.0f} /s", file=sys.stderr)
    same = "Mosquitto bridge draining as many QoS 1 messages of one fact each, broker to broker, nothing applied"
    goal = "ratio >= 1, and >= 20x the 480-1,500 events/s of thingsboard-gateway"
    print(Measured("drain", "facts/s", same, *zip(*both, strict=True), goal=goal).line())


if __name__ == "__main__":
    main()
