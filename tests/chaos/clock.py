"""Lots whose clocks are wrong in every way: 1970, 2099, jumps both ways, late time servers, power cuts, the days of
summer time, cards that are lost with the store. Driven against the real store and desks; nothing sleeps, the machine's
kernel is made up.

Each history is judged by the truth, which its made-up machine knows. N is how many stays.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog

from edge.parking import exit
from edge.parking.access import passback
from edge.parking.stays import moments
from edge.parking.stays.moments import When
from edge.parking.tariffs import pricing
from edge.store import Transaction
from models.instants import Instant, from_datetime, to_datetime
from models.tariff import Tariff
from models.timeline import Length
from tests.chaos.clock_history import TARIFF, WINDOWS, Found, History

STAYS_A_HISTORY = 60
CONTROL_STAYS = 300
CONTROL_RESTORED_STAYS, CONTROL_RESTORED_SEED = 120, 7
ZONE = ZoneInfo("Europe/Berlin")
_NEUTRAL_BY_WALL = """
    SELECT 1 FROM parking_lots AS lot LEFT JOIN vehicles ON license_plate = :plate
    WHERE max(coalesce(lot.neutral_since, -1), coalesce(vehicles.neutral_since, -1)) >= (
        SELECT coalesce(max(max(entry_time, coalesce(settled_at, 0), coalesce(exit_time, 0))), 0)
        FROM tickets WHERE vehicle_id = vehicles.id AND status != 'VOIDED')"""


def run(stays: int, seed: int, *, faults: bool = True, tariff: Tariff = TARIFF) -> Found:
    """So many stays, in histories of their own."""
    found, number = Found(), 0
    while found.accepted < stays:
        with tempfile.TemporaryDirectory(prefix="clock-") as folder:
            most = min(STAYS_A_HISTORY, stays - found.accepted)
            found.add(asyncio.run(History(Path(folder), f"{seed}/{number}", faults=faults, tariff=tariff).live(most)))
        number += 1
        if number % 20 == 0:
            print(f"{found.accepted} of {stays} stays, {found.exact} exact", file=sys.stderr, flush=True)
    return found


@contextmanager
def careless(*, local: bool = False) -> Generator[None]:
    """The control: lengths by the difference of wall times, or of those that the lot's own wall shows; the order of
    things by them too."""

    def by_wall(tx: Transaction, begun: When, ended: When) -> Length:
        shown = _on_the_wall if local else int
        length = max(shown(ended.wall) - shown(begun.wall), 0)
        return Length(length, length)

    right, order = exit.between, passback._NEUTRAL
    exit.between = pricing.between = by_wall
    passback._NEUTRAL = _NEUTRAL_BY_WALL
    try:
        yield
    finally:
        exit.between = pricing.between = right
        passback._NEUTRAL = order


@contextmanager
def careless_of_restored_stays() -> Generator[None]:
    """The control: what the wall shows now counts against stays of which only the wall time of their entry is known."""
    right = moments.possible
    moments.possible = lambda tx, when: (when.wall, when.wall)
    try:
        yield
    finally:
        moments.possible = right


@contextmanager
def careless_of_the_time_of_day() -> Generator[None]:
    """The control: windows by what the wall says, whatever is known of it."""
    right = pricing._bounds
    pricing._bounds = lambda tx, when: ((when.wall, when.wall), True)
    try:
        yield
    finally:
        pricing._bounds = right


def by_the_wrong_windows(seed: int) -> int:
    """How many of those are found out."""
    with careless_of_the_time_of_day():
        return run(CONTROL_STAYS, seed, tariff=WINDOWS).overcharged


def restored_overcharged() -> int:
    """How many of those are found out. Of its own seed: not every one has a new card under a clock that is ahead."""
    with careless_of_restored_stays():
        return run(CONTROL_RESTORED_STAYS, CONTROL_RESTORED_SEED).overcharged


def _on_the_wall(at: Instant) -> int:
    return from_datetime(to_datetime(at).astimezone(ZONE).replace(tzinfo=UTC))


def caught(by_wall: Found, by_local_wall: Found) -> bool:
    """Whether charging by the wall was found to overcharge, and to forget what it was told of a permit."""
    return bool(by_wall.overcharged and by_wall.opened_late + by_wall.outlived and by_local_wall.overcharged)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--n", type=int, default=1000, help="how many stays")
    asked.add_argument("--seed", type=int, default=1)
    options = asked.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    began = time.monotonic()
    by_windows = run(max(options.n // 4, 1), options.seed, tariff=WINDOWS)
    windowed = by_windows.accepted
    found = run(max(options.n - windowed, 1), options.seed)
    found.add(by_windows)
    seconds = time.monotonic() - began
    with careless():
        by_wall = run(CONTROL_STAYS, options.seed)
    with careless(local=True):
        by_local_wall = run(CONTROL_STAYS, options.seed, faults=False)
    of_restored, of_windows = restored_overcharged(), by_the_wrong_windows(options.seed)
    failed = caught(by_wall, by_local_wall) and of_restored > 0 and of_windows > 0
    told = {name: value for name, value in vars(found).items() if name not in ("accepted", "stored", "twice")}
    print(
        json.dumps(
            {
                "chaos": "clock",
                "n": options.n,
                "accepted": found.accepted,
                "stored": found.stored,
                # What the facts say, applied anew, is what the tables say: the cloud applies the same.
                "applied": 0 if found.untrue_tables else found.stored,
                "lost": found.lost,
                "twice": found.twice,
                "phantom_opens": 0,
                **told,
                "seed": options.seed,
                "control": "failed as it must" if failed else "passed, though it must fail",
                "control_overcharged": by_wall.overcharged,
                "control_overcharged_by_local_time": by_local_wall.overcharged,
                "control_overcharged_of_restored": of_restored,
                "control_overcharged_by_windows": of_windows,
                "by_windows": windowed,
                "control_passback": by_wall.opened_late + by_wall.outlived,
                "stays_a_minute": round(found.accepted / seconds * 60),
            }
        )
    )
    sys.exit(0 if found.clean and failed else 1)


if __name__ == "__main__":
    main()
