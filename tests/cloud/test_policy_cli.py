"""Permits, tariffs and the policy at the prompt."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cloud.cli import app
from cloud.settings import CloudSettings

WRONG_RIGHT = ("--plate", "AB1", "--right", "VIP")


@dataclass(frozen=True)
class Typed:
    returncode: int
    stdout: str
    stderr: str


def typed(url: str, *words: str, **variables: str) -> Typed:
    """In this process: a command a test would cost more in Python's start than in all that it does."""
    done = CliRunner().invoke(app, words, env={"PARKGATE_DATABASE_URL": url, **variables})
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return Typed(done.exit_code, done.stdout, done.stderr)


@pytest.fixture
def url(settings: CloudSettings) -> str:
    address = settings.database_url.get_secret_value()
    assert typed(address, "lots", "add", "--name", "North").returncode == 0
    return address


def add(url: str, *words: str) -> dict[str, object]:
    done = typed(url, "permits", "add", "--lot", "North", "--reason", "staff", "--by", "ann", *words, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_permit_is_granted_listed_and_revoked(url: str) -> None:
    first = add(url, "--plate", "ab 12-cde", "--plate", "X1", "--card", "17-04711", "--right", "EV")
    bounds = ("--from", "2026-12-01T00:00:00+01:00", "--until", "2027-01-01T00:00:00Z")
    second = add(url, "--plate", "Y2", *bounds)
    assert (first["revision"], second["revision"]) == (1, 2)
    [one, two] = json.loads(typed(url, "permits", "list", "--lot", "North", "--json").stdout)
    assert (one["plates"], one["cards"], one["rights"]) == (["AB12CDE", "X1"], ["17-04711"], ["EV"])
    assert (one["issued_by"], one["reason"], one["at_the_lot"]) == ("ann", "staff", False)
    assert (two["valid_from"], two["valid_until"]) == ("2026-11-30T23:00:00Z", "2027-01-01T00:00:00Z")
    assert str(first["permit"]) in typed(url, "permits", "list", "--lot", "North").stdout
    revoke = ("permits", "revoke", str(first["permit"]), "--lot", "North", "--reason", "left us")
    assert typed(url, *revoke).stdout == "3\n"
    again = typed(url, *revoke)
    assert again.returncode == 1
    assert "doesn't stand at this lot" in again.stderr
    assert [
        each["permit"] for each in json.loads(typed(url, "permits", "list", "--lot", "North", "--json").stdout)
    ] == [second["permit"]]


def test_a_tariff_is_set_listed_and_withdrawn(url: str) -> None:
    common = ("tariffs", "set", "--lot", "North", "--name", "2027", "--currency", "EUR", "--reason", "new year")
    done = typed(url, *common, "--hourly-rate", "2.50", "--daily-maximum", "18", "--json")
    tariff = json.loads(done.stdout)["tariff"]
    [listed] = json.loads(typed(url, "tariffs", "list", "--lot", "North", "--json").stdout)
    assert listed["terms"] == {"hourly_rate": 250, "daily_maximum": 1800}
    assert "2.50 EUR an hour, 18.00 EUR at most" in typed(url, "tariffs", "list", "--lot", "North").stdout
    below = typed(url, *common, "--hourly-rate", "-2.50", "--daily-maximum", "18")
    assert (below.returncode, below.stderr) == (2, "--hourly-rate: a price is 0 or more, not -2.50.\n")
    wrong = typed(url, *common, "--hourly-rate", "2.50", "--daily-maximum", "1")
    assert "http" not in wrong.stderr
    assert wrong.returncode == 1
    assert "Nothing was changed" in wrong.stderr
    assert "Traceback" not in wrong.stderr
    assert typed(url, *common).returncode == 2
    assert typed(url, *common, "--hourly-rate", "two", "--daily-maximum", "1").returncode == 2
    assert typed(url, "tariffs", "withdraw", tariff, "--lot", "North", "--reason", "no").returncode == 0
    assert json.loads(typed(url, "tariffs", "list", "--lot", "North", "--json").stdout) == []


def test_a_lot_is_found_by_name_or_id_and_never_guessed(url: str) -> None:
    missing = typed(url, "permits", "list", "--lot", "South")
    assert missing.returncode == 1
    assert "There is no lot 'South'" in missing.stderr
    twin = typed(url, "lots", "add", "--name", "North").stdout.strip()
    both = typed(url, "permits", "list", "--lot", "North")
    assert both.returncode == 1
    assert "2 lots are called 'North': give the id" in both.stderr
    assert typed(url, "permits", "list", "--lot", twin, "--json").stdout.strip() == "[]"


@pytest.mark.parametrize(
    "words", [("--plate", "!"), ("--plate", "AB1", "--until", "tomorrow"), ("--plate", "AB1", "--right", "VIP")]
)
def test_what_cannot_be_meant_is_said_and_nothing_is_issued(url: str, words: tuple[str, ...]) -> None:
    done = typed(url, "permits", "add", "--lot", "North", "--reason", "staff", *words)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert json.loads(typed(url, "policy", "--json").stdout) == []


def test_a_permit_that_would_let_nobody_in_is_refused(url: str) -> None:
    words = ("permits", "add", "--lot", "North", "--reason", "staff", "--plate", "AB1", "--until")
    done = typed(url, *words, "2020-01-01T00:00:00Z")
    assert (done.returncode, "is past" in done.stderr) == (1, True)
    assert typed(url, "permits", "list", "--lot", "North").stdout == "No permit stands there.\n"


LOT_COMMANDS = [
    ("lots", "differences", "{}"),
    ("parked", "list", "--lot", "{}"),
    ("cases", "list", "--lot", "{}"),
    ("permits", "list", "--lot", "{}"),
    ("accounts", "list", "--lot", "{}"),
    ("barred", "list", "--lot", "{}"),
    ("tariffs", "list", "--lot", "{}"),
]


@pytest.mark.parametrize("words", LOT_COMMANDS, ids=" ".join)
def test_every_command_takes_a_lots_name_and_says_in_words_that_there_is_nothing(
    url: str, words: tuple[str, ...]
) -> None:
    found = typed(url, *(word.format("North") for word in words))
    assert found.returncode == 0, found.stderr
    assert found.stdout.startswith(("No", "There is no"))
    missing = typed(url, *(word.format("nope") for word in words))
    said = "There is no lot 'nope'. `parkgate-cloud lots` lists them.\n"
    assert (missing.returncode, missing.stdout, missing.stderr) == (1, "", said)


@pytest.mark.parametrize("words", [("lanes", "open", "nope", "in", "--reason", "x"), ("lots", "revoke", "nope")])
def test_so_do_those_that_change_something(url: str, words: tuple[str, ...], tmp_path: Path) -> None:
    more = ("--folder", str(tmp_path)) if words[1] == "revoke" else ()
    assert "There is no lot 'nope'" in typed(url, *words, *more).stderr


def test_the_policy_shows_a_lot_that_has_not_been_heard(url: str) -> None:
    add(url, "--plate", "AB1")
    [shown] = json.loads(typed(url, "policy", "--json").stdout)
    assert (shown["state"], shown["revision"], shown["acked"]) == ("not heard yet", 1, 0)
    assert "not heard yet" in typed(url, "policy").stdout
    settled = typed(url, "policy", "overrule", "--lot", "North", "--reason", "restored")
    assert settled.returncode == 1
    assert "nothing to settle" in settled.stderr
