"""Tariffs as operators all over the world print them, written in our language: each charges what it says.

Beside each tariff stand its text and how it is read (`.md`), and stays with their price, worked out by hand and by a
small program of their own before the language was known to whoever worked them out (`.json`).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from models.instants import Instant, from_rfc3339, to_datetime
from models.spots import SpotType, VehicleType
from models.tariff import Earlier, Stay, Terms, fee
from models.tariff.calendars import resolved
from models.tariff.reading import parse_tariff

HERE = Path(__file__).parent / "published"
NAMES = sorted(path.stem for path in HERE.glob("*.yaml"))


@pytest.mark.parametrize("name", NAMES)
def test_a_published_tariff_charges_what_it_says(name: str) -> None:
    file = HERE / f"{name}.yaml"
    terms = parse_tariff(file.read_text(), file.name)
    cases: list[dict[str, Any]] = json.loads((HERE / f"{name}.json").read_text())
    assert len(cases) >= 8
    charged = {_shown(case): _price(terms, case) for case in cases}
    assert charged == {_shown(case): case["expected"] for case in cases}


def _shown(case: dict[str, Any]) -> str:
    return json.dumps({key: value for key, value in case.items() if key != "expected"})


def _price(terms: Terms, case: dict[str, Any]) -> int:
    entered, leaves = _at(case["entry"]), _at(case["exit"])
    spot, charged_until = case.get("spot"), case.get("charged_until")
    stay = Stay(
        vehicle=VehicleType(case.get("vehicle", "REGULAR")),
        spot=None if spot is None else SpotType(spot),
        validations=tuple(case.get("validations", ())),
        energy=round(case.get("kwh", 0) * 1000),
        charged_until=None if charged_until is None else _at(charged_until),
        lost=bool(case.get("lost")),
        earlier=_earlier(terms, case.get("earlier", ())),
    )
    return fee(_with_holidays(terms, entered, leaves), entered, leaves, stay).total


def _earlier(terms: Terms, stays: list[dict[str, str]]) -> tuple[Earlier, ...]:
    """What was paid for the stays before: each goes on with those before it."""
    found: tuple[Earlier, ...] = ()
    for each in stays:
        entered, left = _at(each["entry"]), _at(each["exit"])
        paid = fee(_with_holidays(terms, entered, left), entered, left, Stay(earlier=found)).total
        found = (*found, Earlier(entered, left, paid))
    return found


def _with_holidays(terms: Terms, entered: Instant, leaves: Instant) -> Terms:
    return resolved(terms, range(to_datetime(entered).year - 1, to_datetime(leaves).year + 2))


def _at(text: str) -> Instant:
    return from_rfc3339(text)
