"""The command `parkgate-sim prices`: its table, its files, and what it says of a wrong one."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from models.pricing import DEFAULT
from simulator.cli import app
from simulator.prices.files import price_file
from tests.models.price_policies import TARIFFS

DEFAULT_FILE, CALM_FILE = TARIFFS / "dynamic-default.yaml", TARIFFS / "dynamic-calm.yaml"


def prices(*options: str | Path) -> Result:
    return CliRunner().invoke(app, ["prices", "--spots", "40", *map(str, options)])


def test_two_policies_meet_the_same_day_beside_a_fixed_price() -> None:
    done = prices("--policy", DEFAULT_FILE, "--compare", CALM_FILE, "--json")
    assert done.exit_code == 0
    said = json.loads(done.stdout)
    assert [one["name"] for one in said["policies"]] == ["fixed price", "dynamic-default", "dynamic-calm"]
    drivers = {one["parked"] + one["too_dear"] + one["full"] for one in said["policies"]}
    assert len(drivers) == 1
    assert [one["changes_while_waiting"] for one in said["policies"]] == [0, 0, 0]
    assert all(isinstance(one["revenue"], int) and one["revenue"] > 0 for one in said["policies"])


def test_the_same_options_say_the_same() -> None:
    once, again = (prices("--policy", CALM_FILE, "--seed", "7", "--json").stdout for _ in range(2))
    assert once == again


def test_several_days_say_how_far_one_day_can_be_believed() -> None:
    said = json.loads(prices("--policy", CALM_FILE, "--days", "3", "--json").stdout)
    alone = [json.loads(prices("--policy", CALM_FILE, "--seed", str(seed), "--json").stdout) for seed in (1, 2, 3)]
    each = [day["policies"][1]["gain"]["mean"] for day in alone]
    gain = said["policies"][1]["gain"]
    assert (gain["lowest"], gain["highest"]) == (min(each), max(each))
    assert gain["mean"] == pytest.approx(sum(each) / 3, abs=1e-4)
    assert said["policies"][1]["revenue"] == alone[0]["policies"][1]["revenue"]
    assert "each of 3 days" in prices("--policy", CALM_FILE, "--days", "3").stdout


def test_the_table_says_what_a_manager_asks() -> None:
    said = prices().stdout
    for question in ("revenue", "drove on: too dear", "drove on: full", "occupancy, peak", "price changes"):
        assert question in said
    assert "default policy" in said


def test_a_picture_a_table_and_the_figures_go_into_the_folder(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    done = prices("--policy", CALM_FILE, "--out", tmp_path / "new")
    assert done.exit_code == 0
    svg, png, figures = (tmp_path / "new" / f"prices.{kind}" for kind in ("svg", "png", "json"))
    assert svg.read_text().startswith("<?xml")
    assert png.read_bytes().startswith(b"\x89PNG")
    assert json.loads(figures.read_text())["policies"][1]["name"] == "dynamic-calm"
    first = svg.read_text()
    prices("--policy", CALM_FILE, "--out", tmp_path / "new")
    assert svg.read_text() == first


def test_a_tariff_with_a_policy_is_tried_with_its_own_rates(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(
        "currency: GBP\ntimezone: Europe/London\nrates:\n  - {price: 4.10, per: 1 h}\ndynamic:\n  events: {each: 0.5}\n"
    )
    read = price_file(own)
    assert (read.tariff.timezone, read.tariff.rates[0].price) == ("Europe/London", Decimal("4.10"))
    said = json.loads(prices("--tariff", own, "--json").stdout)
    assert (said["currency"], said["policies"][1]["highest"]) == ("GBP", "1.50")


def test_the_default_policy_is_tried_where_none_is_named() -> None:
    assert price_file(DEFAULT_FILE).policy == DEFAULT
    assert json.loads(prices("--json").stdout)["policies"][1]["longest_jump"] != "0"


_RATES = "currency: EUR\ntimezone: Europe/Berlin\nrates:\n  - {price: 2.50, per: 1 h}\n"


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ("dynamic:\n  step: 0.1\n  cap: 2.95\n", ":3:8", "cap 2.95 isn't a multiple of step 0.1: 2.9 or 3.0 would be"),
        ("dynamic:\n  events: {each: -1}\n", ":2:18", "a factor is expected"),
        ("dynamic:\n  foor: 0.5\n", ":2:3", 'did you mean "floor"?'),
        ("dynamic:\n  events: {}\n", ":2:3", 'the key "each" is missing here'),
        (
            "dynamic:\n  arrival:\n    bands:\n      - {from: 9-19, times: 1}\n",
            ":4:16",
            "a time of day is expected, such as 09:00",
        ),
        (
            "dynamic:\n  arrival:\n    bands:\n      - {from: 09:00, to: 19:00, times: 1}\n      - {times: 2}\n",
            ":5:9",
            "a band says when it holds",
        ),
        ("dynamic: [\n", ":1:", "this isn't YAML"),
        ("policy: {}\n", ":1:1", "unknown key"),
        (
            "currency: EUR\ntimezone: UTC\nrates:\n  - {price: 1, per: 1 h}\n",
            ":1:1",
            "a section `dynamic:` is expected",
        ),
        ("currency: EUR\ntimezone: Europe/Berlin\ndynamic: {}\n", ":1:1", "rates"),
    ],
)
def test_a_wrong_file_is_answered_with_the_place_and_the_mend(tmp_path: Path, text: str, place: str, said: str) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(text + (_RATES if text.startswith("dynamic:\n") else ""))
    done = prices("--policy", wrong)
    assert done.exit_code == 2
    assert f"{wrong}{place}" in done.stderr
    assert said in done.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--date", "tomorrow"), "such as 2026-11-26"),
        (("--policy", "no-such.yaml"), "no-such.yaml"),
        (("--policy", str(CALM_FILE), "--tariff", str(CALM_FILE)), "either --tariff or --policy"),
    ],
)
def test_a_wrong_option_is_answered_with_what_is_expected(options: tuple[str, ...], said: str) -> None:
    done = prices(*options)
    assert (done.exit_code, said in done.stderr) == (2, True)
