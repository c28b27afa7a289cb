"""The store is looked after while the lot works: room, a log that is held open, damage, values that were changed."""

from __future__ import annotations

import asyncio
import multiprocessing
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from edge.digests import Digests
from edge.lane.signals import Allowed, Asked, Read, Refused
from edge.parking import lanes
from edge.parking.desks import EntryDesk
from edge.retention.keep import Keep
from edge.retention.rounds import Retention
from edge.store import Store, StoreFull, Transaction, journal, watch
from edge.store.damage import quarantine
from edge.store.pictures import Pictures
from edge.store.watch import StoreWatch
from edge.sync.commanding import verdict
from edge.sync.commanding.refusal_book import RefusalBook
from edge.telemetry.recorder import Recorder
from models.commands import CommandRefusal
from models.facts import DaemonStarted
from models.faults import Fault
from models.plates import Plate
from models.refusals import Refusal
from models.spots import VehicleType
from models.tickets import Direction
from tests.edge.lots import IN, LOT, NOON, TARIFF, HandClock, Lot, a_level, a_lot

_FORK = multiprocessing.get_context("fork")


@dataclass
class Board:
    """A `drivers.contract.FaultReporter` for a test to look at."""

    open: dict[str, str] = field(default_factory=dict[str, str])

    def raised(self, fault: Fault, detail: str) -> None:
        self.open[fault.code] = detail

    def cleared(self, fault: Fault) -> None:
        self.open.pop(fault.code, None)


@dataclass
class Watched:
    lot: Lot
    board: Board = field(default_factory=Board)
    damaged: list[str] = field(default_factory=list[str])
    asked_for_space: list[int] = field(default_factory=list[int])

    @property
    def watch(self) -> StoreWatch:
        return StoreWatch(self.lot.store, LOT, self.lot.clock, self.board, self.damaged.append, self._give_up_space)

    async def _give_up_space(self, wanted: int) -> int:
        self.asked_for_space.append(wanted)
        return 0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=30m", "tmpfs", str(folder)], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"a small disk can't be mounted here: {mounted.stderr.decode().strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(disk: Path) -> Path:
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return filler


def test_a_full_disk_is_a_fault_until_there_is_room_and_space_is_asked_for(small_disk: Path) -> None:
    watched = Watched(a_lot(small_disk, (a_level(0, REGULAR=400),)))
    filler = fill(small_disk)
    watched.lot.decide(lambda tx: tx.connection.execute("CREATE TABLE filler (x BLOB) STRICT"))
    watched.lot.decide(lambda tx: tx.connection.execute("INSERT INTO filler VALUES (randomblob(700000))"))
    asyncio.run(watched.watch.look())
    assert "store.full" in watched.board.open
    assert watched.asked_for_space
    with pytest.raises(StoreFull, match="reserve"):
        watched.lot.store.write_now(lambda tx: None, spare_reserve=True)
    watched.lot.enters("BYHAND1")  # what doesn't spare the reserve goes on
    filler.unlink()
    asyncio.run(watched.watch.look())
    assert "store.full" not in watched.board.open
    watched.lot.store.write_now(lambda tx: None, spare_reserve=True)
    watched.lot.store.close()


async def test_with_only_the_reserve_left_an_entry_is_told_to_wait(tmp_path: Path) -> None:
    lot = a_lot(tmp_path)
    desk = EntryDesk(IN, lot.store, lambda: TARIFF, {}, lambda: VehicleType.REGULAR)
    asked = Asked(Direction.ENTRY, Read(Plate("AB12CDE"), 0.99))
    lot.store._only_reserve = True
    assert await desk.decide(asked) == Refused(Refusal.NOT_RECORDED)
    lot.store._only_reserve = False
    assert isinstance(await desk.decide(asked), Allowed)


@pytest.mark.parametrize("full", [True, False], ids=["only the reserve is left", "the control: there is room"])
async def test_what_can_wait_leaves_the_reserve_to_those_who_leave(tmp_path: Path, full: bool) -> None:
    lot = a_lot(tmp_path)
    book = RefusalBook(lot.store, lot.clock, Board())
    desk = EntryDesk(IN, lot.store, lambda: TARIFF, {}, lambda: VehicleType.REGULAR)
    lot.store._only_reserve = full
    await Recorder(lot.store, lot.path, {}, None, lot.clock).tell(NOON, NOON)
    with suppress(StoreFull):
        await Digests(lot.store, lot.clock).write()
    await lot.store.write(desk.refuse(Refusal.NOT_RECORDED, Plate("AB12CDE")))
    book.note(verdict.Came.of(b"noise"), verdict.Refused(CommandRefusal.MALFORMED))
    working = asyncio.create_task(book.run())
    await asyncio.sleep(0.3)
    written = {kind for (kind,) in lot.rows("SELECT type FROM journal")}
    may_wait = {"machine.measured", "state.digested", "access.refused", "command.refused"}
    assert written & may_wait == (set() if full else may_wait)
    lot.store._only_reserve = False
    async with asyncio.timeout(10):
        while not lot.one("SELECT count(*) FROM journal WHERE type = 'command.refused'"):
            await asyncio.sleep(0.05)
    working.cancel()
    with suppress(asyncio.CancelledError):
        await working


def test_with_only_the_reserve_left_masking_waits_and_what_makes_room_goes_on(tmp_path: Path) -> None:
    lot = a_lot(tmp_path)
    lot.decide(lambda tx: lanes.refuse(tx, IN, Direction.ENTRY, Refusal.LOT_FULL, Plate("FULL1")))

    def acknowledged(tx: Transaction) -> None:
        head = journal.head_of(tx.connection, "ledger")
        assert head is not None
        journal.mark_acked(tx.connection, "ledger", head.stream_id, head.seq, tx.at)

    lot.decide(acknowledged)
    lot.clock.forward(hours=24 * 36)
    retention = Retention(Keep(), lot.store, Pictures(tmp_path / "pictures"), lambda: (), lot.clock)
    lot.store._only_reserve = True
    asyncio.run(retention.round())
    assert lot.one("SELECT license_plate FROM access_refusals") == "FULL1"
    assert lot.one("SELECT min(seq) FROM journal") != 1
    lot.store._only_reserve = False
    asyncio.run(retention.round())
    assert lot.one("SELECT license_plate FROM access_refusals") is None


def reads_for_ever(path: Path, ready: object) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("BEGIN")
        connection.execute("SELECT * FROM spots").fetchone()
        ready.set()  # type: ignore[attr-defined]
        multiprocessing.Event().wait()


def test_a_program_that_keeps_the_log_from_being_emptied_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "_LOG_TOO_LARGE", 50_000)
    watched, ready = Watched(a_lot(tmp_path)), _FORK.Event()
    stranger = _FORK.Process(target=reads_for_ever, args=(watched.lot.path, ready))
    stranger.start()
    ready.wait(30)
    watched.lot.enters("AB12CDE")
    asyncio.run(watched.watch.look())
    stranger.kill()
    assert f"process {stranger.pid} " in watched.board.open["store.held_open"]
    stranger.join()
    assert watched.lot.store.foreign_reader() is None


def test_the_log_shrinks_again_after_a_long_reader(tmp_path: Path) -> None:
    lot = a_lot(tmp_path)
    with closing(sqlite3.connect(lot.path, isolation_level=None)) as stranger:
        stranger.execute("BEGIN")
        stranger.execute("SELECT * FROM spots").fetchone()
        lot.decide(lambda tx: tx.connection.execute("CREATE TABLE filler (x BLOB) STRICT"))
        for _ in range(12):
            lot.decide(lambda tx: tx.connection.execute("INSERT INTO filler VALUES (randomblob(1000000))"))
        grown = lot.store.log_size()
        stranger.execute("COMMIT")
    for number in range(3):
        lot.enters(f"CAR{number}")
    assert grown > 12_000_000
    assert lot.store.log_size() <= 8 * 1024 * 1024


async def test_a_slow_round_finds_damage_and_says_so_once_the_store_has_to_be_begun_anew(tmp_path: Path) -> None:
    watched = Watched(a_lot(tmp_path))
    watched.lot.enters("AB12CDE")
    await watched.watch.all_through()
    assert watched.damaged == [], "the control: nothing is the matter"
    watched.lot.decide(lambda tx: tx.connection.execute("UPDATE journal SET body = '{}' WHERE seq = 2"))
    await watched.watch.all_through()
    assert len(watched.damaged) == 1
    assert "breaks at 2" in watched.damaged[0]


async def test_a_value_that_its_facts_do_not_say_is_set_right(tmp_path: Path) -> None:
    watched = Watched(a_lot(tmp_path))
    ticket = watched.lot.enters("AB12CDE").ticket
    watched.lot.decide(lambda tx: tx.connection.execute("UPDATE tickets SET amount_paid = 99999, entry_time = 5"))
    await watched.watch.all_through()
    assert watched.lot.rows("SELECT amount_paid, entry_time FROM tickets WHERE id = ?", ticket) == [
        (0, watched.lot.clock.wall)
    ]
    assert "2 values" in watched.board.open["store.set_right"]
    assert watched.damaged == []
    await watched.watch.all_through()
    assert watched.board.open == {}


def test_what_the_store_refuses_is_heard_of_and_it_is_not_begun_anew_for_ever(tmp_path: Path) -> None:
    watched = Watched(a_lot(tmp_path))
    watched.watch._found("a page")
    assert watched.damaged == ["a page"]
    for minute in range(quarantine.MOST_LATELY):
        (tmp_path / f"lot.sqlite.damaged-20261118T11060{minute}").write_text("")
    watched.watch._found("another page")
    assert watched.damaged == ["a page"]
    assert "store.damaged_again" in watched.board.open


def test_a_lost_commit_is_noticed_by_the_mark_beside_the_store(tmp_path: Path) -> None:
    """As after a damaged log, which SQLite drops from the damage on without a word."""
    lot = a_lot(tmp_path / "lot")
    lot.store.close()
    old = lot.path.read_bytes()
    again = Store(lot.path, LOT, HandClock())
    again.write_now(lambda tx: tx.record(DaemonStarted(release="0", at=tx.at.wall)))
    again.close()
    lot.path.write_bytes(old)
    with closing(Store(lot.path, LOT, HandClock())) as store:
        renewal = store._read_now(quarantine.begun_anew)
    assert renewal is not None
    assert renewal.facts_lost == 1
    assert "facts were committed" in renewal.why
