"""500 lots on one broker and one ingest process: how many transactions a minute arrive within a second, and at which
rate that ends, because of what.

A transaction is a vehicle's entry or exit: three facts of its lot's chain, in a window of their own or with others.
The lots exist on paper only, all in this process; their chains are real, and so are the acknowledgements they wait for.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from bench.cloud_site import PASSWORD, USER, CloudSite
from bench.report import Measured, percentile
from cloud.collecting import collect_seldom
from cloud.db import connect
from cloud.enrolment import enrol_lot, tenant_named
from cloud.settings import CloudSettings
from models.ids import LotId
from models.instants import Instant
from simulator.fleet import PaperLot
from simulator.fleet_link import FleetLink

SEED_RATE = 10_000
"""Transactions a minute, as the seed has it"""
RATES = (20_000, 50_000, 100_000, 130_000, 160_000, 200_000, 250_000, 300_000)
BACKLOG_SECONDS = 1.0
_AT = Instant(1_795_000_000_000_000)
_WITHIN = 60.0


@dataclass(frozen=True, slots=True)
class Step:
    """What came of one rate. `late`: how far the lots themselves fell behind what should have happened, in seconds."""

    rate: int
    arrived: float
    """Transactions a minute that were acknowledged within BACKLOG_SECONDS"""
    p99: float
    late: float
    busy: Mapping[str, float]
    """Processors that each part kept busy"""

    @property
    def sustained(self) -> bool:
        return self.p99 < BACKLOG_SECONDS and self.late < BACKLOG_SECONDS / 2

    @property
    def breaks_first(self) -> str:
        if self.late >= BACKLOG_SECONDS / 2:
            return "the lots themselves: this process can't make more transactions"
        part = max(("cloud", "postgres", "broker"), key=lambda part: self.busy[part])
        all_busy = sum(self.busy.values())
        return f"{part}, {self.busy[part]:.2f} processors busy (all parts together {all_busy:.2f})"


class Fleet:
    def __init__(self, lots: Mapping[LotId, PaperLot], link: FleetLink, site: CloudSite, seed: int) -> None:
        self._lots, self._link, self._site = lots, link, site
        self._chance = random.Random(seed)
        self._all = list(lots.values())

    def opens(self) -> None:
        """Every lot tells of itself, and has begun its traffic."""
        self._write_out([lot.id for lot in self._all])
        for lot in self._all:
            lot.happens(time.monotonic())
            self._link.happened(lot.id)
        self._until_nothing_waits()

    def at(self, rate: int, seconds: float) -> Step:
        lots = self._chance.choices([lot.id for lot in self._all], k=round(rate * seconds / 60))
        self._write_out(lots)
        waited: list[float] = []
        late, done, begun, before = 0.0, 0, time.monotonic(), self._site.cpu_seconds()
        while done < len(lots):
            now = time.monotonic()
            due = min(len(lots), round((now - begun) * rate / 60))
            if due > done:
                late = max(late, now - begun - done * 60 / rate)
            for lot in lots[done:due]:
                self._lots[lot].happens(now)
                self._link.happened(lot)
            done = due
            waited += self._link.turn(now)
            time.sleep(0.001)
        taken = time.monotonic() - begun
        used = {part: (now - before[part]) / taken for part, now in self._site.cpu_seconds().items()}
        waited += self._until_nothing_waits()
        in_time = sum(wait < BACKLOG_SECONDS for wait in waited)
        return Step(rate, in_time * 60 / taken, percentile(waited, 0.99), late, used)

    def _write_out(self, lots: Sequence[LotId]) -> None:
        for lot in lots:
            self._lots[lot].write_out(1)

    def _until_nothing_waits(self) -> list[float]:
        until = time.monotonic() + _WITHIN
        waited: list[float] = []
        while any(lot.backlog for lot in self._all):
            waited += self._link.turn(time.monotonic())
            if time.monotonic() > until:
                raise TimeoutError(f"{sum(lot.backlog for lot in self._all)} facts were never acknowledged")
            time.sleep(0.001)
        return waited


async def enrolled(url: str, lots: int) -> list[LotId]:
    engine = connect.engine(CloudSettings(database_url=SecretStr(url), ingest=False))
    async with engine.begin() as connection:
        tenant = await tenant_named(connection, "default", _AT)
        ids = [LotId(await enrol_lot(connection, tenant, f"Lot {n}", _AT)) for n in range(lots)]
    await engine.dispose()
    return ids


def ramp(fleet: Fleet, rates: Sequence[int], seconds: float) -> tuple[Step | None, Step | None]:
    """The last rate that was sustained, and the first that wasn't, though it was tried twice."""
    best: Step | None = None
    for rate in rates:
        step = _said(fleet.at(rate, seconds))
        if not step.sustained and not (step := _said(fleet.at(rate, seconds))).sustained:
            return best, step
        best = step
    return best, None


def _said(step: Step) -> Step:
    busy = ", ".join(f"{part} {share:.2f}" for part, share in step.busy.items())
    print(
        f"{step.rate} a minute: p99 {step.p99 * 1000:.0f} ms, {step.arrived:.0f} within a second, lots"
        f" {step.late * 1000:.0f} ms late; busy: {busy}",
        file=sys.stderr,
        flush=True,
    )
    return step


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--lots", type=int, default=500)
    asked.add_argument("--processes", type=int, default=1, help="that take facts in")
    asked.add_argument("--seconds", type=float, default=8, help="at each rate")
    asked.add_argument("--runs", type=int, default=5, help="at the best rate, once it is found")
    asked.add_argument("--rates", type=int, nargs="+", default=RATES, help="transactions a minute, rising")
    options = asked.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="parkgate-bench-") as folder,
        CloudSite(Path(folder), options.processes) as site,
    ):
        lots = {lot: PaperLot(lot, _AT) for lot in asyncio.run(enrolled(site.database_url, options.lots))}
        site.start_clouds()
        with FleetLink(lots, site.broker.port, USER, PASSWORD) as link:
            collect_seldom()
            fleet = Fleet(lots, link, site, seed=1)
            fleet.opens()
            fleet.at(options.rates[0], options.seconds)  # as it is after the first minutes, not at the first window
            best, broken = ramp(fleet, options.rates, options.seconds)
            rate = best.rate if best is not None else options.rates[0]
            steps = [_said(fleet.at(rate, options.seconds)) for _ in range(options.runs)]
    same = "the seed's 10,000 transactions a minute; ours: those acknowledged within a second, at the best rate"
    arrived = [step.arrived for step in steps]
    measured = Measured("fleet", "transactions/min", same, arrived, [SEED_RATE] * len(steps), goal="ratio >= 10")
    print(
        json.dumps(
            {
                **json.loads(measured.line()),
                "lots": options.lots,
                "processes": options.processes,
                "sustained": 0 if best is None else best.rate,
                "breaks_at": None if broken is None else broken.rate,
                "breaks_first": None if broken is None else broken.breaks_first,
                "p99_ms": round(percentile([step.p99 for step in steps], 0.5) * 1000),
            }
        )
    )


if __name__ == "__main__":
    main()
