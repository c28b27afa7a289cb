"""Where a damaged store goes: on a full disk, beside others that were set aside, and after the days for plates."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from edge.retention.keep import Keep
from edge.retention.rounds import Retention
from edge.store import Store
from edge.store.damage import quarantine, salvage
from edge.store.pictures import Pictures
from models.instants import HOUR, Instant
from tests.edge.lots import LOT, NOON, HandClock, Lot, a_lot
from tests.edge.test_store_watch import Watched

CARS = 5


def a_closed_lot(folder: Path) -> Path:
    lot = a_lot(folder)
    for number in range(CARS):
        lot.arrives(f"CAR{number}")
    lot.store.close()
    return lot.path


def a_killed_lot(folder: Path) -> Path:
    """As its files lie there when its power went: what came last stands in the log."""
    lot = a_lot(folder / "alive")
    for number in range(CARS):
        lot.arrives(f"CAR{number}")
    shutil.copytree(folder / "alive", folder / "killed", ignore=shutil.ignore_patterns("*.lock"))
    return folder / "killed" / lot.path.name


def a_full_disk(monkeypatch: pytest.MonkeyPatch, until_gone: Path | None = None) -> None:
    """It takes no copy of a store; `until_gone`: for as long as there is a picture in it."""
    copy = shutil.copyfile

    def refused(source: Path, target: Path) -> None:
        if until_gone is None or any(until_gone.glob("??/*")):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(target))
        copy(source, target)

    monkeypatch.setattr(salvage.shutil, "copyfile", refused)


def found_damaged(path: Path, pictures: Pictures | None = None) -> Store:
    return Store(path, LOT, HandClock(), suspected="a page of it", pictures=pictures)


def tickets(store: Store) -> int:
    return store._read_now(lambda connection: connection.execute("SELECT count(*) FROM tickets").fetchone()[0])


def test_pictures_go_before_a_damaged_store_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, pictures = a_closed_lot(tmp_path), Pictures(tmp_path / "pictures")
    pictures.put(b"a picture", Instant(7))
    a_full_disk(monkeypatch, until_gone=tmp_path / "pictures")
    with closing(found_damaged(path, pictures)) as store:
        assert tickets(store) == CARS
        assert len(quarantine.set_aside(path)) == 1
        assert store.given_up is not None
        assert (store.given_up.count, store.given_up.up_to) == (1, 7), "to be put on record"


def test_without_room_for_a_copy_the_damaged_file_itself_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = a_closed_lot(tmp_path)
    a_full_disk(monkeypatch)
    with closing(found_damaged(path)) as store:
        assert tickets(store) == CARS
        assert store.left_damaged == ""
    assert len(quarantine.set_aside(path)) == 1


async def test_a_damaged_store_whose_log_could_not_be_copied_is_worked_with_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = a_killed_lot(tmp_path)
    a_full_disk(monkeypatch)
    with closing(found_damaged(path)) as store:
        assert tickets(store) == CARS
        assert quarantine.set_aside(path) == []
        assert "no room" in store.left_damaged
        watched = Watched(Lot(store, HandClock(), path))
        watched.watch._found("a page of it")
        assert watched.damaged == [], "it isn't tried again and again"
        assert "store.damaged_again" in watched.board.open


def test_with_no_room_for_a_new_one_either_it_is_worked_with_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, connect = a_closed_lot(tmp_path), quarantine.connect

    def small(building: Path) -> sqlite3.Connection:
        connection = connect(building)
        connection.execute("PRAGMA max_page_count = 20")
        return connection

    monkeypatch.setattr(quarantine, "connect", small)
    with closing(found_damaged(path)) as store:
        assert tickets(store) == CARS
        assert "no room" in store.left_damaged
    assert {each.name for each in tmp_path.iterdir() if "building" in each.name or "salvage" in each.name} == set()


def test_if_a_full_disk_counted_as_nothing_left_all_would_be_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control."""
    monkeypatch.setattr(quarantine, "is_no_room", lambda _: False)
    path = a_closed_lot(tmp_path)
    a_full_disk(monkeypatch)
    with closing(found_damaged(path)) as store:
        assert tickets(store) == 0


def test_what_was_begun_and_never_finished_is_taken_away(tmp_path: Path) -> None:
    path = a_closed_lot(tmp_path)
    path.with_name(path.name + ".salvage").write_bytes(b"half a copy")
    Store(path, LOT, HandClock()).close()
    assert not path.with_name(path.name + ".salvage").exists()


# --- those that lie there ---


def lying(path: Path, count: int) -> list[Path]:
    made = [path.with_name(f"{path.name}.damaged-2026010{number + 1}T120000") for number in range(count)]
    for aside in made:
        aside.write_bytes(b"plates")
        aside.with_name(aside.name + "-wal").write_bytes(b"more of them")
    return made


@pytest.mark.parametrize(("count", "left"), [(quarantine.MOST_LYING - 1, False), (quarantine.MOST_LYING, True)])
def test_only_so_many_damaged_files_lie_beside_a_store(tmp_path: Path, count: int, left: bool) -> None:
    path = a_closed_lot(tmp_path)
    lying(path, count)
    with closing(found_damaged(path)) as store:
        assert tickets(store) == CARS
        assert ("lie beside it" in store.left_damaged) is left
        watched = Watched(Lot(store, HandClock(), path))
        watched.watch._found("another page")
    assert ("store.damaged_again" in watched.board.open) is True, "now there are too many in any case"
    assert len(quarantine.set_aside(path)) == quarantine.MOST_LYING


async def test_what_was_set_aside_goes_after_the_days_for_plates_and_that_is_on_record(tmp_path: Path) -> None:
    lot = a_lot(tmp_path)
    made = lying(lot.path, 2)
    keep = Keep(plates=30)
    since = max(quarantine.lies_since(aside) for aside in made)
    retention = Retention(keep, lot.store, Pictures(tmp_path / "pictures"), lambda: (), lot.clock)
    lot.clock.wall = Instant(since + 30 * 24 * HOUR - HOUR)
    await retention.round()
    assert all(aside.exists() for aside in made), "the control"
    lot.clock.wall = Instant(since + 30 * 24 * HOUR + HOUR)
    await retention.round()
    assert [each.name for each in tmp_path.iterdir() if ".damaged-" in each.name] == []
    erased = lot.rows("SELECT disk_class, count FROM deletions WHERE what LIKE 'damaged stores%'")
    assert erased == [("tickets", 2)]


def test_the_name_says_since_when_unless_the_file_system_knows_better(tmp_path: Path) -> None:
    later = tmp_path / "lot.sqlite.damaged-20991231T235959-2"
    later.write_bytes(b"")
    assert quarantine.lies_since(later) > NOON + 24 * 365 * 50 * HOUR
    of_1970 = tmp_path / "lot.sqlite.damaged-19700101T000000"
    of_1970.write_bytes(b"")
    assert quarantine.lies_since(of_1970) > 50 * 365 * 24 * HOUR
