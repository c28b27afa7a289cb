"""The short form of `make chaos CHAOS=offline`: hours off line over a slow line, and the control that must fail."""

from __future__ import annotations

import pytest

from tests.chaos.offline import OLDEST_BEACON, run

VEHICLES, SLOW = 400, 4.0


@pytest.mark.timeout(400)
def test_after_a_long_time_off_line_all_arrives_and_the_present_is_shown_meanwhile() -> None:
    outcome = run(VEHICLES, slow=SLOW)
    assert outcome.clean, outcome


@pytest.mark.timeout(400)
def test_the_control_that_shows_the_present_after_the_past_is_too_old() -> None:
    outcome = run(VEHICLES, slow=SLOW, behind=True)
    assert outcome.oldest_beacon > OLDEST_BEACON, outcome
