"""The short form of `make chaos CHAOS=ledger`, and its controls that must fail."""

from __future__ import annotations

import pytest

from tests.chaos.ledger import play
from tests.chaos.ledger_lot import Careless


def test_every_ticket_agrees_with_the_providers_own_record_whatever_happens_to_its_payments() -> None:
    found = play(20, seed=1)
    assert found.clean, found
    assert found.applied == found.stored == 20
    assert found.kills, "the lot's process was killed in between"
    assert found.refunds, "something was given back"


@pytest.mark.parametrize("careless", [Careless.FORGETS_TO_POST, Careless.CHARGES_AGAIN, Careless.REFUNDS_AGAIN])
def test_a_careless_lot_is_caught(careless: str) -> None:
    """By one of a few: whether its occasion comes depends on when it is killed."""
    assert any(not play(16, seed=seed, careless=careless).clean for seed in (2, 3, 4))
