"""The short form of `make chaos CHAOS=clock`: wrong clocks of all kinds, and the controls that must fail."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
import structlog

from edge.parking.money import corrections
from edge.parking.stays.tickets import Ticket
from edge.store import Transaction
from tests.chaos.clock import by_the_wrong_windows, careless, caught, restored_overcharged, run
from tests.chaos.clock_history import WINDOWS

STAYS = 240


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    yield
    structlog.reset_defaults()


@pytest.mark.timeout(300)
def test_fees_are_exact_when_the_time_is_known_and_else_never_above_the_truth() -> None:
    found = run(STAYS, seed=2)
    assert found.clean, found
    assert found.exact > STAYS / 4
    assert found.bounded > STAYS / 8
    assert found.corrected > 0
    assert found.restored > 0


@pytest.mark.timeout(300)
def test_by_a_tariff_with_windows_too_and_its_control_fails() -> None:
    found = run(120, seed=2, tariff=WINDOWS)
    assert found.clean, found
    assert found.exact > 20
    assert found.bounded > 20
    assert by_the_wrong_windows(2)


@pytest.mark.timeout(300)
def test_when_summer_time_comes_and_goes_all_fees_are_exact() -> None:
    found = run(60, seed=3, faults=False)
    assert found.clean, found
    assert found.exact >= 60
    assert found.bounded == 0


@pytest.mark.timeout(300)
def test_the_control_that_charges_by_the_wall_overcharges() -> None:
    with careless():
        by_wall = run(STAYS, seed=2)
    with careless(local=True):
        by_local_wall = run(STAYS, seed=2, faults=False)
    assert caught(by_wall, by_local_wall), (by_wall, by_local_wall)


@pytest.mark.timeout(300)
def test_the_control_that_charges_restored_stays_by_the_wall_overcharges() -> None:
    assert restored_overcharged()


@pytest.mark.timeout(300)
def test_a_lot_that_refunds_nothing_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corrections, "_put_right", _nothing)
    assert run(STAYS, seed=2).overcharged


def _nothing(tx: Transaction, stay: Ticket) -> bool:
    return False
