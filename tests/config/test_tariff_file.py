"""A lot whose tariff stands in a file of its own."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from edge.config import cli
from edge.config.load import load_lot, look_over, parse_lot
from edge.parking.tariffs.pinning import pinned
from models.documents.problems import ConfigurationError
from models.instants import from_rfc3339
from models.tariff import HourlyTariff, Terms
from models.tariff.spoken import MOST_LINES, spoken
from tests.config.lots import RIGHT, altered, told

BY_THE_HOUR = "{currency: EUR, hourly_rate: 2.50, daily_maximum: 18.00}"
GARAGE = """\
tariff: City garage
version: 2026-11
currency: EUR
timezone: Europe/Berlin
rates:
  - {name: Day, from: "08:00", to: "20:00", price: 2.00, per: 1 h}
  - {name: Night, from: "20:00", to: "08:00", price: 1.00, per: 1 h, cap: 4.00}
caps:
  - {amount: 18.00, per: day}
"""

TARIFFS = Path(__file__).parents[2] / "config/tariffs"
EXAMPLES = [file for file in sorted(TARIFFS.glob("*.yaml")) if "\nrates:" in file.read_text()]


def lot_with(folder: Path, tariff: str | None = GARAGE, **changes: str) -> Path:
    """A lot's file that names tariffs/garage.yaml, and that file."""
    file = folder / "lot.yaml"
    file.write_text(altered((BY_THE_HOUR, "{file: tariffs/garage.yaml}"), *changes.items()))
    if tariff is not None:
        (folder / "tariffs").mkdir()
        (folder / "tariffs/garage.yaml").write_text(tariff)
    return file


def wrong(file: Path) -> list[str]:
    """Each problem as `file:line:column message`, by the way from the lot's folder."""
    with pytest.raises(ConfigurationError) as refused:
        load_lot(file)
    return [f"{problem.place} {problem.message}".replace(f"{file.parent}/", "") for problem in refused.value.problems]


def test_a_lot_takes_its_tariff_from_the_file_that_stands_beside_it(tmp_path: Path):
    lot = load_lot(lot_with(tmp_path))
    tariff = lot.tariff.tariff()
    assert isinstance(tariff, Terms)
    assert [rate.name for rate in tariff.rates] == ["Day", "Night"]
    assert lot.declared().currency == "EUR"


def test_a_lot_by_the_hour_is_what_it_was(tmp_path: Path):
    file = tmp_path / "lot.yaml"
    file.write_text(RIGHT)
    assert load_lot(file).tariff.tariff() == HourlyTariff(currency="EUR", hourly_rate=250, daily_maximum=1800)  # type: ignore[arg-type]


def test_the_text_of_a_lot_alone_reads_no_other_file():
    lot = parse_lot(altered((BY_THE_HOUR, "{file: tariffs/garage.yaml}")), "lot.yaml")
    with pytest.raises(ValueError, match=r"tariffs/garage\.yaml hasn't been read"):
        lot.tariff.tariff()


@pytest.mark.parametrize(
    ("section", "said"),
    [
        (
            "{file: a.yaml, currency: EUR, hourly_rate: 2.50}",
            "5:16 tariff.file: either `file` is expected, or currency and hourly_rate: "
            "the tariff's file says all of it",
        ),
        (
            "{}",
            "5:9 tariff: `file` is expected, with the tariff's own file, or currency, hourly_rate, daily_maximum",
        ),
        (
            "{currency: EUR, hourly_rate: 2.50}",
            '5:1 tariff.daily_maximum: the key "daily_maximum" is missing here, or has no value',
        ),
        ("{fil: a.yaml}", '5:10 tariff.fil: unknown key; did you mean "file"?'),
        ("{file: [a.yaml]}", "5:16 tariff.file: the name of a file or folder is expected"),
    ],
)
def test_a_tariff_is_said_in_one_way_and_wholly(section: str, said: str):
    assert told(altered((BY_THE_HOUR, section))) == [said]


def test_the_problems_of_both_files_are_told_in_one_go_each_at_its_own_place(tmp_path: Path):
    broken = GARAGE.replace("cap: 4.00", "cap: four").replace("amount: 18.00", "amunt: 18.00")
    file = lot_with(tmp_path, broken, **{"floor: 0": "floor: ground"})
    assert wrong(file) == [
        "lot.yaml:8:12 a whole number is expected",
        "tariffs/garage.yaml:7:75 an amount of money is expected, such as 2.50, without a currency",
        'tariffs/garage.yaml:9:6 unknown key; did you mean "amount"?',
    ]


def test_a_gap_in_the_week_is_told_in_the_tariffs_file(tmp_path: Path):
    file = lot_with(tmp_path, GARAGE.replace('to: "08:00"', 'to: "06:00"'))
    (said,) = wrong(file)
    assert said.startswith("tariffs/garage.yaml:6:")
    assert "no rate holds on mon from 06:00 to 08:00" in said


def test_the_tariffs_clock_is_the_lots(tmp_path: Path):
    file = lot_with(tmp_path, GARAGE.replace("Europe/Berlin", "Europe/London"))
    assert wrong(file) == [
        "tariffs/garage.yaml:4:11 Europe/Berlin is expected, the lot's own time zone: `lot: timezone` in lot.yaml"
    ]


def test_a_file_that_is_missing_a_folder_or_not_text_is_told_as_such(tmp_path: Path):
    file = lot_with(tmp_path, None)
    assert wrong(file) == ["lot.yaml:5:16 tariffs/garage.yaml: there is no such file"]
    (tmp_path / "tariffs/garage.yaml").mkdir(parents=True)
    assert wrong(file) == ["lot.yaml:5:16 tariffs/garage.yaml: this is a folder; a file is expected"]
    (tmp_path / "tariffs/garage.yaml").rmdir()
    (tmp_path / "tariffs/garage.yaml").write_bytes(b"tariff: Garage\nversion: \xe9t\xe9\n")
    assert wrong(file) == ["tariffs/garage.yaml:2:10 byte 0xe9 isn't UTF-8: save the file as UTF-8 text"]
    (tmp_path / "tariffs/garage.yaml").write_text("")
    assert wrong(file) == [
        "tariffs/garage.yaml the file is empty; a tariff is expected: currency, timezone, rates",
    ]


def test_a_way_from_the_root_is_taken_as_it_is(tmp_path: Path):
    elsewhere = tmp_path / "elsewhere.yaml"
    elsewhere.write_text(GARAGE)
    file = tmp_path / "lot.yaml"
    file.write_text(altered((BY_THE_HOUR, f"{{file: {elsewhere}}}")))
    assert isinstance(load_lot(file).tariff.tariff(), Terms)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda file: file.stem)
def test_a_lot_can_take_each_of_the_examples_and_print_it_on_paper(example: Path, tmp_path: Path):
    """A ticket has room for twelve lines of prices, however they wrap, and the fact that bears it stays small."""
    tariff = re.sub(r"(?m)^timezone: .*$", "timezone: Europe/Berlin", example.read_text())
    lot = load_lot(lot_with(tmp_path, tariff))
    on_ticket = pinned(lot.tariff.tariff(), from_rfc3339("2026-11-27T12:00:00Z"), dated=True)
    assert 0 < len(spoken(on_ticket)) <= MOST_LINES
    assert sum(len(textwrap.wrap(line, 32)) for line in spoken(on_ticket)) < 40
    assert len(on_ticket.model_dump_json()) < 2_000


@pytest.fixture
def app() -> typer.Typer:
    app = typer.Typer()
    app.command()(cli.check)
    app.command()(cli.init)
    return app


def test_check_shows_the_prices_one_below_the_other(app: typer.Typer, tmp_path: Path):
    result = CliRunner().invoke(app, ["check", str(lot_with(tmp_path))])
    assert result.exit_code == 0
    said = result.stdout.splitlines()
    first = next(index for index, line in enumerate(said) if line.startswith("tariff "))
    column = said[first].index("City garage 2026-11  (tariffs/garage.yaml)")
    assert [line[column:].rstrip() for line in said[first + 1 : first + 4]] == [
        "Day 08:00-20:00: 2.00 EUR for each 1 h",
        "Night 20:00-08:00: 1.00 EUR for each 1 h, at most 4.00 EUR",
        "At most 18.00 EUR for a day",
    ]


def test_check_ends_with_2_and_the_problems_of_the_tariffs_file(app: typer.Typer, tmp_path: Path):
    file = lot_with(tmp_path, GARAGE.replace("2.00", "-2.00"))
    result = CliRunner().invoke(app, ["check", str(file)])
    assert result.exit_code == 2
    assert result.stdout == ""
    assert f"{tmp_path}/tariffs/garage.yaml:6:52" in result.stderr
    assert result.stderr.endswith("1 problem.\n")


def warned(file: Path) -> list[str]:
    _, warnings = look_over(file)
    return [f"{problem.place} {problem.message}".replace(f"{file.parent}/", "") for problem in warnings]


def test_what_this_lot_can_never_charge_is_a_warning_in_the_tariffs_file(tmp_path: Path):
    file = lot_with(
        tmp_path,
        GARAGE
        + "factors:\n  - {name: Motorcycles, vehicles: MOTORCYCLE, percent: 50 %}\n"
        + "  - {name: Badge, spots: HANDICAP, percent: 50 %}\n  - {name: Chargers, spots: EV, percent: 120 %}\n",
    )
    assert [line for line in warned(file) if line.startswith("tariffs")] == [
        "tariffs/garage.yaml:11:35 warning: this is never charged here: no entry tells MOTORCYCLE from others; give "
        "one a `classifier`, buttons, or `choose_type: true`",
        "tariffs/garage.yaml:12:26 warning: this is never charged here: the lot has no spot of the type HANDICAP",
    ]


def test_a_machine_maximum_where_nobody_hears_a_call_is_a_warning(tmp_path: Path):
    file = lot_with(tmp_path, f"{GARAGE}machine_maximum: 50.00\n")
    assert ["nobody hears of it" in line for line in warned(file) if "garage.yaml:10:18" in line] == [True]
    heard = file.with_name("heard.yaml")
    heard.write_text(file.read_text() + "link: {host: cloud.example}\n")
    assert [line for line in warned(heard) if "nobody hears" in line] == []


def test_check_says_what_is_not_charged_at_the_gate(app: typer.Typer, tmp_path: Path):
    file = lot_with(tmp_path, f"{GARAGE}charging: {{per_kwh: 0.55}}\n")
    result = CliRunner().invoke(app, ["check", str(file)])
    assert "The tariff's charging: nothing tells this lot what a vehicle has charged" in result.stdout


def test_the_example_of_init_names_the_other_way(app: typer.Typer, tmp_path: Path):
    file = tmp_path / "lot.yaml"
    CliRunner().invoke(app, ["init", str(file)])
    assert "# file: tariffs/garage.yaml" in file.read_text()


MEMBERS = (
    GARAGE
    + """\
  - {amount: 9.00, per: day, validations: members}
validations: {offers: {members: {own_rates: true}, cinema: {percent: 50}}}
"""
)
RATES_HERE = "{plate: ab 12-cde, rights: [EV]}"


@pytest.mark.parametrize(
    ("code", "tariff", "said"),
    [
        ("members", MEMBERS, None),
        ("membres", MEMBERS, 'no offer of this code with `own_rates`; did you mean "members"?'),
        ("cinema", MEMBERS, "no offer of this code with `own_rates`; there are members"),
        ("members", GARAGE, "no offer of this code with `own_rates`; there are none"),
    ],
)
def test_a_permit_names_rates_that_the_tariff_has(tmp_path: Path, code: str, tariff: str, said: str | None) -> None:
    permit = f"{{plate: ab 12-cde, rates: {code}}}"
    file = lot_with(tmp_path, tariff, **{RATES_HERE: permit})
    if said is None:
        assert load_lot(file).permits[0].rates == code
    else:
        [told_of] = wrong(file)
        assert told_of.startswith("lot.yaml:17:31 ")
        assert said in told_of


def test_a_tariff_by_the_hour_has_no_rates_for_a_permit(tmp_path: Path) -> None:
    file = tmp_path / "lot.yaml"
    file.write_text(altered((RATES_HERE, "{plate: ab 12-cde, rates: members}")))
    [told_of] = wrong(file)
    assert "a tariff by the hour has one price for everybody" in told_of


def test_of_a_lot_with_a_link_the_cloud_may_have_the_tariff_so_it_is_only_warned(tmp_path: Path) -> None:
    link = "link: {host: broker.example, username: lot, password_file: /etc/parkgate/p, cloud_keys: /etc/parkgate/k}"
    changes = {RATES_HERE: "{plate: ab 12-cde, rates: membres}", "lanes:": f"{link}\nlanes:"}
    _, warnings = look_over(lot_with(tmp_path, MEMBERS, **changes))
    [of_rates] = [warning for warning in warnings if "own_rates" in warning.message]
    assert of_rates.place.endswith("lot.yaml:17:31")
