"""Days on which the lot's books and the truth once differed, or that never ended; each by what was special about it."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.twin.check import checked
from simulator.twin.plan import twin_plan
from simulator.twin.stage import Run

pytestmark = pytest.mark.timeout(200)
LOT = Path(__file__).resolve().parents[2] / "config" / "lots" / "twin.yaml"
DAYS = {
    "a driver on the wrong side gives up a hair after the clock's microsecond": Run(85, 0.8, seed=31),
    "three drivers in a row turn back before a raised arm; one with a paper ticket is crowded": Run(270, 0.6, seed=21),
    "a tailgater drives on while the terminal asks it to pay": Run(380, 0.6, seed=23),
}


@pytest.mark.parametrize("run", DAYS.values(), ids=DAYS.keys())
def test_the_books_agree_with_the_truth_of_a_day_on_which(tmp_path: Path, run: Run) -> None:
    result = checked(tmp_path, twin_plan(LOT), run)
    assert [str(mismatch) for mismatch in result.verdict.mismatches] == []
    assert result.vehicles == run.vehicles
