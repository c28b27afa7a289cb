"""A day at a lot whose network is down, by every way in and out: nothing needs the cloud, and its books agree later."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
from rich.console import Console

from models.tickets import PaymentStatus
from simulator.day.command import show
from simulator.day.outcome import Outcome, outcome
from simulator.day.play import Day, played
from simulator.day.site import Site
from simulator.day.traffic import PlannedTraffic
from simulator.day.visits import ENTERING, LEAVING, ComesIn, GoesOut, Visit, visits
from simulator.servers import Mosquitto, Postgres, ServerError
from tests.brokers import USERS

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def site(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder, database = tmp_path_factory.mktemp("day"), f"day_{uuid4().hex}"
    try:
        broker = Mosquitto(folder / "broker", USERS)
    except ServerError as missing:
        pytest.skip(str(missing))
    with broker, Site(folder, broker, "parkgate", postgres.create_database(database)) as site:
        yield site
    postgres.drop_database(database)


@pytest.fixture(scope="module")
def day(site: Site) -> Day:
    return played(site, PlannedTraffic(seed=4, visits=visits()))


def test_nothing_needs_the_cloud_and_in_the_evening_its_books_equal_the_lot_s(day: Day) -> None:
    found = outcome(day)
    show(found, Console(width=200))
    assert found.wrong == []
    assert found.unsent > len(day.traffic.visits)


def test_the_day_has_every_way_in_and_every_way_out(day: Day) -> None:
    assert {visit.comes_in for visit in day.traffic.visits} == set(ComesIn) == set(ENTERING)
    assert {visit.goes_out for visit in day.traffic.visits} == set(GoesOut) == set(LEAVING)


# --- what is lost on purpose is found ---


def without_a_row(day: Day, table: str) -> Outcome:
    """As if the cloud had never heard of one row of it."""
    cloud = replace(day.cloud, rows=copy.deepcopy(day.cloud.rows))
    cloud.rows[table].popitem()
    return outcome(replace(day, cloud=cloud))


@pytest.mark.parametrize("table", ["facts", "tickets", "payments", "vehicles"])
def test_one_row_that_the_cloud_lost_is_found(day: Day, table: str) -> None:
    assert any(f"books: {table}" in wrong for wrong in without_a_row(day, table).wrong)


def altered(day: Day, change: Callable[[dict[str, object]], None]) -> Outcome:
    """As if one payment that was taken were on record, on both sides, as it wasn't."""
    lot = replace(day.lot, rows=copy.deepcopy(day.lot.rows))
    change(next(row for row in lot.rows["payments"].values() if row["status"] == PaymentStatus.TAKEN))
    return outcome(replace(day, lot=lot, cloud=replace(day.cloud, rows=lot.rows)))


def test_a_payment_that_nobody_took_is_found(day: Day) -> None:
    wrong = altered(day, lambda payment: payment.update(amount=1)).wrong
    assert any("the provider" in each for each in wrong)
    assert any("settled of" in each for each in wrong)


def test_a_payment_that_the_provider_took_and_nobody_wrote_down_is_found(day: Day) -> None:
    wrong = altered(day, lambda payment: payment.update(status=PaymentStatus.UNCOLLECTED)).wrong
    assert any("the lot says 0 EUR" in each for each in wrong)


CARELESS = ("python", "-m", "tests.chaos.careless_day")
SHORT = (Visit(ComesIn.PLATE, GoesOut.TERMINAL, stays=15), Visit(ComesIn.PLATE, GoesOut.COINS, stays=15))


def test_a_fact_and_an_entry_that_a_daemon_really_loses_are_found(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]), prepend=os.pathsep)
    site.another_lot("careless")
    wrong = outcome(played(site, PlannedTraffic(seed=4, visits=SHORT), edge=CARELESS)).wrong
    # Where the cloud has compared the digest already, it may have put its own books right.
    assert any("payments" in each for each in wrong if each.startswith(("books:", "digest:"))), wrong
    assert "cash:out-coins holds 0 by the ledger, its own record says 200" in wrong
