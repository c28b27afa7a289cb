"""What becomes of a lot's streams, files and disk when its store is damaged, and another one is made of it."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from edge.retention.streams import begin_telemetry_anew
from edge.store import Store, Transaction, chain, journal, streams
from edge.store.checkpoints import Checkpoint, keep_checkpoint
from edge.store.damage import headmark, quarantine, rebuilding
from edge.store.damage.headmark import mark_path
from edge.store.damage.quarantine import Renewal
from edge.store.reopening import begin, go_on
from edge.sync import uplink
from models.facts import DaemonStarted, TelemetryBegun
from models.ids import StreamId
from tests.edge.lots import LOT, HandClock, Lot, a_lot
from tests.edge.wires import Books, journals_of, send_all

CARS = 12
TELEMETRY = StreamId("0193e1a0-0000-7000-8000-0000000000aa")


def a_used_lot(folder: Path, lacking: int) -> tuple[Path, Books, journal.Head]:
    """A closed lot of which the cloud has all facts but so many: its file, what the cloud has, and where it stood."""
    lot, books = a_lot(folder), Books()
    for number in range(CARS):
        lot.enters(f"CAR{number}") if number < 4 else lot.arrives(f"CAR{number}")
    head = lot.store._read_now(lambda connection: journal.head_of(connection, "ledger"))
    assert head is not None
    had = head.seq - lacking
    lot.decide(lambda tx: journal.mark_acked(tx.connection, "ledger", head.stream_id, had, tx.at))
    books.put(head.stream_id, journals_of(lot.store)[head.stream_id][:had])
    lot.store.close()
    return lot.path, books, journal.Head("ledger", head.stream_id, head.seq, head.hash, had)


def strike(path: Path, sql: str, *parameters: object) -> None:
    """What a lost page leaves, put there by hand."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(sql, parameters)
        connection.commit()


def opened(path: Path) -> tuple[Store, Renewal]:
    """The store as it is begun anew: `suspected`, as when a round has found it."""
    store = Store(path, LOT, HandClock(), suspected="a page of it")
    renewal = store._read_now(quarantine.last_renewal)
    assert renewal is not None
    return store, renewal


def the_last_leaf(path: Path, head: journal.Head) -> None:
    strike(path, "DELETE FROM journal WHERE seq > ?", head.seq - 6)


def all_that_the_cloud_has_but_its_last(path: Path, head: journal.Head) -> None:
    strike(path, "DELETE FROM journal WHERE seq < ?", head.acked)


Loss = Callable[[Path, journal.Head], None]
LOSSES = pytest.mark.parametrize(
    ("lacking", "loss"), [(0, the_last_leaf), (5, all_that_the_cloud_has_but_its_last)], ids=["nothing", "the next one"]
)


@LOSSES
def test_a_stream_goes_on_though_the_facts_that_the_cloud_has_are_lost(
    tmp_path: Path, lacking: int, loss: Loss
) -> None:
    path, books, head = a_used_lot(tmp_path, lacking)
    loss(path, head)
    store, renewal = opened(path)
    with closing(store):
        assert asyncio.run(send_all(store, LOT, books)) == set()
    assert books.strange == []
    assert books.order == [head.stream_id], "the stream goes on"
    assert books.end(head.stream_id)[0] == head.seq + 1
    assert (renewal.facts_lost, renewal.rows_lost) == (0, ("journal",))


@LOSSES
def test_without_a_checkpoint_such_a_stream_never_moves_again(
    tmp_path: Path, lacking: int, loss: Loss, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control."""
    monkeypatch.setattr(rebuilding, "_put_beginning", lambda *_: None)
    path, books, head = a_used_lot(tmp_path, lacking)
    loss(path, head)
    store, _ = opened(path)
    with closing(store), pytest.raises(TimeoutError):
        asyncio.run(send_all(store, LOT, books, seconds=1))


def test_a_store_that_is_damaged_again_still_knows_what_its_first_fact_follows(tmp_path: Path) -> None:
    path, books, head = a_used_lot(tmp_path, 0)
    the_last_leaf(path, head)
    opened(path)[0].close()
    store, renewal = opened(path)
    with closing(store):
        assert asyncio.run(send_all(store, LOT, books)) == set()
    assert renewal.former_stream_id is None
    assert renewal.facts_lost == 0
    assert books.end(head.stream_id)[0] == head.seq + 2


def test_without_its_own_account_of_the_stream_what_was_pruned_is_known_to_be_with_the_cloud(tmp_path: Path) -> None:
    path, books, head = a_used_lot(tmp_path, 0)
    the_last_leaf(path, head)
    store, _ = opened(path)
    with closing(store):
        store.write_now(lambda tx: tx.record(DaemonStarted(release="0", at=tx.at.wall)))  # leaves a mark
        asyncio.run(send_all(store, LOT, books))
    strike(path, "DELETE FROM streams")
    store, renewal = opened(path)
    with closing(store):
        assert asyncio.run(send_all(store, LOT, books)) == set()
    assert renewal.facts_lost == 0
    assert books.order == [head.stream_id]


def test_what_was_taken_of_the_clouds_intents_is_still_known(tmp_path: Path) -> None:
    path, _, _ = a_used_lot(tmp_path, 0)
    strike(path, "UPDATE intents_taken SET revision = 7")
    store, renewal = opened(path)
    with closing(store):
        assert store._read_now(
            lambda connection: connection.execute("SELECT revision FROM intents_taken").fetchone()[0]
        )
    assert renewal.rows_lost == ()


def test_a_telemetry_of_which_nothing_is_left_goes_on_as_well(tmp_path: Path) -> None:
    path, _, _ = a_used_lot(tmp_path, 0)
    strike(path, "INSERT INTO streams VALUES ('telemetry', ?, 9, ?, 9, 0)", TELEMETRY, "a" * 64)
    store, _ = opened(path)
    with closing(store):
        assert store._read_now(lambda connection: journal.hash_at(connection, TELEMETRY, 9)) == "a" * 64


# --- a new stream, and then the power goes ---


class Card:
    """What a power cut leaves of the mark beside a store: what was synced."""

    def __init__(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._mark, self._sync = mark_path(path), os.fsync
        self._durable = self._mark.read_bytes()
        monkeypatch.setattr(headmark.os, "fsync", self._synced)

    def _synced(self, file: int) -> None:
        self._sync(file)
        if os.fstat(file).st_ino == self._mark.stat().st_ino:
            self._durable = self._mark.read_bytes()

    def power_cut(self) -> None:
        self._mark.write_bytes(self._durable)


def a_new_ledger(tx: Transaction, why: str = "forked") -> None:
    opened = begin(tx, "ledger", 5, 1, why).stream_id
    while not go_on(tx, opened):
        pass


def a_new_telemetry(tx: Transaction) -> None:
    head = journal.head_of(tx.connection, "telemetry")
    assert head is not None
    assert begin_telemetry_anew(tx, head.stream_id, 0)


Change = Callable[[Transaction], None]
CHANGES = pytest.mark.parametrize("change", [a_new_ledger, a_new_telemetry])


def a_lot_with_telemetry(folder: Path, facts: int = 3) -> Lot:
    lot = a_lot(folder)
    lot.enters("AB12CDE")
    lot.decide(lambda tx: [tx.record(TelemetryBegun(after=TELEMETRY, at=tx.at.wall)) for _ in range(facts)])
    return lot


def comes_back_whole(folder: Path, change: Change, monkeypatch: pytest.MonkeyPatch) -> bool:
    lot = a_lot_with_telemetry(folder)
    card = Card(lot.path, monkeypatch)
    lot.decide(change)
    lot.store.close()
    card.power_cut()
    with closing(Store(lot.path, LOT, HandClock())) as store:
        return store._read_now(quarantine.last_renewal) is None


@CHANGES
def test_a_power_cut_after_a_new_stream_is_no_damage(
    tmp_path: Path, change: Change, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert comes_back_whole(tmp_path, change, monkeypatch)


def test_if_the_mark_were_not_forgotten_the_left_stream_would_be_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control. A ledger that was left is still listed, a telemetry isn't."""
    monkeypatch.setattr(headmark.HeadMark, "forget", lambda _: None)
    assert not comes_back_whole(tmp_path, a_new_telemetry, monkeypatch)


def test_who_walks_through_a_telemetry_that_is_left_meanwhile_finds_no_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def found() -> list[chain.Break]:
        lot = a_lot_with_telemetry(tmp_path / str(len(list(tmp_path.iterdir()))), chain.AT_ONCE + 10)
        telemetry = lot.store._read_now(lambda connection: chain.streams(connection))[-1]
        walk = chain.walk(lot.store._read_connection, LOT, telemetry)
        first = next(walk)
        lot.decide(a_new_telemetry)
        return [each for each in (first, *walk) if isinstance(each, chain.Break)]

    assert found() == []
    monkeypatch.setattr(chain, "_is_there", lambda *_: True)
    assert found() != [], "the control"


# --- a past of which nothing is left ---


def left_behind_what_was_dropped(folder: Path) -> tuple[Lot, Books, StreamId]:
    """The stream was left after fact 5, and the lot has dropped all up to fact 8 of it."""
    lot, books = a_lot(folder), Books()
    for number in range(4):
        lot.enters(f"CAR{number}")
    head = lot.store._read_now(lambda connection: journal.head_of(connection, "ledger"))
    assert head is not None
    facts = journals_of(lot.store)[head.stream_id]
    books.put(head.stream_id, facts[:5])
    at = Checkpoint("ledger", head.stream_id, 8, facts[7].hash, 8, lot.clock.wall, "age", None, None)
    lot.decide(lambda tx: keep_checkpoint(tx.connection, at))
    lot.decide(lambda tx: tx.connection.execute("DELETE FROM journal WHERE seq <= 8"))
    lot.decide(lambda tx: a_new_ledger(tx, streams.DAMAGED))  # so that its past goes up at once
    return lot, books, head.stream_id


def test_of_a_stream_that_was_left_nothing_goes_up_that_is_not_the_lots_past(tmp_path: Path) -> None:
    lot, books, left = left_behind_what_was_dropped(tmp_path)
    asyncio.run(send_all(lot.store, LOT, books))
    assert books.end(left)[0] == 5


def test_if_any_fact_of_it_made_it_the_past_more_would_go_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control."""
    lot, books, left = left_behind_what_was_dropped(tmp_path)
    monkeypatch.setattr(streams, "_has_some_of", lambda *_: True)
    monkeypatch.setattr(uplink, "max", lambda _, more: more, raising=False)
    asyncio.run(send_all(lot.store, LOT, books))
    assert books.end(left)[0] > 5
