"""How long a decision waits for the writer while the lot forgets a month's worth of stays, beside one that it doesn't.

Both runs make the same decisions at the same pace (a vehicle let in, durably); the second one has the retention at work
the whole time, masking plates and pruning facts. Milliseconds at the 99th percentile of the decisions.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import shutil
import sys
import tempfile
import time
from pathlib import Path

import structlog

from bench.report import Measured, percentile
from edge.clock import SystemClock
from edge.parking import entry, exit
from edge.parking.places.layout import PlannedLevel, declare
from edge.parking.stays.tickets import WithoutStay
from edge.retention.keep import Keep
from edge.retention.rounds import Retention
from edge.store import Store, Transaction, journal
from edge.store.pictures import Pictures
from models.facts import LotDeclared
from models.ids import LaneName, LotId
from models.instants import HOUR, Instant, Reading
from models.money import Minor
from models.plates import Plate
from models.refusals import Refusal
from models.spots import SpotType, VehicleType
from models.tariff import HourlyTariff

_LOT = LotId("0193e1a0-0000-7000-8000-00000000be9d")
_IN, _OUT = LaneName("in"), LaneName("out")
_TARIFF = HourlyTariff(currency="EUR", hourly_rate=Minor(250), daily_maximum=Minor(1800))
_PACE_SECONDS = 0.02


class _Shifted(SystemClock):
    """Real time, so many days away from the machine's; always believed."""

    days = 0

    def read(self) -> Reading:
        now = super().read()
        return Reading(now.boot_id, now.monotonic, Instant(now.wall + self.days * 24 * HOUR), True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stays", type=int, default=5000, help="stays that are due")
    parser.add_argument("--decisions", type=int, default=300)
    parser.add_argument("--runs", type=int, default=5)
    wanted = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with tempfile.TemporaryDirectory() as folder:
        full = Path(folder) / "full.sqlite"
        _fill(full, wanted.stays)
        ours, limit, longest = [], [], 0
        for number in range(wanted.runs):
            limit.append(asyncio.run(_run(full, Path(folder) / f"still{number}", wanted.decisions, forgets=False))[0])
            waited, step = asyncio.run(_run(full, Path(folder) / f"busy{number}", wanted.decisions, forgets=True))
            ours.append(waited)
            longest = max(longest, step)
    print(f"the longest step held the writer for {longest / 1000:.2f} ms, its commit not counted", file=sys.stderr)
    what = "the same decisions with nothing to forget"
    print(Measured("retention", "ms at p99", what, ours, limit, "<= 2x").line())


def _fill(path: Path, stays: int) -> None:
    """A lot whose stays closed forty days ago and are with the cloud."""
    clock = _Shifted()
    store = Store(path, _LOT, clock, synchronous="OFF")
    spots = tuple((str(number), SpotType.REGULAR) for number in range(1000))
    declared = LotDeclared(
        name="Bench", address="", timezone="UTC", currency="EUR", total_spots=1000, lat_microdegrees=None,
        lng_microdegrees=None, lanes=(),
    )  # fmt: skip
    store.write_now(lambda tx: declare(tx, declared, (PlannedLevel(0, "Ground", spots),)))
    clock.days = -40
    for number in range(stays):
        store.write_now(lambda tx, number=number: _comes_and_goes(tx, number))
    store.write_now(_cloud_has_it)
    store.close()


def _comes_and_goes(tx: Transaction, number: int) -> None:
    admitted = _admitted(tx, f"OLD{number}")
    entry.confirm(tx, admitted.ticket, _IN)
    exit.close(tx, admitted.ticket, _OUT)


def _admitted(tx: Transaction, plate: str) -> entry.Admitted:
    admitted = entry.admit(tx, entry.Arrival(_IN, Plate(plate), 1.0, VehicleType.REGULAR), _TARIFF)
    assert not isinstance(admitted, Refusal | WithoutStay)
    return admitted


def _cloud_has_it(tx: Transaction) -> None:
    head = journal.head_of(tx.connection, "ledger")
    assert head is not None
    journal.mark_acked(tx.connection, "ledger", head.stream_id, head.seq, tx.at)


def _copied(full: Path, folder: Path) -> Path:
    folder.mkdir()
    return shutil.copy(full, folder / "lot.sqlite")


async def _run(full: Path, folder: Path, decisions: int, *, forgets: bool) -> tuple[float, int]:
    """The decisions' time at the 99th percentile in milliseconds, and the retention's longest step in microseconds."""
    clock = _Shifted()
    store = Store(_copied(full, folder), _LOT, clock)
    retention = Retention(Keep(), store, Pictures(folder / "pictures"), lambda: (), clock)
    going = asyncio.create_task(_goes_round_again(retention)) if forgets else None
    took: list[float] = []
    for number in range(decisions):
        await clock.sleep(_PACE_SECONDS)
        begun = time.perf_counter()
        await store.write(lambda tx, number=number: _admitted(tx, f"NEW{number}"))
        took.append((time.perf_counter() - begun) * 1000)
    if going is not None:
        going.cancel()
        await asyncio.gather(going, return_exceptions=True)
    store.close()
    shutil.rmtree(folder)
    return percentile(took, 0.99), retention.longest_step


async def _goes_round_again(retention: Retention) -> None:
    while True:
        await retention.round()


if __name__ == "__main__":
    main()
