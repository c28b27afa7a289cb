"""The short form of `make chaos CHAOS=bitflip`: some flips, and the control that must accept damage."""

from __future__ import annotations

import pytest

from tests.chaos.bitflip import run


@pytest.mark.timeout(180)
def test_a_flipped_page_is_found_set_aside_and_the_lot_goes_on() -> None:
    outcome = run(40, seed=6)
    assert outcome.clean, outcome
    assert outcome.detected > 5
    assert outcome.open_stays_kept > 0.99 * outcome.open_stays, "vehicles inside are still known"


@pytest.mark.timeout(120)
def test_the_control_without_detection_takes_damage_for_truth() -> None:
    outcome = run(40, seed=6, detecting=False)
    assert outcome.lost + outcome.unsound > 0
