"""A tariff that can't be charged is told at its place in the file, once, with what to write instead."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest
from typer.testing import CliRunner

from edge.cli import app
from models.documents.problems import ConfigurationError
from models.tariff.reading import parse_tariff

FILES = Path(__file__).resolve().parent / "broken"


class Told(NamedTuple):
    """Where, and what the message has to name of the mend."""

    place: str
    mend: str


TOLD = {
    "cap-below-a-tier": Told("11:13", 'at least 15.00 is expected: so much "Parking" charges at once'),
    "cap-that-stands-alone": Told("10:3", 'unknown key; did you mean "per"?'),
    "currency-as-a-sign": Told("2:11", "three capital letters as in ISO 4217 are expected, such as EUR"),
    "day-maximum-without-a-cap": Told("9:11", "that holds for all: add one, or say an amount"),
    "decimal-comma": Told("6:12", "such as 2.50: with a point, not with a comma"),
    "gap-in-the-day": Told("5:3", "no rate holds on mon from 20:00 to 22:00: add one for that time"),
    "gap-in-the-week": Told("5:3", "no rate holds on sat from 00:00 to 24:00: add one for that time"),
    "holidays-without-a-calendar": Told("10:11", "add `holidays: {country: DE}`, or a list of dates"),
    "ladder-out-of-order": Told(
        "8:17", "more than 2 h is expected: the step before ends there; shorter steps come first"
    ),
    "ladder-that-ends": Told("8:17", "a longer stay than 4 h has no price: leave `up_to` out of the last step"),
    "length-without-a-unit": Told("7:10", 'such as "30 min", "1 h" or "1 h 30 min": with its unit'),
    "minute-that-no-clock-shows": Told("11:11", 'a time of day is expected, such as "08:00"'),
    "misspelt-key": Told("6:5", 'unknown key; did you mean "price"?'),
    "negative-amount": Told("6:12", "it can't be negative: what is taken off stands under `validations`"),
    "overlapping-windows": Told("11:11", '"Day" holds on mon at 19:00 too: one has to end where the other begins'),
    "part-of-a-cent": Told("9:13", "at most 2 decimal places are expected: EUR has no smaller coin"),
    "price-missing": Told("5:5", "either `price` or `tiers` is expected"),
    "special-that-nobody-can-have": Told("13:15", "who comes at 05:00 and leaves by 14:00 has been there for 9 h"),
    "step-never-reached": Told("8:9", "the one before has no end; give that an `up_to`, or leave this one out"),
    "tax-in-words": Told("8:6", 'a percentage is expected, such as "19 %"'),
    "two-names-alike": Told("10:11", "rates[0] has this name too: each needs one of its own"),
    "unknown-country": Told("5:12", "in two letters, such as DE, AT or GB"),
    "unknown-rate-in-a-cap": Told("17:12", 'there is no rate "Dya"; did you mean "Day"?'),
    "unknown-region": Told("6:11", 'did you mean "NW"?'),
    "unknown-zone": Told("3:11", 'did you mean "Europe/Berlin"?'),
    "week-cheaper-than-a-day": Told("11:13", "at least 20.00 is expected: so much a day costs at most already"),
    "weekday-misspelt": Told("6:11", 'did you mean "fri"?'),
}


def test_every_broken_tariff_has_its_place_and_its_mend() -> None:
    assert sorted(TOLD) == sorted(path.stem for path in FILES.glob("*.yaml"))


@pytest.mark.parametrize("name", sorted(TOLD))
def test_what_is_wrong_is_told_at_its_place_and_nothing_else(name: str) -> None:
    file = f"{name}.yaml"
    with pytest.raises(ConfigurationError) as refused:
        parse_tariff((FILES / file).read_text(encoding="utf-8"), file)
    (problem,) = refused.value.problems
    assert problem.place == f"{file}:{TOLD[name].place}"
    assert TOLD[name].mend in problem.message


@pytest.mark.parametrize("name", ["gap-in-the-week", "misspelt-key", "unknown-zone"])
def test_the_command_shows_the_place_and_charges_nothing(name: str) -> None:
    file = FILES / f"{name}.yaml"
    times = ["--entry", "2027-06-07T09:00", "--exit", "2027-06-07T10:00"]
    result = CliRunner().invoke(app, ["fee", "--tariff", str(file), *times, "--json"])
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"{file}:{TOLD[name].place}" in result.stderr.replace("\n", "")
