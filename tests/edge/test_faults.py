"""The board of faults: each raised once, cleared once, and everybody's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.faults import FaultBoard, forget_faults_of_last_run
from tests.edge.lots import Lot, a_lot

RECORD = "SELECT source, code, detail, cleared_at IS NULL FROM faults ORDER BY rowid"


@pytest.fixture
def lot(tmp_path: Path) -> Lot:
    return a_lot(tmp_path)


@pytest.fixture
def board(lot: Lot) -> FaultBoard:
    return FaultBoard(lot.decide)


def test_a_fault_that_goes_on_is_on_record_once(lot: Lot, board: FaultBoard) -> None:
    for _ in range(3):
        board.raise_("in.camera", "camera.lost", "no frames")
    assert lot.rows(RECORD) == [("in.camera", "camera.lost", "no frames", 1)]


def test_a_fault_that_comes_back_is_another(lot: Lot, board: FaultBoard) -> None:
    for detail in ("first", "second"):
        board.raise_("in.camera", "camera.lost", detail)
        board.clear("in.camera", "camera.lost")
        board.clear("in.camera", "camera.lost")
    assert [row[2:] for row in lot.rows(RECORD)] == [("first", 0), ("second", 0)]
    assert lot.one("SELECT count(*) FROM journal WHERE type = 'fault.cleared'") == 2


def test_a_lane_sees_its_own_faults_and_not_those_of_a_lane_with_a_longer_name(board: FaultBoard) -> None:
    for source in ("in", "in.camera", "in-2", "in-2.camera", "inner.barrier"):
        board.raise_(source, "camera.lost", "")
    assert [fault.source for fault in board.open("in")] == ["in", "in.camera"]
    assert len(board.open()) == 5


def test_what_a_fault_says_is_cut_to_what_fits_into_a_fact(lot: Lot, board: FaultBoard) -> None:
    board.raise_("in", "lane.contradiction", "x" * 100_000)
    assert lot.one("SELECT length(detail) FROM faults") == 300


def test_a_fresh_start_clears_what_the_last_run_left(lot: Lot, board: FaultBoard) -> None:
    board.raise_("in.camera", "camera.lost", "")
    board.raise_("in.barrier", "device.silent", "")
    board.clear("in.barrier", "device.silent")
    lot.decide(forget_faults_of_last_run)
    lot.decide(forget_faults_of_last_run)
    assert lot.one("SELECT count(*) FROM faults WHERE cleared_at IS NULL") == 0
    assert lot.one("SELECT count(*) FROM journal WHERE type = 'fault.cleared'") == 2
