"""The short form of `make chaos CHAOS=commands`, and the controls that must fail."""

from __future__ import annotations

import pytest

from tests.chaos.commands import CONTROLS, run

MESSAGES = 300


@pytest.mark.timeout(300)
def test_no_hostile_command_moves_an_arm_and_each_is_on_record_with_its_reason() -> None:
    tally, controls = run(MESSAGES, seed=3)
    assert tally.clean, tally
    assert tally.ordered >= 2
    assert tally.hostile > MESSAGES
    for safeguard in CONTROLS:
        assert controls[safeguard].phantom_opens, f"without {safeguard} it must fail"
