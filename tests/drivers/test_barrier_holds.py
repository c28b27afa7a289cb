"""An arm that is to stay up: what becomes of it when its board goes, and when the daemon stops."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from gpiozero.pins.mock import MockFactory

from drivers import relay_barrier
from drivers.contract import DriverContext, Position
from drivers.relay_barrier import RelayBarrierSettings
from tests.drivers.barrier_boards import PULSE, Board, a_relay, a_switch, on_a_board, written
from tests.drivers.boards import LCUS, a_bench, within
from tests.drivers.conftest import Notebook, eventually
from tests.drivers.pins import a_header, levels


@pytest.fixture(autouse=True)
def header(monkeypatch: pytest.MonkeyPatch) -> MockFactory:
    monkeypatch.setattr(relay_barrier, "LOOK_SECONDS", 0.05)
    return a_header(monkeypatch)


async def test_a_board_that_cannot_be_read_and_was_away_has_lost_its_hold(tmp_path: Path, started: Any):
    with (bench := a_bench(LCUS, tmp_path)).board:
        relay = {"driver": "lcus", "port": str(bench.board.link), "channel": 1}
        settings = {"open": relay, "hold_by": "maintained", "pulse": PULSE}
        barrier = await started(RelayBarrierSettings.model_validate(settings).build(bench.context))
        await within(lambda: barrier._contacts["open"].relay.on is False)
        await barrier.hold()
        assert barrier.position is Position.HELD
        bench.board.unplug(power_cut=True)
        await within(lambda: barrier.position is Position.UNKNOWN)
        bench.board.plug_in()
        await within(lambda: "relay.unplugged" not in bench.faults.on)
        assert (barrier.position, bench.made) == (Position.UNKNOWN, False)
        assert "barrier.hold_lost" in bench.faults.on
        await barrier.hold()
        assert (barrier.position, bench.faults.on) == (Position.HELD, {})
        await within(lambda: bench.made)


async def test_a_contact_of_which_nothing_is_known_has_lost_its_hold(context, started, faults: Notebook):
    board = Board(reads_back=False)
    barrier = await on_a_board(board, context, started)
    await barrier.hold()
    board.on = None
    await eventually(lambda: barrier.position is Position.UNKNOWN)
    assert faults.on == {"barrier.hold_lost": "open: the relay says nothing"}
    assert board.told.count(True) == 1


async def test_a_board_that_was_only_silent_holds_the_arm_still(context, started, faults: Notebook):
    board = Board()
    barrier = await on_a_board(board, context, started)
    await barrier.hold()
    board.on = None
    await eventually(lambda: "barrier.hold_lost" in faults.on)
    board.on = True
    await eventually(lambda: barrier.position is Position.HELD)
    assert (faults.on, board.told.count(True)) == ({}, 1)


async def test_a_contact_in_doubt_during_an_order_is_no_lost_hold(context, started, faults: Notebook):
    board = Board()
    barrier = await on_a_board(board, context, started)
    await barrier.hold()
    board.on, board.slow = None, 0.3
    await barrier.hold()
    assert (faults.ever, barrier.position) == ([], Position.HELD)


async def test_a_vend_of_an_arm_that_has_lost_its_hold_gives_no_pulse_but_holds_it_again(context, started):
    board = Board()
    barrier = await on_a_board(board, context, started)
    await barrier.hold()
    board.on = False
    await eventually(lambda: barrier.position is Position.UNKNOWN)
    await barrier.vend("v1")
    assert (PULSE in board.told, board.on, barrier.position) == (False, True, Position.HELD)


async def test_an_arm_that_reads_closed_while_it_is_held_is_told_again_and_its_contact_never_opens(
    header, context, started, faults: Notebook
):
    """Its limit switch is stuck: the arm may well be up, in a fire."""
    board, bottom = Board(), a_switch(23)
    barrier = await on_a_board(board, context, started, at_bottom=bottom)
    header.pin(23).drive_low()
    await eventually(lambda: barrier.position is Position.CLOSED)
    for _ in range(3):
        await barrier.hold()
        await asyncio.sleep(0.1)
    assert (board.told, board.on, faults.ever) == ([True] * 3, True, [])


async def test_an_arm_whose_contact_hold_keeps_it_up_is_told_again_and_that_contact_never_opens(
    header, context, started, faults: Notebook
):
    barrier = await started(written(hold=a_relay(19), at_bottom=a_switch(23)).build(context))
    await eventually(lambda: all(contact.relay.on is False for contact in barrier._contacts.values()))
    header.pin(23).drive_low()
    await eventually(lambda: barrier.position is Position.CLOSED)
    header.pin(19).clear_states()
    for _ in range(3):
        await barrier.hold()
        await asyncio.sleep(0.1)
    assert (levels(header.pin(19)), faults.ever) == ([False, True], [])


# --- an orderly stop ---


async def test_a_stop_leaves_the_arm_up_whose_contact_is_to_be_left(context: DriverContext, started: Any):
    board = Board()
    barrier = await on_a_board(board, context, started, safe_state="leave")
    await barrier.hold()
    await barrier.stop()
    assert board.on is True


@pytest.mark.parametrize("safe_state", ["open", "leave"])
async def test_a_stop_opens_a_contact_that_holds_nothing(
    context, started, safe_state: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(relay_barrier, "HOLD_AGAIN_WITHIN_SECONDS", 0.0)
    board = Board()
    barrier = await on_a_board(board, context, started, safe_state=safe_state)
    await barrier.hold()
    await barrier.release()
    board.on = True
    await barrier.stop()
    assert board.on is False


async def test_a_stop_right_after_the_start_leaves_an_arm_that_was_held_before(context, started):
    board = Board(on=True)
    barrier = await on_a_board(board, context, started, safe_state="leave")
    await barrier.stop()
    assert (board.on, board.told) == (True, [])


@pytest.mark.parametrize(("safe_state", "stays"), [("open", False), ("leave", True)])
async def test_a_contact_that_only_holds_stays_made_over_a_stop_if_it_is_to_be_left(
    tmp_path: Path, started: Any, safe_state: str, stays: bool
):
    with (bench := a_bench(LCUS, tmp_path)).board:
        board = {"driver": "lcus", "port": str(bench.board.link)}
        hold = {**board, "channel": 1, "safe_state": safe_state}
        settings = {"open": {**board, "channel": 2}, "hold": hold, "pulse": PULSE}
        barrier = await started(RelayBarrierSettings.model_validate(settings).build(bench.context))
        await within(lambda: barrier._contacts["open"].relay.on is False)
        await barrier.hold()
        await within(lambda: bench.made)
        await barrier.stop()
        await asyncio.sleep(0.1)
        assert bench.made is stays
