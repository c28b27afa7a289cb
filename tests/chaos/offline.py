"""A lot that was off line for a month comes back: all of it arrives, the present is shown meanwhile, memory stays flat.

`n` counts vehicles, 2,000 a day. The lot is a real process with the real store and link; its month passes as fast as
the disk takes it, and then the broker comes up, a real one, with the real cloud and PostgreSQL behind it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import tempfile
from asyncio.subprocess import PIPE, Process, create_subprocess_exec
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg

from cloud.clock import SystemClock
from models.instants import SECOND
from simulator.demo.parts import Cloud
from simulator.servers import Mosquitto, Postgres, free_port
from tests.chaos.mqtt_proxy import Proxy
from tests.chaos.network import enrolled
from tests.chaos.offline_edge import A_DAY
from tests.cloud.conftest import settings_for
from tests.keys import public_file, signing_key_file

_USER, _PASSWORD = "parkgate", "chaos"
OLDEST_BEACON = 5.0
MOST_GROWTH = 48 * 1024
"""KiB of memory that the lot may gain over its time off line and the drain: caches fill, and then no more."""
CONTROL_VEHICLES = 400
_PATIENCE = 900.0


@dataclass
class Watch:
    """What the lot said of itself, and what the operators' side showed."""

    rss: list[int] = field(default_factory=list[int])
    settled_rss: int = 0
    drained_after: float | None = None
    oldest_beacon: float = 0.0
    first_beacon: float | None = None
    end: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Outcome:
    """`accepted`: vehicles that this test let in; `stored`, `applied`: tickets on record. `oldest_beacon`: seconds, the
    worst moment from the first beacon to the end of the drain; `grown`: KiB of memory."""

    accepted: int
    stored: int
    applied: int
    same_hash: bool
    digest: str
    oldest_beacon: float
    first_beacon: float
    drained_in: float
    grown: int

    @property
    def clean(self) -> bool:
        arrived = self.accepted == self.stored == self.applied and self.same_hash and self.digest == "equal"
        return arrived and self.oldest_beacon <= OLDEST_BEACON and self.grown <= MOST_GROWTH


def run(vehicles: int, *, slow: float = 0.0, behind: bool = False) -> Outcome:
    """`slow`: seconds that each acknowledgement is held back, so that a small backlog drains for long, too. With
    `behind` the safeguard is off: the beacon waits for the backlog."""
    with tempfile.TemporaryDirectory(prefix="parkgate-chaos-") as name, Postgres() as postgres:
        folder = Path(name)
        with Mosquitto(folder / "mosquitto", {_USER: _PASSWORD}) as broker:
            broker.stop()  # off line
            url = postgres.create_database("parkgate")
            return asyncio.run(_run(folder, broker, url, vehicles, slow, behind=behind))


async def _run(folder: Path, broker: Mosquitto, url: str, vehicles: int, slow: float, *, behind: bool) -> Outcome:
    lot = await enrolled(settings_for(url))
    (folder / "password").write_text(_PASSWORD + "\n")
    public_file(folder)
    environment = {
        "PARKGATE_DATABASE_URL": url,
        "PARKGATE_SIGNING_KEY_FILE": str(signing_key_file()),
        "PARKGATE_MQTT_PORT": str(broker.port),
        "PARKGATE_MQTT_USERNAME": _USER,
        "PARKGATE_MQTT_PASSWORD": _PASSWORD,
        "PARKGATE_CONSOLE": "false",
    }
    async with Proxy(broker.port, random.Random(1), slow=slow).open() as proxy:
        edge = await _edge(folder, lot, proxy.port, vehicles, behind=behind)
        try:
            watch = Watch()
            await _time_off_line(edge, watch)
            await asyncio.to_thread(broker.start)
            with Cloud(free_port(), folder / "cloud.log", environment):
                return await _drain(edge, watch, url)
        finally:
            if edge.returncode is None:
                edge.kill()
            await edge.wait()


async def _edge(folder: Path, lot: str, port: int, vehicles: int, *, behind: bool) -> Process:
    words = ["-m", "tests.chaos.offline_edge", str(folder), lot, str(port), str(vehicles)]
    with (folder / "edge.log").open("wb") as log:
        return await create_subprocess_exec(
            sys.executable, *words, *(["--behind"] if behind else []), stdin=PIPE, stdout=PIPE, stderr=log
        )


async def _heard(edge: Process) -> dict[str, Any]:
    """The lot's next word; the logs that go to the same place are passed over."""
    assert edge.stdout is not None
    while True:
        line = await edge.stdout.readline()
        if not line:
            raise RuntimeError("the lot's process has ended")
        with suppress(ValueError):
            return json.loads(line)


async def _time_off_line(edge: Process, watch: Watch) -> None:
    while True:
        said = await _heard(edge)
        print(f"{said['during']}: {said['done']} vehicles, {said['rss'] // 1024} MiB", file=sys.stderr)
        watch.rss.append(said["rss"])
        if said["during"] == "over":
            watch.settled_rss = watch.rss[min(2, len(watch.rss) - 1)]
            return


async def _drain(edge: Process, watch: Watch, url: str) -> Outcome:
    database = await asyncpg.connect(url)
    looking = asyncio.create_task(_look_at_beacon(url, watch))
    clock = SystemClock()
    begun = clock.monotonic()
    try:
        while watch.drained_after is None:
            said = await _heard(edge)
            watch.rss.append(said["rss"])
            elapsed = (clock.monotonic() - begun) / SECOND
            if said["backlog"] < 100:  # what has happened this very moment isn't a backlog
                watch.drained_after = elapsed
            if elapsed > _PATIENCE:
                raise TimeoutError(f"{said['backlog']} facts are left after {elapsed:.0f} s")
        looking.cancel()
        return await _end(edge, watch, database)
    finally:
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
        await database.close()


async def _look_at_beacon(url: str, watch: Watch) -> None:
    """As the operators' page does: how long ago the lot said what it shows. Counted from its first beacon; the control
    hasn't any, so its age is the time since it came back."""
    database, clock = await asyncpg.connect(url), SystemClock()
    begun: int | None = None
    try:
        while True:
            row = await database.fetchrow(
                "SELECT (SELECT max(applied_at) FROM streams) AS applied,"
                " (SELECT received_at FROM beacons WHERE online) AS seen"
            )
            now = clock.read().wall
            assert row is not None
            begun = begun or (now if row["applied"] is not None or row["seen"] is not None else None)
            if begun is not None:
                watch.oldest_beacon = max(watch.oldest_beacon, (now - (row["seen"] or begun)) / SECOND)
            if watch.first_beacon is None and row["seen"] is not None:
                watch.first_beacon = (now - (begun or now)) / SECOND
            await asyncio.sleep(0.2)
    finally:
        await database.close()


async def _end(edge: Process, watch: Watch, database: asyncpg.Connection) -> Outcome:
    """The lot is told to stop; its last fact is a digest."""
    assert edge.stdin is not None
    edge.stdin.write(b"stop\n")
    while watch.end.get("during") != "end":
        watch.end = await _heard(edge)
    clock = SystemClock()
    until = clock.monotonic() + 30 * SECOND
    while clock.monotonic() < until:
        stream = await database.fetchrow("SELECT seq, hash FROM streams WHERE stream = 'ledger'")
        if stream is not None and stream["seq"] >= watch.end["seq"]:
            break
        await asyncio.sleep(0.2)
    verdict = await database.fetchrow("SELECT seq, verdict FROM digests")
    hash = await database.fetchval("SELECT hash FROM facts WHERE seq = $1", watch.end["seq"])
    applied = await database.fetchval("SELECT count(*) FROM tickets")
    stored = await database.fetchval("SELECT count(*) FROM facts WHERE type = 'ticket.opened'")
    return Outcome(
        accepted=watch.end["done"],
        stored=stored,
        applied=applied,
        same_hash=hash == watch.end["hash"],
        digest=verdict["verdict"] if verdict is not None and verdict["seq"] == watch.end["seq"] else "never arrived",
        oldest_beacon=round(watch.oldest_beacon, 2),
        first_beacon=round(watch.first_beacon or -1, 2),
        drained_in=round(watch.drained_after or -1, 1),
        grown=max(watch.rss) - watch.settled_rss,
    )


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--n", type=int, default=A_DAY, help=f"vehicles; {30 * A_DAY} are 30 days")
    asked.add_argument("--slow", type=float, default=0.0, help="seconds that each acknowledgement is held back")
    options = asked.parse_args()
    outcome = run(options.n, slow=options.slow)
    control = run(CONTROL_VEHICLES, slow=4.0, behind=True)
    failed = control.oldest_beacon > OLDEST_BEACON
    print(
        json.dumps(
            {
                "chaos": "offline",
                "n": options.n,
                "accepted": outcome.accepted,
                "stored": outcome.stored,
                "applied": outcome.applied,
                "lost": outcome.accepted - min(outcome.stored, outcome.applied),
                "twice": max(outcome.stored, outcome.applied) - outcome.accepted,
                "phantom_opens": 0,
                "seed": 1,
                "control": "failed as it must" if failed else "passed, though it must fail",
                "days": round(options.n / A_DAY, 1),
                "digest": outcome.digest,
                "oldest_beacon_seconds": outcome.oldest_beacon,
                "drained_in_seconds": outcome.drained_in,
                "memory_grown_kib": outcome.grown,
                "control_oldest_beacon_seconds": control.oldest_beacon,
            }
        )
    )
    sys.exit(0 if outcome.clean and failed else 1)


if __name__ == "__main__":
    main()
