"""The short form of `make chaos CHAOS=kills`, the control that must fail, and the judge's own tests."""

from __future__ import annotations

import pytest

from tests.chaos.kill_traffic import Downs
from tests.chaos.kills import CONTROL_KILLS, Outcome, run
from tests.chaos.lane_account import NEVER
from tests.chaos.lane_verdicts import Findings

KILLS = 14


@pytest.mark.timeout(900)
def test_no_kill_loses_a_passage_or_counts_one_twice() -> None:
    outcome = run(KILLS, seed=2)
    assert outcome.clean, outcome
    assert outcome.victims.keys() == {"edge", "broker", "ingest", "postgres"}
    assert outcome.victims.total() >= KILLS
    assert outcome.accepted >= KILLS // 2, "traffic was steady"


@pytest.mark.timeout(600)
def test_the_control_that_takes_published_for_applied_does_lose() -> None:
    outcome = run(CONTROL_KILLS, seed=2, careless=True)
    assert outcome.arrived > 0, "the link works"
    assert outcome.forgotten > 0


@pytest.mark.parametrize(
    "outcome",
    [
        Outcome(kills=1, accepted=2, stored=1, applied=1),
        Outcome(kills=1, accepted=2, stored=2, applied=1),
        Outcome(kills=1, accepted=2, stored=2, applied=2, found=Findings(lost=1)),
        Outcome(kills=1, accepted=2, stored=2, applied=2, found=Findings(twice=1)),
        Outcome(kills=1, accepted=2, stored=2, applied=2, found=Findings(phantom_opens=1)),
        Outcome(
            kills=1, accepted=2, stored=2, applied=2, different=("tickets 1 status: lot 'ACTIVE', cloud 'VOIDED'",)
        ),
        Outcome(kills=1, accepted=2, stored=2, applied=2, forgotten=1),
        Outcome(kills=1, accepted=2, stored=2, applied=2, stranded=1),
    ],
)
def test_whatever_is_found_fails_the_campaign(outcome: Outcome) -> None:
    assert Outcome(kills=1, accepted=2, stored=2, applied=2).clean
    assert not outcome.clean


def test_a_row_that_the_cloud_lacks_is_lost_and_one_that_differs_is_counted_twice() -> None:
    missing, other = "tickets 1 *: lot 'there', cloud 'missing'", "tickets 1 status: lot 'ACTIVE', cloud 'VOIDED'"
    outcome = Outcome(kills=1, accepted=2, stored=2, applied=2, different=(missing, other))
    assert (outcome.lost, outcome.twice) == (1, 1)


def test_a_kill_excuses_only_those_who_were_there() -> None:
    downs = Downs(kills=[100, 300], starts=[10, 150, 350])
    assert not downs.touch(20, 99)
    assert downs.touch(20, 100)
    assert downs.touch(120, 130)
    assert not downs.touch(151, 299)
    assert downs.touch(340, 400)
    assert not downs.touch(351, NEVER)
    assert [downs.run_at(moment) for moment in (50, 200, 400)] == [1, 2, 3]
    assert downs.next_kill(200) == 300


def test_a_daemon_that_isnt_back_yet_is_down() -> None:
    downs = Downs(kills=[100], starts=[10])
    assert downs.touch(500, 600)
