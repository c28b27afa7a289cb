"""The example tariffs charge what was worked out by hand: in the engine, and through the command."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from edge.cli import app
from models.instants import HOUR, SECOND, Instant
from models.money import Minor, from_major
from models.tariff import HourlyTariff, Stay, Terms, as_tariff, fee
from models.tariff.engine.validating import UnknownValidation
from tests.tariffs.worked import HERE, TARIFFS, Case, cases, file_of, instant, names, stay_of, terms_of, times_of

ALL = [case for name in names() for case in cases(name)]
SOME = [case for name in names() for case in cases(name)[::5]]
"""One of five, of each tariff"""


def test_every_example_has_its_table_of_at_least_twelve_cases() -> None:
    assert names() == sorted(path.stem for path in (HERE / "worked").glob("*.txt"))
    assert {name: len(cases(name)) for name in names() if len(cases(name)) < 12} == {}


def test_every_table_has_both_nights_in_which_the_clocks_change() -> None:
    for name in names():
        for night in ("2027-03-14", "2027-11-07") if "downtown" in name else ("2027-03-28", "2027-10-31"):
            assert any(night in case.exit for case in cases(name)), f"{name}: no case on {night}"


@pytest.mark.parametrize("file", sorted(TARIFFS.glob("*.yaml")), ids=lambda path: path.stem)
def test_an_example_is_short_enough_to_be_read_aloud(file: Path) -> None:
    assert len(file.read_text(encoding="utf-8").splitlines()) < 80


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.name)
def test_a_stay_costs_what_was_worked_out(case: Case) -> None:
    terms = terms_of(case.tariff)
    charged = fee(terms, *times_of(case, terms), stay_of(case, terms))
    assert charged.total == from_major(case.total, terms.currency)
    assert sum(line.amount for line in charged.lines) == charged.total


@pytest.mark.parametrize("case", SOME, ids=lambda case: case.name)
def test_the_command_says_the_same(case: Case) -> None:
    result = CliRunner().invoke(app, ["fee", *case.command(), "--json"])
    assert result.exit_code == 0, result.output
    said, currency = json.loads(result.stdout), terms_of(case.tariff).currency
    assert (said["total"], said["currency"]) == (from_major(case.total, currency), currency)
    assert sum(line["amount"] for line in said["lines"]) == said["total"]


def test_the_command_as_it_is_installed_says_the_same() -> None:
    case = cases("airport")[-3]
    program = [sys.executable, "-c", "from edge.cli import app; app()", "fee", *case.command()]
    done = subprocess.run([*program, "--json"], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["total"] == from_major(case.total, "EUR")


@pytest.mark.parametrize("case", cases("hourly-stay-maximum"), ids=lambda case: case.name)
def test_the_first_dialect_charges_as_the_example_of_its_rule_does(case: Case) -> None:
    rule = HourlyTariff(currency="EUR", hourly_rate=Minor(250), daily_maximum=Minor(1800))
    assert fee(rule, *times_of(case, terms_of(case.tariff))).total == from_major(case.total, "EUR")


@pytest.mark.parametrize("name", names())
def test_an_example_as_it_is_pinned_on_a_ticket_charges_the_same(name: str) -> None:
    terms = terms_of(name)
    pinned = as_tariff(json.loads(terms.model_dump_json()))
    assert pinned == terms
    assert isinstance(pinned, Terms)
    for case in cases(name):
        stay, times = stay_of(case, terms), times_of(case, terms)
        assert fee(pinned, *times, stay) == fee(terms, *times, stay)


def test_the_airports_week_is_made_of_days_and_its_days_of_hours() -> None:
    terms = terms_of("airport")
    entered = instant("2027-06-07T17:20", terms)
    hours = [fee(terms, entered, Instant(entered + count * HOUR)).total for count in range(1, 15 * 24)]
    assert hours[:8] == [500, 1000, 1500, 2000, 2500, 3000, 3500, 3600]
    assert (hours[23], hours[24], hours[95], hours[96], hours[167], hours[168]) == (
        3600,
        4100,
        14400,
        14900,
        14900,
        15400,
    )


def test_the_taxes_of_the_downtown_garage_are_shown_apart() -> None:
    terms = terms_of("early-bird-downtown")
    charged = fee(terms, instant("2027-06-07T10:00", terms), instant("2027-06-07T13:00:01", terms))
    assert charged.taxes == (("City parking tax", 760), ("County parking tax", 371))


def test_of_a_price_with_its_tax_the_bill_says_how_much_it_is() -> None:
    """119 parts with the tax, 19 of them the tax: of 16.00 they are 2.5546."""
    terms = terms_of("municipal-tiered")
    charged = fee(terms, instant("2027-06-07T09:00", terms), instant("2027-06-07T16:00", terms))
    assert (charged.total, charged.taxes) == (1600, (("VAT", 255),))


def test_a_machine_takes_a_hundred_francs_and_no_more() -> None:
    terms = terms_of("station-lost-ticket")
    entered, fourth = instant("2027-06-07T09:00", terms), instant("2027-06-11T09:00", terms)
    exactly, more = (fee(terms, entered, Instant(fourth + after * SECOND)) for after in (0, 1))
    assert (exactly.total, exactly.needs_person) == (10000, False)
    assert (more.total, more.needs_person) == (10005, True)


def test_a_code_that_the_centre_doesnt_know_is_refused_with_what_was_meant() -> None:
    terms = terms_of("shopping-centre")
    entered = instant("2027-06-07T09:00", terms)
    with pytest.raises(UnknownValidation, match='did you mean "CINEMA"'):
        fee(terms, entered, Instant(entered + HOUR), Stay(validations=("CINEMAS",)))


def test_a_misspelt_code_ends_the_command_with_a_word_on_it() -> None:
    file = str(file_of("shopping-centre"))
    times = ["--entry", "2027-06-07T09:00", "--exit", "2027-06-07T10:00"]
    result = CliRunner().invoke(app, ["fee", "--tariff", file, *times, "--validation", "GIM"])
    assert (result.exit_code, result.output) == (2, "the tariff has no validation 'GIM'; did you mean \"GYM\"?\n")
