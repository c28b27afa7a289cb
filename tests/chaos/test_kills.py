"""The short form of `make chaos CHAOS=kills`: a few kills, and the control that must fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.kills import run
from tests.whole.test_outages import weights

KILLS = 4


@pytest.mark.timeout(600)
def test_no_kill_loses_a_passage_or_counts_one_twice() -> None:
    outcome = run(KILLS, seed=2, weights=weights())
    assert outcome.clean, outcome


@pytest.mark.timeout(600)
def test_the_control_without_acknowledgements_from_the_cloud_does_lose(tmp_path: Path) -> None:
    outcome = run(1, seed=2, careless=True, weights=weights())
    assert outcome.applied > 0, "the link works"
    assert outcome.forgotten > 0
