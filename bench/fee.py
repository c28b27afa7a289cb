"""How many stays a second the tariff engine prices, with every line of the bill: an airport's tariff with caps for the
hour, the day and the week.

The limit does for each stay what no pricing can do without: it looks up the local time of entry and exit, and rounds
one amount to a coin.
"""

from __future__ import annotations

import argparse
import datetime as dt
import random
import sys
import time
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

from bench.report import Measured
from models.instants import HOUR, Instant, from_datetime, to_datetime
from models.tariff import Stay, Terms, fee
from models.tariff.calendars import resolved
from models.tariff.reading import parse_tariff

_TARIFF = Path("config/tariffs/airport.yaml")
_FIRST = from_datetime(dt.datetime(2027, 1, 1, tzinfo=dt.UTC))
_YEAR = 365 * 24 * HOUR
_SHORT, _DAYS, _HOLIDAY = (0.4, 6.0), (6.0, 72.0), (72.0, 16 * 24.0)
_MIX = (_SHORT, _SHORT, _DAYS, _HOLIDAY)
"""Half of an airport's stays meet somebody, a quarter are a trip, a quarter a holiday. Lengths in hours."""
_CENT = Decimal("0.01")


def stays(count: int, seed: int) -> list[tuple[Instant, Instant]]:
    """All through a year, both changes of the clock among them."""
    draw = random.Random(seed)
    found: list[tuple[Instant, Instant]] = []
    for _ in range(count):
        entered = _FIRST + draw.randrange(_YEAR)
        found.append((Instant(entered), Instant(entered + int(draw.uniform(*draw.choice(_MIX)) * HOUR))))
    return found


def ours(tariff: Terms, asked: Sequence[tuple[Instant, Instant]]) -> float:
    """Stays priced a second."""
    stay = Stay()
    began = time.perf_counter()
    for entered, leaves in asked:
        fee(tariff, entered, leaves, stay)
    return len(asked) / (time.perf_counter() - began)


def limit(tariff: Terms, asked: Sequence[tuple[Instant, Instant]]) -> float:
    """Pairs of local times with a rounded amount, a second."""
    zone, price = ZoneInfo(tariff.timezone), Decimal("1.23456789")
    began = time.perf_counter()
    for entered, leaves in asked:
        to_datetime(entered).astimezone(zone)
        to_datetime(leaves).astimezone(zone)
        price.quantize(_CENT, ROUND_HALF_UP)
    return len(asked) / (time.perf_counter() - began)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--runs", type=int, default=7)
    asked.add_argument("--stays", type=int, default=20_000, help="in each run")
    asked.add_argument("--seed", type=int, default=1)
    options = asked.parse_args()
    tariff = resolved(parse_tariff(_TARIFF.read_text(), str(_TARIFF)), range(2026, 2030))
    figures: tuple[list[float], list[float]] = ([], [])
    for run in range(options.runs):
        print(f"run {run + 1} of {options.runs}", file=sys.stderr)
        drawn = stays(options.stays, options.seed + run)
        figures[0].append(ours(tariff, drawn))
        figures[1].append(limit(tariff, drawn))
    said = "two conversions to local time and one rounding a stay, in a bare loop"
    print(Measured("fee", "stays/s, one core", said, *figures, goal=">= 10,000/s quiet, ratio >= 0.03").line())


if __name__ == "__main__":
    main()
