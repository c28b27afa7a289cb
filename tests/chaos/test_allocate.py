"""The short form of `make chaos CHAOS=allocate`, and the controls that must fail."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from tests.chaos.allocate import CONTROL_STEPS, PLANS, Account, levels, look, run
from tests.edge.lots import a_lot


def test_no_spot_is_for_two_and_the_counts_add_up_by_every_plan() -> None:
    outcomes = run(1200, seed=3, spots=60, synced=False)
    assert outcomes.keys() == PLANS.keys()
    for name, outcome in outcomes.items():
        assert outcome.clean, (name, outcome.examples)
        assert outcome.accepted == outcome.stored == outcome.applied
        assert outcome.accepted > 40, "cars came"
        assert outcome.looks > 1
    assert sum(outcome.refused.total() for outcome in outcomes.values()) > 0, "it was full at times"


def test_an_allocation_that_goes_by_what_it_saw_before_gives_a_spot_twice() -> None:
    [outcome] = run(CONTROL_STEPS, seed=3, careless=True, spots=60, synced=False).values()
    assert outcome.twice > 0


def test_a_spot_that_says_it_is_free_while_a_stay_has_it_is_seen_in_the_counts() -> None:
    account = Account()
    with TemporaryDirectory() as folder:
        lot = a_lot(Path(folder), levels(30))
        lot.enters("AA1")
        lot.decide(lambda tx: look(account, tx.connection))
        assert account.wrong == []
        lot.decide(lambda tx: tx.connection.execute("UPDATE spots SET status = 'AVAILABLE'"))
        lot.decide(lambda tx: look(account, tx.connection))
        lot.store.close()
    assert len(account.wrong) == 3, "in all, by level and by type; it lies in no zone"
