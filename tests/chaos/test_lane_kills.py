"""The short form of `make chaos CHAOS=lane-kills`, its controls that must fail, and the judge's own tests."""

from __future__ import annotations

import pytest

from tests.chaos.lane_account import Made, told_again
from tests.chaos.lane_kills import failed, report, run
from tests.chaos.lane_lot import PULSE, Stay, being_let_out, opened_in
from tests.chaos.lane_tally import Careless, Phase, Tally
from tests.chaos.lane_verdicts import Findings, Seen, at_entry, at_exit

KILLS = 14
IN, OUT = "in-lcus", "out-kmtronic"


@pytest.fixture(scope="module")
def campaign() -> tuple[Tally, dict[Careless, Tally]]:
    return run(KILLS, seed=1)


@pytest.mark.timeout(600)
def test_no_kill_moves_an_arm_leaves_a_contact_made_or_loses_a_vehicle(
    campaign: tuple[Tally, dict[Careless, Tally]],
) -> None:
    tally, _ = campaign
    assert tally.clean, tally
    assert tally.kills == KILLS
    assert tally.phases.keys() == {phase.value for phase in Phase}
    assert tally.interrupted >= KILLS
    assert tally.accepted >= KILLS
    assert tally.unresolved, "some were interrupted half way"


@pytest.mark.timeout(600)
def test_a_relay_that_times_its_pulses_ends_them_though_the_daemon_is_dead(
    campaign: tuple[Tally, dict[Careless, Tally]],
) -> None:
    # Until the next daemon opened it would be twice as long and more; a busy machine's timers ring late.
    assert 0 < campaign[0].longest_timed_contact_ms <= PULSE * 1000 + 1000


@pytest.mark.timeout(600)
@pytest.mark.parametrize("careless", Careless)
def test_a_careless_daemon_is_caught(campaign: tuple[Tally, dict[Careless, Tally]], careless: Careless) -> None:
    _, controls = campaign
    assert careless.caught(controls[careless].found), controls[careless]


CAUGHT = {
    Careless.LEAVES: Tally(found=Findings(left_pulsing=1)),
    Careless.RESENDS: Tally(found=Findings(moved_after_restart=1)),
    Careless.HASTY: Tally(found=Findings(phantom_opens=1)),
    Careless.VOIDS: Tally(found=Findings(lost=1)),
}


@pytest.mark.parametrize(
    "found",
    [
        Findings(lost=1),
        Findings(twice=1),
        Findings(phantom_opens=1),
        Findings(left_pulsing=1),
        Findings(moved_after_restart=1),
    ],
)
def test_whatever_is_found_fails_the_campaign(found: Findings) -> None:
    assert not failed(Tally(kills=7), 7, CAUGHT)
    assert failed(Tally(kills=7, found=found), 7, CAUGHT)


def test_a_stranded_vehicle_or_a_kill_that_did_not_happen_fails_the_campaign() -> None:
    assert failed(Tally(kills=7, stranded=1), 7, CAUGHT)
    assert failed(Tally(kills=6), 7, CAUGHT)


@pytest.mark.parametrize("careless", Careless)
def test_a_control_that_passes_fails_the_campaign_and_is_named(careless: Careless) -> None:
    controls = {**CAUGHT, careless: Tally()}
    assert failed(Tally(kills=7), 7, controls)
    assert careless in str(report(Tally(kills=7), 1, controls)["control"])


def test_the_line_says_what_every_chaos_run_says() -> None:
    said = report(Tally(kills=7, accepted=9), 1, CAUGHT)
    promised = ("chaos", "n", "accepted", "stored", "applied", "lost", "twice", "phantom_opens", "seed", "control")
    assert set(promised) <= said.keys()
    assert said["control"] == "failed as it must"


def entered(*, raised: int = 1, undisturbed: bool = False) -> Seen:
    return Seen(IN, entry=True, passed=True, raised=raised, undisturbed=undisturbed)


def turned_away(*, raised: int = 1, undisturbed: bool = False) -> Seen:
    return Seen(IN, entry=True, passed=False, raised=raised, undisturbed=undisturbed)


def a_stay(
    status: str, *, exit_lane: str | None = None, allowed_out: int = 0, overpaid: bool = False, run: int = 1
) -> Stay:
    return Stay("1", "CODE", status, IN, exit_lane, allowed_out, overpaid, run)


@pytest.mark.parametrize(
    ("seen", "statuses", "found"),
    [
        (entered(), ["ACTIVE"], Findings()),
        (entered(), ["UNRESOLVED"], Findings()),
        (entered(raised=2), ["UNRESOLVED", "ACTIVE"], Findings()),
        (turned_away(), ["VOIDED"], Findings()),
        (turned_away(), ["UNRESOLVED"], Findings()),
        (turned_away(raised=0), [], Findings()),
        (entered(), ["VOIDED"], Findings(lost=1)),
        (entered(undisturbed=True), ["ACTIVE"], Findings()),
        (entered(undisturbed=True), ["UNRESOLVED"], Findings(lost=1)),
        (entered(undisturbed=True), ["ACTIVE", "UNRESOLVED"], Findings(twice=1)),
        (entered(undisturbed=True), ["ACTIVE", "VOIDED"], Findings(twice=1)),
        (turned_away(undisturbed=True), ["VOIDED"], Findings()),
        (turned_away(undisturbed=True, raised=0), [], Findings()),
        (turned_away(undisturbed=True), ["UNRESOLVED"], Findings(twice=1)),
        (turned_away(undisturbed=True), ["VOIDED", "UNRESOLVED"], Findings(twice=1)),
        (turned_away(undisturbed=True), ["VOIDED", "VOIDED"], Findings(twice=1)),
        (entered(), ["ADMITTED"], Findings(lost=2)),
        (entered(), [], Findings(lost=1, phantom_opens=1)),
        (entered(raised=2), ["ACTIVE", "ACTIVE"], Findings(twice=1)),
        (entered(raised=2), ["ACTIVE"], Findings(phantom_opens=1)),
        (turned_away(), ["ACTIVE"], Findings(twice=1)),
        (turned_away(), [], Findings(phantom_opens=1)),
    ],
)
def test_the_judge_at_an_entry(seen: Seen, statuses: list[str], found: Findings) -> None:
    assert counts(at_entry(seen, [a_stay(status) for status in statuses])) == counts(found)


@pytest.mark.parametrize(
    ("passed", "of_the_last_run", "of_this_run", "found"),
    [
        (True, ["UNRESOLVED"], ["ACTIVE"], Findings()),
        (True, ["VOIDED"], ["ACTIVE"], Findings()),
        (True, ["UNRESOLVED"], ["ACTIVE", "UNRESOLVED"], Findings(twice=1)),
        (True, ["UNRESOLVED"], [], Findings(lost=1)),
        (True, ["ACTIVE"], ["ACTIVE"], Findings(twice=1)),
        (False, ["UNRESOLVED"], ["VOIDED"], Findings()),
        (False, ["UNRESOLVED"], ["UNRESOLVED"], Findings(twice=1)),
    ],
)
def test_a_vehicle_that_asks_again_after_a_kill_may_leave_one_stay_unresolved_from_before_it(
    passed: bool, of_the_last_run: list[str], of_this_run: list[str], found: Findings
) -> None:
    seen = Seen(IN, entry=True, passed=passed, raised=1, undisturbed=True, came_in=7, gone_in=8)
    stays = [a_stay(status, run=7) for status in of_the_last_run] + [a_stay(status, run=8) for status in of_this_run]
    assert counts(at_entry(seen, stays)) == counts(found)


@pytest.mark.parametrize(
    ("passed", "before", "after", "came_in", "lost"),
    [
        (True, "ACTIVE", "COMPLETED", 8, 0),
        (True, "ACTIVE", "UNRESOLVED", 8, 1),
        (True, "ACTIVE", "UNRESOLVED", 7, 1),
        (False, "ACTIVE", "ACTIVE", 8, 0),
        (False, "ACTIVE", "UNRESOLVED", 8, 1),
        (False, "ACTIVE", "UNRESOLVED", 7, 0),
        (False, "UNRESOLVED", "UNRESOLVED", 8, 0),
    ],
)
def test_the_judge_at_an_exit_that_no_kill_disturbed(
    passed: bool, before: str, after: str, came_in: int, lost: int
) -> None:
    seen = Seen(OUT, entry=False, passed=passed, raised=1, undisturbed=True, came_in=came_in, gone_in=8)
    found = at_exit(seen, a_stay(before), a_stay(after, allowed_out=1))
    assert counts(found) == counts(Findings(lost=lost))


def test_each_ticket_is_of_the_run_of_the_daemon_that_opened_it() -> None:
    facts = [("daemon.started", None), ("ticket.opened", "1"), ("daemon.started", None), ("ticket.opened", "2")]
    assert opened_in(facts) == {"1": 1, "2": 2}


@pytest.mark.parametrize(
    ("passed", "raised", "after", "found"),
    [
        (True, 1, a_stay("COMPLETED", exit_lane=OUT, allowed_out=1), Findings()),
        (True, 1, a_stay("UNRESOLVED", exit_lane=OUT, allowed_out=1), Findings()),
        (False, 1, a_stay("ACTIVE", allowed_out=1), Findings()),
        (False, 0, a_stay("ACTIVE"), Findings()),
        (True, 1, a_stay("ACTIVE", allowed_out=1), Findings(lost=1)),
        (False, 1, a_stay("COMPLETED", exit_lane=OUT, allowed_out=1), Findings(lost=1)),
        (False, 1, a_stay("ACTIVE", exit_lane=OUT, allowed_out=1), Findings(lost=1)),
        (False, 1, a_stay("ACTIVE"), Findings(phantom_opens=1)),
        (True, 1, a_stay("COMPLETED", exit_lane=OUT, allowed_out=1, overpaid=True), Findings(twice=1)),
    ],
)
def test_the_judge_at_an_exit(passed: bool, raised: int, after: Stay, found: Findings) -> None:
    seen = Seen(OUT, entry=False, passed=passed, raised=raised)
    assert counts(at_exit(seen, a_stay("ACTIVE"), after)) == counts(found)


@pytest.mark.parametrize(
    ("facts", "leaving"),
    [
        (["exit.allowed"], True),
        (["exit.allowed", "ticket.closed"], False),
        (["exit.allowed", "exit.abandoned"], False),
        (["exit.allowed", "ticket.unresolved"], False),
        (["exit.allowed", "daemon.started"], False),
        (["exit.allowed", "daemon.started", "exit.allowed"], True),
    ],
)
def test_the_judge_waits_for_a_vehicle_that_is_being_let_out_on_an_unresolved_ticket(
    facts: list[str], leaving: bool
) -> None:
    # Seed 103 on a stalled machine: the ticket of a vehicle that had just left was read before it was closed.
    written = [(fact, None if fact == "daemon.started" else "1") for fact in ["ticket.unresolved", *facts]]
    stay = Stay("1", "CODE", "UNRESOLVED", IN, OUT, 1, overpaid=False, being_let_out="1" in being_let_out(written))
    assert stay.half_way is leaving


def made(at_us: int, *, arm_down: bool = True, vacant_us: int = 0, risen: int = 0) -> Made:
    return Made(IN, 2, at_us, at_us + 400_000, vacant_us, arm_down, risen)


@pytest.mark.parametrize(
    ("contacts", "again"),
    [
        ([made(1)], 0),
        ([made(1), made(6_000_000, risen=1)], 1),
        ([made(1), made(6_000_000, arm_down=False, risen=1)], 0),
        ([made(1), made(6_000_000, vacant_us=1, risen=1)], 0),
        ([made(1), made(9_000_000, risen=1)], 0),
        ([made(1), made(9_000_000, risen=1), made(15_000_000, risen=2)], 1),
    ],
)
def test_an_arm_that_came_down_unused_may_be_told_again_by_the_daemon_that_told_it(
    contacts: list[Made], again: int
) -> None:
    # Boards that answer late, seed 302: a driver dawdled, the arm came down, and the same ticket raised it again.
    assert told_again(contacts, killed_us=8_000_000, rises_within_us=20_000_000) == again


@pytest.mark.parametrize(
    ("contacts", "again"),
    [
        ([made(1), made(20_000_001)], 1),
        ([made(1), made(19_999_999)], 0),
        # The arm notices no contact within 50 ms: a chattering relay's pulses find it down, one like the other.
        ([made(100_000 * number) for number in range(12)], 0),
        ([made(1), made(30_000)], 0),
    ],
)
def test_an_arm_that_has_not_risen_may_be_told_again_when_the_lot_takes_it_for_silent(
    contacts: list[Made], again: int
) -> None:
    assert told_again(contacts, killed_us=90_000_000, rises_within_us=20_000_000) == again


@pytest.mark.parametrize(("vacant_us", "for_somebody"), [(0, True), (3_000, True), (60_000, False), (240_000, False)])
def test_an_order_may_cross_with_the_news_on_the_wire_but_waits_for_nobody(vacant_us: int, for_somebody: bool) -> None:
    assert made(1, vacant_us=vacant_us).for_somebody is for_somebody


def counts(found: Findings) -> tuple[int, ...]:
    return found.lost, found.twice, found.phantom_opens, found.left_pulsing, found.moved_after_restart
