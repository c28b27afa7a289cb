"""The short form of `make chaos CHAOS=network`: a bad line for a while, and the controls that must fail."""

from __future__ import annotations

import pytest

from tests.chaos.network import NeverSentAgain, Outcome, rules_hold, run

STEPS = 25


@pytest.mark.timeout(300)
def test_a_bad_line_loses_nothing_and_both_sides_end_with_the_same_digest() -> None:
    outcome = run(STEPS, number=3)
    assert outcome.clean, outcome
    assert sum(outcome.befell.values()) - outcome.befell["passed"] > 0, "the line was sound all the time"


@pytest.mark.timeout(600)
def test_the_control_that_takes_published_for_arrived_does_lose() -> None:
    """Only what a cut line takes with it is lost for good, and not on every bad day does one do so."""
    outcomes = (run(STEPS, number, careless=True) for number in (3, 4, 5))
    assert any(_lost_something(outcome) for outcome in outcomes)


def _lost_something(outcome: Outcome) -> bool:
    # Where the very first fact was lost, the cloud applies none: it waits for that one.
    assert outcome.befell["passed"] > 0, "the line carries something"
    return not outcome.clean


def test_the_control_that_never_sends_again_breaks_the_rules() -> None:
    assert not all(rules_hold(NeverSentAgain, 500, seed) for seed in range(1, 9))
