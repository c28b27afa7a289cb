"""Lanes that wait for the disk at the same time wait for it once, and none of them for another's mistake."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from edge.store import Store, StoreUnavailable, Transaction
from edge.store.database import looking_into
from models.ids import TicketId
from tests.edge.lots import Lot
from tests.edge.test_store import a_busy_lot, a_car_enters, facts_in

LANES = 40


@pytest.fixture
def lot(tmp_path: Path) -> Lot:
    return a_busy_lot(tmp_path)


def commits_of(store: Store) -> list[str]:
    """Filled as the store goes on."""
    said: list[str] = []
    store._write_connection.set_trace_callback(lambda sql: said.append(sql) if sql == "COMMIT" else None)
    return said


async def all_at_once(store: Store, *more: Callable[[Transaction], object]) -> list[object]:
    decisions = [lambda tx, n=n: a_car_enters(tx, f"C{n}") for n in range(LANES)]
    decisions[LANES // 2 : LANES // 2] = more  # type: ignore[assignment]
    return await asyncio.gather(*map(store.write, decisions), return_exceptions=True)


def tickets_of(lot: Lot) -> set[object]:
    return {id for (id,) in lot.rows("SELECT id FROM tickets")}


async def test_lanes_that_wait_at_the_same_time_share_a_commit(lot: Lot) -> None:
    commits = commits_of(lot.store)
    answers = await all_at_once(lot.store)
    assert set(answers) == tickets_of(lot)
    assert len(commits) <= LANES // 8
    assert len(facts_in(lot.path)) > 2 * LANES


async def test_a_lane_that_is_alone_has_a_commit_of_its_own(lot: Lot) -> None:
    commits = commits_of(lot.store)
    for number in range(3):
        await lot.store.write(lambda tx, number=number: a_car_enters(tx, f"A{number}"))
    assert len(commits) == 3


async def test_a_decision_that_fails_undoes_no_other_and_is_told_to_its_own_lane(lot: Lot) -> None:
    def fails(tx: Transaction) -> object:
        a_car_enters(tx, "WRONG")
        raise ZeroDivisionError

    answers = await all_at_once(lot.store, fails)
    failed = [each for each in answers if isinstance(each, Exception)]
    assert [type(each) for each in failed] == [ZeroDivisionError]
    assert {each for each in answers if isinstance(each, str)} == tickets_of(lot)
    assert len(tickets_of(lot)) == LANES
    facts_in(lot.path)  # one chain, without a hole


async def test_a_rule_that_one_breaks_is_broken_by_that_one_only(lot: Lot) -> None:
    def refers_to_nobody(tx: Transaction) -> object:
        return tx.connection.execute("UPDATE tickets SET spot_id = 'nobody' WHERE id = ?", (a_car_enters(tx, "W"),))

    answers = await all_at_once(lot.store, refers_to_nobody)
    assert [type(each) for each in answers if isinstance(each, Exception)] == [sqlite3.IntegrityError]
    assert len(tickets_of(lot)) == LANES


async def test_a_stranger_who_holds_the_file_costs_all_who_wait_and_nothing_half(lot: Lot) -> None:
    lot.store._write_connection.execute("PRAGMA busy_timeout = 10")
    stranger = sqlite3.connect(lot.path, isolation_level=None)
    stranger.execute("BEGIN IMMEDIATE")
    answers = await all_at_once(lot.store)
    assert {type(each) for each in answers} == {StoreUnavailable}
    stranger.execute("ROLLBACK")
    stranger.close()
    assert tickets_of(lot) == set()
    assert len(set(await all_at_once(lot.store))) == LANES


async def test_a_stream_that_ends_among_others_goes_on_in_a_new_one(lot: Lot) -> None:
    """What was known of where a stream stands is forgotten within a commit, too."""
    old = stream_of(lot)

    def part(tx: Transaction) -> None:
        tx.streams_changed()
        tx.connection.execute("UPDATE streams SET acked = 0")

    answers = await all_at_once(lot.store, part)
    assert {each for each in answers if each} == tickets_of(lot)
    assert stream_of(lot) == old
    facts_in(lot.path)


def stream_of(lot: Lot) -> object:
    with looking_into(lot.path) as connection:
        return connection.execute("SELECT stream_id FROM streams WHERE stream = 'ledger'").fetchone()[0]


async def test_of_what_nobody_waits_for_any_more_only_what_had_begun_is_done(lot: Lot) -> None:
    begun: list[asyncio.Task[object]] = [
        asyncio.ensure_future(lot.store.write(lambda tx, n=n: a_car_enters(tx, f"N{n}"))) for n in range(LANES)
    ]
    await asyncio.sleep(0)
    for task in begun[1::2]:
        task.cancel()
    answers = await asyncio.gather(*begun, return_exceptions=True)
    there = {TicketId(str(each)) for each in answers if isinstance(each, str)}
    assert len(there) == LANES // 2
    assert there <= tickets_of(lot)


async def test_no_lane_shares_a_commit_with_what_takes_long(lot: Lot) -> None:
    commits = commits_of(lot.store)
    long = [lot.store.write(lambda tx, n=n: a_car_enters(tx, f"L{n}"), alone=True) for n in range(3)]
    short = [lot.store.write(lambda tx, n=n: a_car_enters(tx, f"S{n}")) for n in range(3)]
    in_turn = [each for pair in zip(short, long, strict=True) for each in pair]
    assert len(set(await asyncio.gather(*in_turn))) == 6
    assert len(commits) == 6, "each between two that take long is alone, too"


async def test_what_goes_wrong_after_the_commit_makes_nothing_happen_again(
    lot: Lot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_memory() -> bool:
        raise MemoryError

    monkeypatch.setattr(lot.store._reserve, "keep", no_memory)
    assert set(await all_at_once(lot.store)) == tickets_of(lot)
    assert len(tickets_of(lot)) == LANES
