"""Evidence pictures: whole or not at all, found by their hash, the oldest gone first, each deletion on record."""

from __future__ import annotations

import asyncio
import hashlib
import multiprocessing
import os
import signal
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from edge.faults import FaultBoard
from edge.lane.signals import Blind
from edge.retention.keep import Keep
from edge.retention.rounds import Retention
from edge.retention.space import Space
from edge.retention.streams import give_up_telemetry
from edge.sight import Sight
from edge.store import StoreUnavailable, journal
from edge.store.database import looking_into
from edge.store.pictures import Pictures
from edge.vision.events import CameraCleared, CameraFault
from edge.vision.faults import FROZEN, PICTURES_NOT_KEPT
from models.facts import MachineMeasured
from models.faults import Fault
from models.instants import HOUR, Instant
from tests.edge.lots import IN, NOON, Lot, a_lot

KB = 1000


def a_picture(number: int, size: int = KB) -> bytes:
    return number.to_bytes(4, "big") * (size // 4)


@pytest.fixture
def pictures(tmp_path: Path) -> Pictures:
    return Pictures(tmp_path / "pictures")


def with_ten(pictures: Pictures) -> list[str]:
    """Ten pictures of a kilobyte, taken an hour apart."""
    return [pictures.put(a_picture(number), Instant(NOON + number * HOUR)) for number in range(10)]


def left(pictures: Pictures, hashes: list[str]) -> list[int]:
    return [number for number, hash in enumerate(hashes) if pictures.get(hash) is not None]


def test_a_picture_is_found_by_the_hash_of_its_content_and_kept_once(pictures: Pictures) -> None:
    hash = pictures.put(b"a car", NOON)
    assert hash == hashlib.sha256(b"a car").hexdigest() == pictures.put(b"a car", NOON)
    assert pictures.get(hash) == b"a car"
    assert pictures.total() == len(b"a car")


def test_nothing_but_a_picture_is_given_out(pictures: Pictures, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    assert pictures.get("../secret") is None
    assert pictures.get("0" * 64) is None
    hash = pictures.put(b"a car", NOON)
    (tmp_path / "pictures" / hash[:2] / hash).write_bytes(b"another car")
    assert pictures.get(hash) is None, "what the disk has spoilt isn't evidence"


def test_the_oldest_go_first(pictures: Pictures) -> None:
    hashes = with_ten(pictures)
    gone = pictures.drop(pictures.oldest(2500, limit=100))
    assert (gone.count, gone.size, gone.up_to) == (3, 3 * KB, NOON + 2 * HOUR)
    assert left(pictures, hashes) == list(range(3, 10))


def writes_pictures_until_it_dies(folder: Path, report: int) -> None:
    pictures, number = Pictures(folder), 0
    while True:
        number += 1
        os.write(report, pictures.put(os.urandom(200 * KB), NOON).encode())


def test_a_daemon_killed_while_it_writes_leaves_whole_pictures_only(pictures: Pictures, tmp_path: Path) -> None:
    ours, theirs = os.pipe()
    process = multiprocessing.get_context("fork").Process(
        target=writes_pictures_until_it_dies, args=(tmp_path / "pictures", theirs)
    )
    process.start()
    os.close(theirs)
    time.sleep(0.3)
    process.kill()
    process.join(10)
    assert process.exitcode == -signal.SIGKILL
    with os.fdopen(ours) as told:
        said = told.read()
    hashes = [said[start : start + 64] for start in range(0, len(said) // 64 * 64, 64)]
    assert hashes
    assert all(pictures.get(hash) is not None for hash in hashes), "what was reported is there"
    assert all(pictures.get(picture.hash) is not None for picture in pictures.all())
    pictures.sweep()
    assert not list((tmp_path / "pictures").glob("??/*.part"))


def goes_round(lot: Lot, pictures: Pictures, keep: Keep) -> None:
    asyncio.run(Retention(keep, lot.store, pictures, lambda: (), lot.clock).round())


def test_what_a_vision_process_left_half_written_goes_by_itself_and_what_is_being_written_stays(
    tmp_path: Path, pictures: Pictures
) -> None:
    lot, left_behind = a_lot(tmp_path), tmp_path / "pictures" / "ab" / "cd.part"
    hash = pictures.put(b"a car", lot.clock.wall)
    left_behind.parent.mkdir()
    left_behind.write_bytes(b"half a car")
    retention = Retention(Keep(), lot.store, pictures, lambda: (), lot.clock)
    asyncio.run(retention.round())
    assert left_behind.exists(), "it may be on its way: whose clock is right isn't known"
    written = left_behind.with_name("ef.part")
    written.write_bytes(b"another")
    asyncio.run(retention.round())
    assert (left_behind.exists(), written.exists(), pictures.get(hash)) == (False, True, b"a car")


def test_a_round_keeps_the_pictures_below_their_most_and_says_so(tmp_path: Path, pictures: Pictures) -> None:
    lot, hashes = a_lot(tmp_path), with_ten(pictures)
    lot.clock.forward(hours=24)
    goes_round(lot, pictures, Keep(pictures_bytes=6 * KB))
    assert left(pictures, hashes) == [4, 5, 6, 7, 8, 9]
    assert lot.rows("SELECT disk_class, count, up_to, why FROM deletions") == [
        ("pictures", 4, NOON + 3 * HOUR, "space")
    ]
    lot.clock.forward(hours=24 * 30 - 20)
    goes_round(lot, pictures, Keep(pictures_bytes=6 * KB))
    assert left(pictures, hashes) == [5, 6, 7, 8, 9], "and lets the old ones go"


@pytest.mark.parametrize(("fault", "heard"), [(PICTURES_NOT_KEPT, []), (FROZEN, [Blind(True), Blind(False)])])
def test_a_lane_whose_pictures_cant_be_kept_is_not_blind(fault: Fault, heard: list[Blind]) -> None:
    """With its control: of a frozen camera the lane is told."""
    told, board = list[Blind](), FaultBoard(lambda decision: None)
    lane: Any = SimpleNamespace(hear=told.append)
    sight = Sight({IN: lane}, [], board)
    sight.heard(CameraFault(IN, fault.code, "No space left on device"))
    assert [(open.source, open.code) for open in board.open()] == [("in.camera", fault.code)]
    sight.heard(CameraCleared(IN, fault.code))
    assert (told, board.open()) == (heard, [])


def measures(lot: Lot, count: int) -> None:
    for _ in range(count):
        measured = MachineMeasured(at=lot.clock.wall, disk_free=1, disk_total=2, store_bytes=3, millidegrees=None)
        lot.decide(lambda tx, measured=measured: tx.record(measured))


def facts_left(lot: Lot, stream: str) -> int:
    return int(str(lot.one("SELECT count(*) FROM journal JOIN streams USING (stream_id) WHERE stream = ?", stream)))


async def test_when_space_runs_out_pictures_go_first_telemetry_next_the_ledger_never(
    tmp_path: Path, pictures: Pictures
) -> None:
    lot, hashes = a_lot(tmp_path), with_ten(pictures)
    space = Space(lot.store, pictures)
    measures(lot, 20)
    ledger = facts_left(lot, "ledger")

    assert await space.give_up(3 * KB) == 3 * KB
    assert left(pictures, hashes) == list(range(3, 10))
    assert facts_left(lot, "telemetry") == 20

    assert 8 * KB <= await space.give_up(8 * KB) < 9 * KB
    assert left(pictures, hashes) == []
    assert 0 < facts_left(lot, "telemetry") < 20

    assert await space.give_up(1000 * KB) > 0
    assert facts_left(lot, "telemetry") == 1, "the last one carries the chain"
    assert await space.give_up(KB) == 0, "there is nothing more to give"
    assert facts_left(lot, "ledger") == ledger + 4, "and the ones that say what was given up"
    assert lot.rows("SELECT disk_class, sum(count), why FROM deletions GROUP BY disk_class ORDER BY disk_class") == [
        ("pictures", 10, "space"),
        ("telemetry", 19, "space"),
    ]


async def test_pictures_that_went_while_nothing_could_be_written_are_put_on_record_later(
    tmp_path: Path, pictures: Pictures
) -> None:
    lot = a_lot(tmp_path)
    with_ten(pictures)
    space = Space(lot.store, pictures)
    (pages,) = lot.store._write_connection.execute("PRAGMA page_count").fetchone()
    lot.store._write_connection.execute(f"PRAGMA max_page_count = {pages}")
    fill_up(lot)
    assert await space.give_up(3 * KB) == 3 * KB
    assert lot.one("SELECT count(*) FROM deletions") == 0
    lot.store._write_connection.execute("PRAGMA max_page_count = 100000")
    assert await space.give_up(KB) == KB
    assert lot.rows("SELECT disk_class, count, why FROM deletions") == [("pictures", 4, "space")]


def fill_up(lot: Lot) -> None:
    """Until the store takes no more."""
    with pytest.raises(StoreUnavailable, match="full"):
        measures(lot, 100_000)


def test_dropped_telemetry_leaves_a_checkpoint_that_says_where_the_cloud_stood(tmp_path: Path) -> None:
    lot = a_lot(tmp_path)
    measures(lot, 5)
    with looking_into(lot.path) as connection:
        head = journal.head_of(connection, "telemetry")
        assert head is not None
    lot.decide(lambda tx: journal.mark_acked(tx.connection, "telemetry", head.stream_id, 2, tx.at))
    with looking_into(lot.path) as connection:
        second, fourth = (journal.hash_at(connection, head.stream_id, seq) for seq in (2, 4))
    lot.decide(lambda tx: give_up_telemetry(tx, 1000 * KB, 500))
    assert lot.rows("SELECT stream, seq, hash, count, why, told_seq, told_hash FROM checkpoints") == [
        ("telemetry", 4, fourth, 4, "space", 2, second)
    ]
    with looking_into(lot.path) as connection:
        assert journal.hash_at(connection, head.stream_id, 2) == second
        assert journal.hash_at(connection, head.stream_id, 3) is None
