"""The worked cases of the example tariffs: one text table each, in `worked/`, computed by hand."""

from __future__ import annotations

import argparse
import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from models.documents.text import text_of
from models.instants import Instant, from_datetime
from models.money import from_major
from models.spots import SpotType, VehicleType
from models.tariff import Earlier, Stay, Terms
from models.tariff.calendars import resolved
from models.tariff.reading import parse_tariff

HERE = Path(__file__).resolve().parent
TARIFFS = HERE.parents[1] / "config" / "tariffs"
YEARS = range(2026, 2029)
UNKNOWN = "-"
"""The entry of a lost ticket that nobody saw come"""


@dataclass(frozen=True, slots=True)
class Case:
    """One line of a table. Times as the command takes them: by the tariff's own clock, without an offset."""

    tariff: str
    entry: str
    exit: str
    total: Decimal
    options: tuple[str, ...]
    why: str

    @property
    def name(self) -> str:
        return f"{self.tariff}: {self.entry} to {self.exit} {' '.join(self.options)}: {self.why}"

    def command(self) -> list[str]:
        entry = [] if self.entry == UNKNOWN else ["--entry", self.entry]
        return ["--tariff", str(file_of(self.tariff)), *entry, "--exit", self.exit, *self.options]


def names() -> list[str]:
    """The tariffs; those that begin with `dynamic-` are there for their price policies."""
    return sorted(path.stem for path in TARIFFS.glob("*.yaml") if not path.stem.startswith("dynamic-"))


def file_of(tariff: str) -> Path:
    return TARIFFS / f"{tariff}.yaml"


@cache
def terms_of(tariff: str) -> Terms:
    """The tariff with the holidays of the years in which the cases are."""
    file = file_of(tariff)
    return resolved(parse_tariff(text_of(file.read_bytes(), str(file)), str(file)), YEARS)


def cases(tariff: str) -> list[Case]:
    lines = (HERE / "worked" / f"{tariff}.txt").read_text(encoding="utf-8").splitlines()
    return [_case(tariff, line) for line in lines if line.strip() and not line.startswith("#")]


def _case(tariff: str, line: str) -> Case:
    entry, leaves, total, options, why = (cell.strip() for cell in line.split("|"))
    assert why, f"{tariff}: no reason is said in {line!r}"
    return Case(tariff, _time(entry), _time(leaves), Decimal(total), tuple(options.split()), why)


def _time(text: str) -> str:
    """`Mon 2027-06-07 09:00`, where the weekday has to be right, as `2027-06-07T09:00`."""
    if text == UNKNOWN:
        return text
    weekday, day, clock = text.split()
    assert f"{dt.date.fromisoformat(day):%a}" == weekday, f"{day} isn't a {weekday}"
    return f"{day}T{clock}"


def instant(text: str, terms: Terms) -> Instant:
    said = dt.datetime.fromisoformat(text)
    return from_datetime(said if said.tzinfo is not None else said.replace(tzinfo=ZoneInfo(terms.timezone)))


def times_of(case: Case, terms: Terms) -> tuple[Instant, Instant]:
    leaves = instant(case.exit, terms)
    return (leaves if case.entry == UNKNOWN else instant(case.entry, terms)), leaves


def stay_of(case: Case, terms: Terms) -> Stay:
    """What the options say, as the daemon would know it."""
    said = _PARSER.parse_args(case.options)
    return Stay(
        vehicle=said.vehicle,
        spot=said.spot,
        validations=tuple(said.validation),
        energy=int(said.kwh * 1000),
        charged_until=None if said.charged_until is None else instant(said.charged_until, terms),
        lost=said.lost,
        entry_known=case.entry != UNKNOWN,
        earlier=tuple(_earlier(text, terms) for text in said.earlier),
    )


def _earlier(text: str, terms: Terms) -> Earlier:
    times, paid = text.split("=")
    entered, left = times.split("/")
    return Earlier(instant(entered, terms), instant(left, terms), from_major(Decimal(paid), terms.currency))


_PARSER = argparse.ArgumentParser()
_PARSER.add_argument("--vehicle", type=VehicleType, default=VehicleType.REGULAR)
_PARSER.add_argument("--spot", type=SpotType)
_PARSER.add_argument("--validation", action="append", default=[])
_PARSER.add_argument("--kwh", type=Decimal, default=Decimal(0))
_PARSER.add_argument("--charged-until")
_PARSER.add_argument("--lost", action="store_true")
_PARSER.add_argument("--earlier", action="append", default=[])
