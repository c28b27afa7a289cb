"""The short form of `make chaos CHAOS=payments`: payments that break off, and the control that must fail."""

from __future__ import annotations

from tests.chaos.payments import run

VISITS = 80


def test_what_the_provider_took_is_on_record_once() -> None:
    outcome = run(VISITS, seed=4)
    assert outcome.clean, outcome


def test_the_control_that_takes_the_unknown_for_not_taken_loses_money() -> None:
    outcome = run(VISITS, seed=4, careless=True)
    assert outcome.lost + outcome.twice > 0, outcome
