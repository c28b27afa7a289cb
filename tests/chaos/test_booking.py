"""The oracle of `make chaos CHAOS=booking`: what it must find, it finds."""

from __future__ import annotations

from tests.chaos.booking import run
from tests.chaos.booking_oracle import Oracle, Verdict, Wish

HERE = ("lot", "REGULAR")


def oracle(*wishes: Wish) -> Oracle:
    found = Oracle({HERE: 1})
    for wish in wishes:
        found.wishes[wish.key] = wish
    return found


def row(id: str, status: str = "BOOKED", minutes: int = 10) -> dict[str, object]:
    return {
        "id": id,
        "lot_id": "lot",
        "spot_type": "REGULAR",
        "start_time": 0,
        "end_time": minutes * 60_000_000,
        "status": status,
    }


def test_the_oracle_sees_two_at_one_moment_until_the_lot_knows_of_the_end() -> None:
    one, two, three = (Wish(key, HERE, 5, 15) for key in ("a", "b", "c"))
    found = oracle(one, two, three)
    found.accepted(one, "1")
    found.accepted(one, "1")
    found.ended("1")
    found.accepted(two, "2")
    assert found.oversold == []
    found.accepted(three, "3")
    assert len(found.oversold) == 1


def test_the_oracle_sees_what_is_lost_twice_or_told_to_nobody() -> None:
    one, two = Wish("a", HERE, 0, 10), Wish("b", HERE, 20, 30)
    found = oracle(one, two)
    found.accepted(one, "1")
    found.accepted(two, "2")
    rows = [row("1"), row("2")]
    assert found.judged(rows) == Verdict(2, 2, 0, 0, 0)
    assert found.judged(rows[:1]).lost == 1
    assert found.judged([row("1", "CANCELLED"), row("2")]).lost == 1
    assert found.judged([row("1", minutes=11), row("2")]).lost == 1
    assert found.judged([*rows, row("3")]).twice == 1
    found.accepted(two, "3")
    assert found.judged([*rows, row("3")]).twice == 1


def test_nothing_is_oversold_while_processes_and_postgresql_are_killed_and_each_lack_is_found() -> None:
    outcome = run(300, seed=6, lots=2, places=4, processes=2, kills=2, answers_within=1.0)
    assert outcome.clean, outcome
    assert outcome.verdict.oversold == 0
    assert outcome.answers["sold_out"] > 0
    assert outcome.victims["postgres"]
    assert outcome.victims["api"]
    assert outcome.control == {"LOCK": True, "KEY": True, "NONE": True}
