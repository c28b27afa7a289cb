"""The short form of `make chaos CHAOS=enospc`: some of the writes, a disk that stays full, and the control."""

from __future__ import annotations

import pytest

from tests.chaos.enospc import at_each_write, full_for_good


@pytest.mark.timeout(180)
def test_whatever_write_meets_a_full_disk_what_was_answered_is_there_and_nothing_half() -> None:
    outcome = at_each_write(40, seed=4)
    assert outcome.clean, outcome
    assert outcome.refused > 40, "the disk was full indeed"


@pytest.mark.timeout(120)
def test_on_a_disk_that_stays_full_everybody_gets_out_and_pays() -> None:
    kept = full_for_good()
    assert kept.clean, kept


@pytest.mark.timeout(120)
def test_the_same_where_no_small_disk_can_be_mounted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARKGATE_NO_MOUNT", "1")
    kept = full_for_good()
    assert kept.disk == "counted blocks"
    assert kept.clean, kept


@pytest.mark.timeout(120)
def test_the_control_without_a_reserve_keeps_vehicles_in() -> None:
    kept = full_for_good(reserve=0)
    assert kept.inside > kept.let_out
    assert "full" in kept.why_not or "disk" in kept.why_not or "open" in kept.why_not
