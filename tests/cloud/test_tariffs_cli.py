"""Tariffs at the prompt: set from a file, told in words, held against what holds today."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from cloud.db import connect
from cloud.ingest.apply import apply_window
from cloud.settings import CloudSettings
from cloud.tariffs.typical import NIGHT, arrivals
from models.ids import LotId
from models.instants import HOUR, Instant, from_rfc3339
from models.wire.bounds import LONGEST_TARIFF
from tests.cloud.lots import NOON, Lot
from tests.cloud.test_policy_cli import Typed, typed

CITY = """\
tariff: City
version: 2027-01
currency: EUR
timezone: Europe/Berlin
holidays: {country: DE, region: BY}
rates:
  - {name: Day, days: mon-sat, from: "08:00", to: "20:00", price: 2.00, per: 1 h}
  - {name: Night, price: 0.50, per: 1 h}
  - {name: Sunday, days: "sun, holidays", price: 0.10, per: 12 min}
free: {first: 30 min, lost: true}
caps: {amount: 14.00, per: 24 h}
machine_maximum: 60
"""
DAYS = range(1, 29)
REASON = ("--reason", "new prices", "--by", "ann")


@pytest.fixture
def url(settings: CloudSettings) -> str:
    """A cloud with the lot North, which has declared itself: Europe/Berlin, EUR."""
    address = settings.database_url.get_secret_value()
    lot = LotId(typed(address, "lots", "add", "--name", "North").stdout.strip())

    async def told(window: Lot) -> None:
        connection = await connect.connection(settings, "lot")
        try:
            await apply_window(connection, window.window(), NOON)
        finally:
            await connection.close()

    asyncio.run(told(Lot(lot).opens_for_business()))
    return address


@pytest.fixture
def city(tmp_path: Path) -> Path:
    file = tmp_path / "city.yaml"
    file.write_text(CITY)
    return file


def sets(url: str, *words: object) -> Typed:
    return typed(url, "tariffs", "set", "North", *map(str, words), *REASON)


def standing(url: str) -> list[dict[str, object]]:
    return json.loads(typed(url, "tariffs", "list", "--lot", "North", "--json").stdout)


def test_a_tariff_is_set_from_its_file_in_the_managers_words(url: str, city: Path) -> None:
    done = json.loads(sets(url, "--file", city, "--from", "2027-01-01T00:00:00+01:00", "--json").stdout)
    [listed] = standing(url)
    assert (listed["tariff"], listed["name"], listed["dialect"]) == (done["tariff"], "City", 2)
    terms = listed["terms"]
    assert isinstance(terms, dict)
    assert (terms["version"], terms["caps"]) == ("2027-01", [{"amount": "14.00", "per": "24 h"}])
    assert terms["holidays"] == {"country": "DE", "region": "BY"}, "the lot says which days those are, at entry"
    assert sets(url, "--file", city, "--name", "New year").returncode == 0
    assert [each["name"] for each in standing(url)] == ["City", "New year"]


def test_the_list_tells_it_as_drivers_read_it(url: str, city: Path) -> None:
    sets(url, "--file", city, "--from", "2027-01-01T00:00:00+01:00")
    plain = ("--name", "old", "--currency", "EUR", "--hourly-rate", "2.50", "--daily-maximum", "18")
    assert typed(url, "tariffs", "set", "--lot", "North", *plain, *REASON).returncode == 0
    said = typed(url, "tariffs", "list", "--lot", "North").stdout
    assert "from 2026-12-31T23:00:00Z; version 2027-01" in said
    assert "    Day mon-sat 08:00-20:00: 2.00 EUR for each 1 h\n" in said
    assert "    At most 14.00 EUR for 24 h\n" in said
    assert "2.50 EUR an hour, 18.00 EUR at most; from" in said
    assert "{" not in said


def broken(text: str, *changes: tuple[str, str]) -> str:
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    return text


def test_every_problem_of_a_file_is_shown_at_its_place_and_nothing_is_set(url: str, city: Path) -> None:
    city.write_text(broken(CITY, ("price: 2.00", "price: two"), ("machine_maximum", "machine_maximun")))
    done = sets(url, "--file", city)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{city}:7:67" in done.stderr
    assert f"{city}:12:1" in done.stderr
    assert 'did you mean "machine_maximum"?' in done.stderr
    assert done.stderr.endswith("problems. Nothing was set.\n")
    assert standing(url) == []


WRONG = [
    (("Europe/Berlin", "Europe/Vienna"), "city.yaml:4:11", "Europe/Berlin is expected"),
    (("EUR", "CHF"), "city.yaml:3:11", "EUR is expected"),
]


@pytest.mark.parametrize("dry", [(), ("--dry-run",)])
@pytest.mark.parametrize(("change", "place", "said"), WRONG)
def test_the_lots_money_and_the_lots_clock_count(
    url: str, city: Path, change: tuple[str, str], place: str, said: str, dry: Sequence[str]
) -> None:
    city.write_text(broken(CITY, change))
    done = sets(url, "--file", city, *dry)
    assert done.returncode == 2
    assert place in done.stderr
    assert said in done.stderr
    assert standing(url) == []


def test_a_lot_that_has_not_declared_itself_takes_any_clock(url: str, city: Path) -> None:
    typed(url, "lots", "add", "--name", "South")
    assert typed(url, "tariffs", "set", "South", "--file", str(city), *REASON).returncode == 0


def test_terms_as_json_are_held_to_the_same_clock(url: str, tmp_path: Path) -> None:
    terms = {"timezone": "Europe/Vienna", "rates": [{"price": "1", "per": "1 h"}]}
    (tmp_path / "terms.json").write_text(json.dumps(terms))
    words = ("--name", "x", "--currency", "EUR", "--dialect", "2", "--terms", str(tmp_path / "terms.json"))
    done = sets(url, *words)
    assert (done.returncode, done.stderr) == (
        1,
        "Nothing was changed: the lot goes by the clock of Europe/Berlin, the tariff by that of Europe/Vienna.\n",
    )


def test_what_is_sent_again_is_said_to_stand_there_already(url: str, city: Path) -> None:
    begins = ("--from", "2027-01-01T00:00:00+01:00")
    first = sets(url, "--file", city, *begins)
    again = sets(url, "--file", city, *begins)
    assert (again.returncode, again.stdout) == (0, first.stdout), "a script gets the same id"
    assert "It stands there already, from 2026-12-31T23:00:00Z on (revision 1): nothing was set." in again.stderr
    at_once = [json.loads(sets(url, "--file", city, "--json").stdout) for _ in range(2)]
    assert [(each["revision"], each["already"]) for each in at_once] == [(2, False), (2, True)]
    assert len(standing(url)) == 2


def test_one_that_was_replaced_meanwhile_is_set_again(url: str, city: Path) -> None:
    begins = ("--from", "2027-01-01T00:00:00+01:00")
    sets(url, "--file", city, *begins)
    sets(url, "--file", city, "--name", "Another", *begins)
    assert sets(url, "--file", city, *begins).stderr == ""
    assert [each["name"] for each in standing(url)] == ["City", "Another", "City"]


def test_a_dry_run_shows_the_difference_and_sets_nothing(url: str, city: Path) -> None:
    old = ("--name", "old", "--currency", "EUR", "--hourly-rate", "1.50", "--daily-maximum", "18")
    sets(url, *old)
    done = typed(url, "tariffs", "set", "North", "--file", str(city), "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "Day mon-sat 08:00-20:00: 2.00 EUR for each 1 h" in done.stdout
    assert "Holds today: old" in done.stdout
    assert done.stdout.endswith("Nothing was set.\n")
    [row] = [line.split() for line in done.stdout.splitlines() if line.startswith("8 h")]
    assert row[:5] == ["8", "h", "12.00", "14.00", "+2.00"]
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert [each["name"] for each in standing(url)] == ["old"]
    refused = typed(url, "tariffs", "set", "North", "--file", str(city))
    assert (refused.returncode, "a reason is needed" in refused.stderr) == (2, True)


def test_the_same_as_json_for_any_vehicle(url: str, city: Path) -> None:
    city.write_text(broken(CITY, ("free:", "factors: {name: Motorcycles, vehicles: motorcycle, percent: 50%}\nfree:")))
    words = ("tariffs", "set", "North", "--file", str(city), "--from", "2026-12-14T00:00:00+01:00", "--dry-run")
    said, of_motorcycles = (
        json.loads(typed(url, *words, *more, "--json").stdout) for more in ((), ("--vehicle", "motorcycle"))
    )
    assert (said["tariff"], said["beside"], said["timezone"]) == (None, None, "Europe/Berlin")
    assert (said["name"], said["version"], said["from"]) == ("City", "2027-01", "2026-12-13T23:00:00Z")
    fees = {(stay["stay"], stay["entered"]): stay["fee"] for stay in said["stays"]}
    assert len(fees) == 16
    assert fees["30 min", "2026-12-14T09:00:00+01:00"] == 0
    assert fees["2 h 15 min", "2026-12-14T09:00:00+01:00"] == 600
    assert fees[NIGHT, "2026-12-19T19:00:00+01:00"] == 200 + 4 * 50 + 8 * 50
    assert fees["a week", "2026-12-14T09:00:00+01:00"] == 6 * 1400 + 15 * 50 + 8 * 50 + 200
    halved = {(stay["stay"], stay["entered"]): stay["fee"] for stay in of_motorcycles["stays"]}
    assert halved["2 h 15 min", "2026-12-14T09:00:00+01:00"] == 300
    assert {stay["stay"] for stay in said["stays"] if stay["needs_person"]} == {"a week"}


def test_show_tells_what_holds_now_and_any_other_beside_it(url: str, city: Path) -> None:
    nothing = typed(url, "tariffs", "show", "North")
    assert (nothing.returncode, nothing.stdout) == (1, "")
    assert "nobody has come in yet" in nothing.stderr
    sets(url, "--name", "old", "--currency", "EUR", "--hourly-rate", "1.50", "--daily-maximum", "18")
    sets(url, "--file", city, "--from", "2099-01-01T00:00:00+01:00")
    now = typed(url, "tariffs", "show", "North").stdout
    assert now.startswith("old ")
    assert "Holds today" not in now
    then = json.loads(typed(url, "tariffs", "show", "North", "City", "--json").stdout)
    assert (then["name"], then["beside"]["name"]) == ("City", "old")
    assert {stay["entered"][:4] for stay in then["stays"]} == {"2099"}
    assert all(stay["more"] == stay["fee"] - stay["beside"] for stay in then["stays"])
    assert "There is no tariff 'Town'" in typed(url, "tariffs", "show", "North", "Town").stderr


def test_the_lots_own_tariff_is_known_from_its_last_ticket(url: str, settings: CloudSettings, city: Path) -> None:
    lot = Lot(LotId(typed(url, "lots", "add", "--name", "East").stdout.strip())).opens_for_business()
    lot.lets_in("AB1", lot.spots[1])

    async def told() -> None:
        connection = await connect.connection(settings, "lot")
        try:
            await apply_window(connection, lot.window(), NOON)
        finally:
            await connection.close()

    asyncio.run(told())
    own = json.loads(typed(url, "tariffs", "show", "East", "--json").stdout)
    assert (own["name"], own["last_ticket"] is not None) == ("the lot's own", True)
    said = typed(url, "tariffs", "set", "East", "--file", str(city), "--dry-run").stdout
    assert "Holds today: the lot's own\n    as its last ticket has it, of 2026-" in said


def test_a_tariff_with_300_dates_is_taken_and_one_without_end_is_refused(url: str, city: Path) -> None:
    dates = [
        f"{year}-{month:02}-{day:02}" for year in range(2027, 2032) for month in range(1, 13) for day in range(1, 29)
    ]
    for count, code in ((300, 0), (len(dates), 0)):
        city.write_text(broken(CITY, ("region: BY", f"region: BY, also: [{', '.join(dates[:count])}]")))
        assert sets(url, "--file", city, "--name", f"{count} dates").returncode == code
    names = "\n".join(f"  - {{name: Special {number} {'x' * 60}, price: 9}}" for number in range(400))
    city.write_text(f"{CITY}specials:\n{names}\n")
    for dry in ((), ("--dry-run",)):
        done = sets(url, "--file", city, *dry)
        assert done.returncode == 1
        assert f"{LONGEST_TARIFF:,} are the most, for they stand on every ticket" in done.stderr
    assert len(standing(url)) == 2


def test_what_does_not_go_together_is_said(url: str, city: Path, tmp_path: Path) -> None:
    both = sets(url, "--file", city, "--hourly-rate", "1")
    assert (both.returncode, "--file says it all" in both.stderr) == (2, True)
    money = sets(url, "--file", city, "--currency", "CHF")
    assert (money.returncode, "is in EUR, not in CHF" in money.stderr) == (2, True)
    missing = sets(url, "--file", tmp_path / "none.yaml")
    assert (missing.returncode, "can't be read: No such file" in missing.stderr) == (2, True)
    twice = sets(url, "--lot", "North", "--file", city)
    assert (twice.returncode, "the lot is expected once" in twice.stderr) == (2, True)
    latin = tmp_path / "latin.yaml"
    latin.write_bytes(b"tariff: S\xfcd\n")
    assert f"{latin}:1:10" in sets(url, "--file", latin).stderr
    assert standing(url) == []


def test_typical_stays_begin_by_the_lots_clock_also_when_it_changes() -> None:
    summer_ends = from_rfc3339("2026-10-23T12:00:00Z")  # a Friday
    monday, saturday = arrivals(summer_ends, "Europe/Berlin")
    assert monday.at == from_rfc3339("2026-10-26T09:00:00+01:00")
    assert saturday.at == from_rfc3339("2026-10-24T19:00:00+02:00")
    night = next(stay for stay in saturday.stays if stay.name == NIGHT)
    assert night.leaves - night.entered == 14 * HOUR, "an hour more, for the clocks go back"
    assert arrivals(monday.at, "Europe/Berlin")[0].at > monday.at
    assert arrivals(Instant(monday.at - 1), "Europe/Berlin")[0].at == monday.at
