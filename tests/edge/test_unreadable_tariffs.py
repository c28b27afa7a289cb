"""A tariff that this release can't read, or can't charge by, stops no lot and keeps nobody in."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.parking import exit
from edge.parking.access.policy import LotPolicy
from edge.store import inbox
from models.instants import SECOND, from_rfc3339
from models.passback import Passback
from models.tariff import Terms
from models.tariff.reading import parse_tariff
from tests.edge.lots import TARIFF, HandClock, Lot, a_lot
from tests.edge.test_tariffs_at_the_gate import DAY_AND_NIGHT, HEAD, enters, pays
from tests.intents import Issued, a_tariff

NOON = from_rfc3339("2026-11-18T12:00:00+01:00")
READABLE = parse_tariff(DAY_AND_NIGHT, "garage.yaml").model_dump_json()
UNREADABLE = ("garbage", '{"dialect": 3}', '{"dialect": []}', READABLE[:-1] + ', "new_key": 1}')


@pytest.fixture
def lot(tmp_path: Path) -> Lot:
    return a_lot(tmp_path, clock=HandClock(wall=NOON))


def _policy(lot: Lot) -> LotPolicy:
    policy = LotPolicy({}, TARIFF, Passback.HARD, lot.clock)
    lot.decide(lambda tx: policy.load(tx.connection))
    return policy


def _stands(lot: Lot, name: str, text: str, minutes_ago: int) -> None:
    row = (name, minutes_ago, name, NOON - minutes_ago * 60 * SECOND, text)
    lot.decide(lambda tx: tx.connection.execute("INSERT INTO tariffs VALUES (?, ?, ?, ?, ?)", row))


@pytest.mark.parametrize("text", UNREADABLE, ids=range(len(UNREADABLE)))
def test_the_tariff_before_one_that_cannot_be_read_holds(lot: Lot, text: str) -> None:
    _stands(lot, "before", READABLE, minutes_ago=9)
    _stands(lot, "newer", text, minutes_ago=5)
    policy = _policy(lot)
    assert policy.tariff_name == "before"
    assert isinstance(policy.tariff(), Terms)


@pytest.mark.parametrize("text", UNREADABLE, ids=range(len(UNREADABLE)))
def test_a_ticket_whose_tariff_cannot_be_read_keeps_nobody_in(lot: Lot, text: str) -> None:
    enters(lot, parse_tariff(DAY_AND_NIGHT, "garage.yaml"))
    lot.decide(lambda tx: tx.connection.execute("UPDATE tickets SET tariff = ?", (text,)))
    cleared = lot.leaves("AB12CDE", None)
    assert isinstance(cleared, exit.Cleared)
    assert cleared.amount_due == 0
    assert lot.one("SELECT tariff FROM tickets") == text, "what was pinned stays for whoever can read it"


def test_a_country_whose_holidays_this_release_does_not_know_keeps_nobody_out(lot: Lot) -> None:
    terms = parse_tariff(f"{HEAD}holidays: {{country: DE}}\nrates: {{price: 1, per: 1 h}}\n", "garage.yaml")
    _stands(lot, "abroad", terms.model_dump_json().replace('"DE"', '"XX"'), minutes_ago=5)
    enters(lot, _policy(lot).tariff())
    assert pays(lot) == 100


@pytest.mark.parametrize("amount", ["1e999999", "9" * 30])
def test_a_sum_that_nobody_can_count_to_is_parked_and_not_acted_on(lot: Lot, amount: str) -> None:
    terms = {
        "timezone": "Europe/Berlin",
        "rates": [{"price": "1", "per": "1 h"}],
        "caps": [{"amount": amount, "per": "day"}],
    }
    cloud = Issued()
    cloud.says(a_tariff("t", dialect=2, terms=terms))
    lot.decide(lambda tx: inbox.take(tx, cloud.deltas()))
    assert lot.one("SELECT count(*) FROM tariffs") == 0
    assert _policy(lot).tariff() == TARIFF
