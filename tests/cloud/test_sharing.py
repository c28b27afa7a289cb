"""Whoever comes or goes, the lots are divided evenly, every share has one holder, and few are moved."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cloud.ingest.sharing import ALL, SHARES, plan, share_of, topics
from models.ids import LotId
from tests.cloud.lots import an_id

Held = dict[int, frozenset[int]]


def everybody_looks(held: Held) -> Held:
    """One after another, as the database's locks have it: what is claimed by two goes to the first."""
    for me in list(held):
        todo = plan(me, held)
        assert todo.give_up <= held[me]
        free = ALL.difference(*held.values())
        held = {**held, me: held[me] - todo.give_up | (todo.claim & free)}
    return held


def settled(held: Held) -> Held:
    for _ in range(4):
        held = everybody_looks(held)
    return held


def evenly_divided(held: Held) -> bool:
    counts = [len(shares) for shares in held.values()]
    return sum(counts) == SHARES and frozenset().union(*held.values()) == ALL and max(counts) - min(counts) <= 1


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 999)), max_size=12))
def test_whoever_comes_and_goes_the_shares_end_divided_evenly(events: list[tuple[bool, int]]) -> None:
    held: Held = {0: frozenset()}
    for comes, who in events:
        if comes:
            held.setdefault(who, frozenset())
        elif len(held) > 1:
            del held[sorted(held)[who % len(held)]]
        held = settled(held)
        assert evenly_divided(held)
        assert settled(held) == held


@given(st.integers(1, 20))
def test_a_newcomer_moves_no_more_shares_than_it_gets(processes: int) -> None:
    before = settled(dict.fromkeys(range(processes), frozenset[int]()))
    after = settled({**before, 99: frozenset()})
    moved = sum(len(before[one] - after[one]) for one in before)
    assert moved == len(after[99]) == SHARES // (processes + 1)


@given(st.integers(2, 20))
def test_the_shares_of_one_that_dies_are_taken_and_no_others_moved(processes: int) -> None:
    before = settled(dict.fromkeys(range(processes), frozenset[int]()))
    dead = before.pop(0)
    after = settled(before)
    assert evenly_divided(after)
    assert all(before[one] <= after[one] for one in before)
    assert frozenset().union(*(after[one] - before[one] for one in before)) == dead


def test_two_that_look_at_once_seldom_want_the_same() -> None:
    held: Held = {1: frozenset(), 2: frozenset()}
    assert not plan(1, held).claim & plan(2, held).claim


def test_five_hundred_lots_are_spread_over_all_shares() -> None:
    spread = [share_of(LotId(an_id())) for _ in range(500)]
    assert all(share in ALL for share in spread)
    assert len(set(spread)) > SHARES * 0.9


def test_a_lots_share_never_changes() -> None:
    assert share_of(LotId("01920000-0000-7000-8000-000000000001")) == 40


def test_who_holds_all_hears_strangers_too_and_each_of_several_its_own_lots_only() -> None:
    lots = [LotId(an_id()) for _ in range(8)]
    assert topics(ALL, lots) == {"parkgate/v1/+/up/+", "parkgate/v1/+/up/+/ask", "parkgate/v1/+/state"}
    mine = frozenset({share_of(lots[0])})
    assert f"parkgate/v1/{lots[0]}/up/+" in topics(mine, lots)
    assert f"parkgate/v1/{lots[0]}/state" in topics(mine, lots)
    assert len(topics(mine, lots)) == 3 * sum(share_of(lot) in mine for lot in lots)
