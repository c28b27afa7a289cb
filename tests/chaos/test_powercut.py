"""The short form of `make chaos CHAOS=powercut`: some cuts, and the control that must lose."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.chaos.powercut import Disk, run


@pytest.mark.timeout(120)
def test_no_answered_decision_is_lost_in_a_power_cut() -> None:
    outcome = run(60, seed=3)
    assert outcome.clean, outcome
    assert outcome.renewed, "some cuts came while a damaged store was set aside, or after"
    assert outcome.accepted > 1000


@pytest.mark.timeout(120)
def test_the_control_that_does_not_sync_each_commit_loses() -> None:
    assert run(25, seed=3, synchronous="NORMAL", cars=12).lost > 0


def test_the_disk_of_the_test_forgets_what_was_not_synced(tmp_path: Path) -> None:
    """The control of the disk itself: a synced write stands whatever happens, another one may be torn or gone."""
    disk, seen = Disk(), set()
    for event in (("create", "f"), ("write", "f", 0, b"a" * 1024), ("sync", "f"), ("sync_folder",)):
        disk.happen(event)
    disk.happen(("write", "f", 0, b"b" * 1024))
    disk.happen(("create", "g"))
    for seed in range(100):
        left = tmp_path / str(seed)
        left.mkdir()
        disk.cut(left, random.Random(seed))
        seen.add(((left / "f").read_bytes()[::512], (left / "g").exists()))
    assert {content for content, _ in seen} == {b"aa", b"ab", b"ba", b"bb"}
    assert {there for _, there in seen} == {True, False}
