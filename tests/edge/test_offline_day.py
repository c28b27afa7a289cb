"""A lot off line for a day: every sold reservation has its place; a code opens once, not elsewhere, not out of time.

PARKGATE_OFFLINE_DAYS=200 runs so many days instead of a few.
"""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from edge.parking.reservations import quota
from tests.edge.lots import a_level, a_lot
from tests.edge.offline_day import Day, Outcome, SellingCloud, acknowledged, full_of_walk_ins
from tests.edge.reserving import Gate

DAYS = int(os.environ.get("PARKGATE_OFFLINE_DAYS", "2"))
QUARTERS = 96 if "PARKGATE_OFFLINE_DAYS" in os.environ else 40


def a_day(folder: Path, seed: int, quarters: int = QUARTERS) -> Outcome:
    chance = random.Random(seed)
    gate = Gate(a_lot(folder, (a_level(0, REGULAR=5, COMPACT=2, EV=2),)))
    inside = full_of_walk_ins(gate, chance)
    acknowledged(gate, places=chance.randrange(1, 4))
    outcome = Day(gate, chance, SellingCloud(gate), quarters, inside=inside).run()
    gate.lot.store.close()
    return outcome


@pytest.mark.parametrize("seed", range(DAYS))
def test_every_sold_reservation_has_its_place_and_every_code_opens_once(tmp_path: Path, seed: int) -> None:
    outcome = a_day(tmp_path, seed)
    assert outcome.turned_away == []
    assert (outcome.twice, outcome.wrongly) == (0, 0)
    assert outcome.came > 0
    assert outcome.full > 0, "walk-ins came to the last spot"


def test_without_the_quota_sold_places_are_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control."""
    monkeypatch.setattr(quota, "kept_back", lambda tx, plan: {})
    assert a_day(tmp_path, 0).turned_away != []


def test_without_the_burn_codes_open_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control."""
    monkeypatch.setattr("edge.parking.entry.arrive", lambda *burn: None)
    assert a_day(tmp_path, 0, 24).twice > 0
