"""How times are told in lists."""

from __future__ import annotations

import pytest

from cloud.listing import ago, as_of
from models.instants import HOUR, SECOND, Instant
from tests.cloud.lots import NOON


@pytest.mark.parametrize(
    ("passed", "said"),
    [(0, "0 s ago"), (119, "119 s ago"), (120, "2 min ago"), (7_200, "2 h ago"), (172_800, "2 d ago"), (-5, "0 s ago")],
)
def test_the_last_sign_of_life_is_so_long_ago(passed: int, said: str) -> None:
    assert ago(NOON, Instant(NOON + passed * SECOND)) == said


def test_an_old_figure_has_its_time_of_today_or_its_day() -> None:
    assert as_of(NOON, Instant(NOON + HOUR)).endswith("Z")
    assert as_of(NOON, Instant(NOON + 25 * HOUR)).count("-") == 2
