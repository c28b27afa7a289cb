"""A barrier made of relays and inputs: what its contacts do, and what is known of its arm."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from gpiozero.pins.mock import MockFactory
from pydantic import ValidationError

from drivers import relay_barrier
from drivers.contacts.arm_position import NoSwitch, OneSwitch, TwoSwitches
from drivers.contract import DriverContext, DriverError, NotSent, Position
from drivers.relay_barrier import HoldBy, RelayBarrierSettings
from models.instants import SECOND, Monotonic
from tests.drivers.barrier_boards import BOARD_GONE, OPEN, PULSE, Board, a_relay, a_switch, on_a_board, written
from tests.drivers.conftest import Notebook, eventually
from tests.drivers.pins import a_header, levels

CLOSE, HOLD, TOP, BOTTOM, BROKEN = 18, 19, 22, 23, 24


@pytest.fixture
def header(monkeypatch: pytest.MonkeyPatch) -> MockFactory:
    monkeypatch.setattr(relay_barrier, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(relay_barrier, "REST_SECONDS", 0.05)
    return a_header(monkeypatch)


@pytest.fixture
def a_barrier(context: DriverContext, started: Any) -> Callable[..., Any]:
    async def build(**more: Any) -> Any:
        barrier = await started(written(**more).build(context))
        await eventually(lambda: all(contact.relay.on is False for contact in barrier._contacts.values()))
        return barrier

    return build


# --- contacts ---


async def test_a_vend_makes_the_open_contact_for_a_pulse(header, a_barrier):
    barrier = await a_barrier(close=a_relay(CLOSE))
    header.pin(OPEN).clear_states()
    await barrier.vend("v1")
    assert levels(header.pin(OPEN)) == [False, True, False]
    assert PULSE * 0.9 <= header.pin(OPEN).states[2].timestamp < PULSE + 0.5
    assert levels(header.pin(CLOSE)) == [False]


async def test_nothing_moves_at_the_start_or_the_stop(header, a_barrier):
    barrier = await a_barrier(close=a_relay(CLOSE), hold=a_relay(HOLD))
    await asyncio.sleep(0.1)
    await barrier.stop()
    await barrier.stop()
    assert [levels(header.pin(pin)) for pin in (OPEN, CLOSE, HOLD)] == [[False]] * 3


async def test_a_second_vend_gives_a_pulse_of_its_own_after_a_rest(header, a_barrier):
    barrier = await a_barrier()
    header.pin(OPEN).clear_states()
    await asyncio.gather(barrier.vend("v1"), barrier.vend("v2"))
    assert levels(header.pin(OPEN)) == [False, True, False, True, False]
    assert header.pin(OPEN).states[3].timestamp >= relay_barrier.REST_SECONDS * 0.9


async def test_a_third_vend_meanwhile_is_refused(header, a_barrier):
    barrier = await a_barrier()
    header.pin(OPEN).clear_states()
    told = await asyncio.gather(*(barrier.vend(f"v{n}") for n in range(3)), return_exceptions=True)
    assert [getattr(wrong, "fault", None) for wrong in told] == [None, None, relay_barrier.BUSY]
    assert levels(header.pin(OPEN)) == [False, True, False, True, False]


async def test_a_vend_does_not_wait_for_the_end_of_a_long_pulse(header, a_barrier):
    barrier = await a_barrier(pulse=4)
    first = asyncio.create_task(barrier.vend("v1"))
    await eventually(lambda: header.pin(OPEN).state)
    with pytest.raises(DriverError) as refused:
        await barrier.vend("v2")
    assert refused.value.fault is relay_barrier.BUSY
    await barrier.stop()
    await first


async def test_a_vend_that_is_cancelled_leaves_no_contact_made(header, a_barrier):
    barrier = await a_barrier(pulse=5)
    vending = asyncio.create_task(barrier.vend("v1"))
    await eventually(lambda: header.pin(OPEN).state)
    vending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await vending
    assert not header.pin(OPEN).state
    assert barrier.position is Position.UNKNOWN


async def test_a_hold_keeps_the_open_contact_made_until_it_is_released(header, a_barrier):
    barrier = await a_barrier()
    await barrier.hold()
    header.pin(OPEN).clear_states()
    await barrier.hold()
    await barrier.vend("v1")
    await asyncio.sleep(2 * PULSE)
    assert levels(header.pin(OPEN)) == [True]
    assert barrier.position is Position.HELD
    await barrier.release()
    assert levels(header.pin(OPEN)) == [True, False]


async def test_a_hold_with_a_contact_of_its_own_leaves_the_open_contact_alone(header, a_barrier):
    barrier = await a_barrier(hold=a_relay(HOLD))
    header.pin(OPEN).clear_states()
    await barrier.hold()
    assert header.pin(HOLD).state
    await barrier.release()
    assert not header.pin(HOLD).state
    assert levels(header.pin(OPEN)) == [False]


async def test_a_hold_during_a_pulse_outlasts_it(header, a_barrier):
    barrier = await a_barrier()
    await asyncio.gather(barrier.vend("v1"), barrier.hold())
    await asyncio.sleep(2 * PULSE)
    assert header.pin(OPEN).state
    assert barrier.position is Position.HELD


async def test_a_hold_told_right_after_the_start_is_kept(header, a_barrier, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(relay_barrier, "HOLD_AGAIN_WITHIN_SECONDS", 0.1)
    barrier = await a_barrier()
    await barrier.hold()
    header.pin(OPEN).clear_states()
    await asyncio.sleep(0.3)
    assert levels(header.pin(OPEN)) == [True]


async def test_a_hold_that_was_told_in_vain_leaves_a_contact_that_may_hold_the_arm(
    header, context, started, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(relay_barrier, "HOLD_AGAIN_WITHIN_SECONDS", 0.1)
    board = Board(broken=True)
    barrier = await on_a_board(board, context, started)
    with pytest.raises(DriverError):
        await barrier.hold()
    board.broken, board.on = False, True  # as it was left by the daemon before
    await asyncio.sleep(0.3)
    assert board.on is True
    await barrier.hold()
    assert barrier.position is Position.HELD


async def test_a_contact_left_made_by_an_interrupted_pulse_is_opened_after_the_start(
    header, context, started, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(relay_barrier, "HOLD_AGAIN_WITHIN_SECONDS", 0.1)
    board = Board(on=True)
    await on_a_board(board, context, started)
    await eventually(lambda: board.on is False, within=1)
    assert board.told == [False]


async def test_stopping_opens_the_contact_that_holds(header, a_barrier):
    barrier = await a_barrier()
    await barrier.hold()
    await barrier.stop()
    assert not header.pin(OPEN).state
    assert barrier.position is Position.UNKNOWN


async def test_the_arm_is_brought_down_by_the_close_contact(header, a_barrier):
    barrier = await a_barrier(close=a_relay(CLOSE))
    await barrier.hold()
    header.pin(CLOSE).clear_states()
    await barrier.lower()
    assert not header.pin(OPEN).state
    assert levels(header.pin(CLOSE)) == [False, True, False]


async def test_a_barrier_can_do_what_it_has_contacts_for(header, a_barrier):
    barrier = await a_barrier(hold_by="none")
    assert (barrier.can_hold, barrier.can_lower, barrier.reads_back) == (False, False, False)
    for order in (barrier.hold, barrier.release, barrier.lower):
        with pytest.raises(DriverError) as refused:
            await order()
        assert refused.value.fault is relay_barrier.NOT_FITTED


# --- an order to close that comes late ---


async def test_an_order_to_close_during_a_pulse_is_refused_at_once(header, context, started):
    opening, closing = Board(times_pulses=True), Board(times_pulses=True)
    barrier = await on_a_board(opening, context, started, close=closing, pulse=5)
    await barrier.vend("v1")
    asked = asyncio.get_running_loop().time()
    with pytest.raises(NotSent) as refused:
        await barrier.lower()
    assert refused.value.fault is relay_barrier.BUSY
    assert asyncio.get_running_loop().time() - asked < 0.1
    assert 5 not in closing.told
    assert barrier.position is Position.OPEN


async def test_a_rest_that_lasts_too_long_lets_no_arm_close(header, context, started, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(relay_barrier, "REST_SECONDS", 0.6)
    closing = Board()
    barrier = await on_a_board(Board(), context, started, close=closing)
    await barrier.vend("v1")
    with pytest.raises(NotSent):
        await barrier.lower()
    assert PULSE not in closing.told


async def test_a_hold_that_takes_long_to_end_lets_no_arm_close_but_something_was_sent(header, context, started):
    opening, closing = Board(slow=0.4), Board()
    barrier = await on_a_board(opening, context, started, close=closing)
    await barrier.hold()
    with pytest.raises(DriverError, match="let go") as refused:
        await barrier.lower()
    assert not isinstance(refused.value, NotSent)
    assert (opening.on, PULSE in closing.told) == (False, False)


async def test_the_board_is_told_how_soon_an_arm_has_to_close(header, context, started):
    opening, closing = Board(), Board()
    barrier = await on_a_board(opening, context, started, close=closing)
    await barrier.vend("v1")
    await asyncio.sleep(relay_barrier.REST_SECONDS)
    await barrier.lower()
    assert opening.within is None
    assert closing.within is not None
    assert 0 < closing.within <= relay_barrier.LOWER_WITHIN_SECONDS


# --- a board that goes wrong ---


async def test_a_failed_pulse_is_never_repeated_but_its_contact_is_opened_until_it_is(header, context, started):
    board = Board()
    barrier = await on_a_board(board, context, started)
    board.broken = True
    with pytest.raises(DriverError, match=r"open: board\.gone: gone") as refused:
        await barrier.vend("v1")
    assert refused.value.fault in RelayBarrierSettings.faults
    await eventually(lambda: board.told.count(False) >= 2, within=1)
    board.broken = False
    await eventually(lambda: board.on is False)
    assert board.told.count(PULSE) == 1


async def test_a_release_that_fails_is_tried_until_the_contact_is_open(header, context, started):
    board = Board()
    barrier = await on_a_board(board, context, started)
    await barrier.hold()
    board.broken = True
    with pytest.raises(DriverError):
        await barrier.release()
    board.broken = False
    await eventually(lambda: board.on is False)


async def test_a_hold_that_fails_is_not_held_and_is_not_told_again_by_itself(header, context, started):
    board = Board(broken=True)
    barrier = await on_a_board(board, context, started)
    with pytest.raises(DriverError):
        await barrier.hold()
    await asyncio.sleep(0.2)
    assert board.told.count(True) == 1
    assert barrier.position is Position.UNKNOWN


async def test_a_contact_that_drops_ends_the_hold_and_is_made_again_when_told(
    header, context, faults: Notebook, started
):
    board = Board()
    barrier = await on_a_board(board, context, started)
    await barrier.hold()
    board.on = False
    await eventually(lambda: "barrier.hold_lost" in faults.on)
    assert barrier.position is Position.UNKNOWN
    assert board.told.count(True) == 1
    await barrier.hold()
    assert (board.on, faults.on, barrier.position) == (True, {}, Position.HELD)


async def test_a_board_that_times_its_pulses_gets_no_hold_before_the_pulse_is_over(header, context, started):
    board = Board(times_pulses=True)
    barrier = await on_a_board(board, context, started, pulse=0.3)
    told_at = asyncio.get_running_loop().time()
    await barrier.vend("v1")
    await barrier.hold()
    assert asyncio.get_running_loop().time() - told_at >= 0.28


async def test_a_pulse_right_after_the_start_is_not_cut_short_by_the_opening_of_what_was_left_made(
    header, context, started, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(relay_barrier, "HOLD_AGAIN_WITHIN_SECONDS", 0.2)
    board = Board(times_pulses=True)
    barrier = await on_a_board(board, context, started, pulse=0.5)
    await barrier.vend("v1")
    await asyncio.sleep(0.3)
    assert board.told == [0.5]
    await eventually(lambda: board.told == [0.5, False], within=1)


async def test_a_fault_of_two_relays_ends_with_the_second(header, context, faults: Notebook, started):
    together = relay_barrier.PartsFaults(faults)
    together.of("open").raised(BOARD_GONE, "cable")
    together.of("close").raised(BOARD_GONE, "power")
    together.of("open").cleared(BOARD_GONE)
    assert faults.on == {"board.gone": "close: power"}
    together.of("close").cleared(BOARD_GONE)
    together.of("close").cleared(BOARD_GONE)
    assert faults.on == {}


# --- the arm ---


@dataclass
class Switch:
    level: bool | None = None


def at(seconds: float) -> Monotonic:
    return Monotonic(round(seconds * SECOND))


@pytest.mark.parametrize(
    ("top", "bottom", "position"),
    [
        (None, None, Position.UNKNOWN),
        (None, False, Position.UNKNOWN),
        (False, None, Position.UNKNOWN),
        (None, True, Position.CLOSED),
        (True, None, Position.OPEN),
        (False, True, Position.CLOSED),
        (True, False, Position.OPEN),
        (False, False, Position.MOVING),
        (True, True, Position.FAULTED),
    ],
)
def test_two_limit_switches_tell_where_the_arm_is(top, bottom, position):
    switches: Any = Switch(top), Switch(bottom)
    assert TwoSwitches(*switches).position(at(0)) is position


def test_an_arm_that_left_its_only_switch_is_at_the_other_end_after_its_travel_time():
    bottom: Any = Switch(True)
    arm = OneSwitch(bottom, Position.CLOSED, Position.OPEN, travel=6)
    assert arm.position(at(0)) is Position.CLOSED
    bottom.level = False
    assert [arm.position(at(moment)) for moment in (1, 6.9, 7)] == [Position.MOVING, Position.MOVING, Position.OPEN]
    bottom.level = True
    assert arm.position(at(8)) is Position.CLOSED
    bottom.level = None
    assert arm.position(at(9)) is Position.UNKNOWN


def test_an_arm_that_was_never_seen_at_its_switch_is_unknown_for_its_travel_time():
    top: Any = Switch(False)
    arm = OneSwitch(top, Position.OPEN, Position.CLOSED, travel=6)
    assert [arm.position(at(moment)) for moment in (0, 5.9, 6)] == [Position.UNKNOWN, Position.UNKNOWN, Position.CLOSED]


def test_an_order_is_no_evidence_where_a_switch_is():
    top: Any = Switch(False)
    arm = OneSwitch(top, Position.OPEN, Position.CLOSED, travel=6)
    arm.position(at(0))
    arm.told_to_rise(at(10))
    assert arm.position(at(11)) is Position.CLOSED


def test_without_switches_the_position_is_assumed_from_the_orders():
    arm = NoSwitch(stays_up=10, travel=6)
    assert arm.position(at(0)) is Position.UNKNOWN
    arm.told_to_rise(at(1))
    assert [arm.position(at(moment)) for moment in (1, 10.9, 11)] == [Position.OPEN, Position.OPEN, Position.CLOSED]
    arm.told_to_stay_up()
    assert arm.position(at(1000)) is Position.OPEN
    arm.told_to_lower(at(1000))
    assert [arm.position(at(moment)) for moment in (1001, 1006)] == [Position.MOVING, Position.CLOSED]
    arm.perhaps_told()
    assert arm.position(at(2000)) is Position.UNKNOWN


async def test_the_arm_is_followed_by_its_limit_switches(header, a_barrier):
    heard: list[Position] = []
    barrier = await a_barrier(at_top=a_switch(TOP), at_bottom=a_switch(BOTTOM))
    barrier.on_position(heard.append)
    top, bottom = header.pin(TOP), header.pin(BOTTOM)
    assert barrier.reads_back
    for act in (bottom.drive_low, bottom.drive_high, top.drive_low, top.drive_high, bottom.drive_low):
        was = len(heard)
        act()
        await eventually(lambda was=was: len(heard) > was or barrier.position is Position.MOVING)
        await asyncio.sleep(0.05)
    arrived = [position for position in heard if position is not Position.UNKNOWN]
    assert arrived[-5:] == [Position.CLOSED, Position.MOVING, Position.OPEN, Position.MOVING, Position.CLOSED]


async def test_an_arm_is_held_when_it_is_seen_at_the_top_and_was_told_to_stay(header, a_barrier):
    barrier = await a_barrier(at_top=a_switch(TOP), at_bottom=a_switch(BOTTOM))
    header.pin(BOTTOM).drive_low()
    await eventually(lambda: barrier.position is Position.CLOSED)
    await barrier.hold()
    assert barrier.position is Position.CLOSED
    header.pin(BOTTOM).drive_high()
    header.pin(TOP).drive_low()
    await eventually(lambda: barrier.position is Position.HELD)


async def test_limit_switches_that_disagree_are_a_fault(header, a_barrier, faults: Notebook):
    barrier = await a_barrier(at_top=a_switch(TOP), at_bottom=a_switch(BOTTOM))
    header.pin(TOP).drive_low()
    header.pin(BOTTOM).drive_low()
    await eventually(lambda: barrier.position is Position.FAULTED)
    assert list(faults.on) == ["barrier.limits_disagree"]
    header.pin(TOP).drive_high()
    await eventually(lambda: barrier.position is Position.CLOSED)
    assert faults.on == {}


async def test_a_broken_arm_is_a_fault_whatever_is_assumed(header, a_barrier, faults: Notebook):
    barrier = await a_barrier(broken=a_switch(BROKEN))
    await barrier.vend("v1")
    assert barrier.position is Position.OPEN
    header.pin(BROKEN).drive_low()
    await eventually(lambda: barrier.position is Position.FAULTED)
    assert list(faults.on) == ["barrier.out_of_order"]
    header.pin(BROKEN).drive_high()
    await eventually(lambda: barrier.position is Position.OPEN)


async def test_an_assumed_arm_comes_down_after_its_time(header, a_barrier):
    barrier = await a_barrier(assumed_open=0.2)
    assert barrier.position is Position.UNKNOWN
    await barrier.vend("v1")
    assert barrier.position is Position.OPEN
    await eventually(lambda: barrier.position is Position.CLOSED)


# --- settings ---


def test_what_the_parts_need_is_claimed_by_the_barrier():
    barrier = written(close=a_relay(CLOSE), at_top=a_switch(TOP))
    assert barrier.claims == {
        "open.pin": "gpio pin 17",
        "close.pin": "gpio pin 18",
        "at_top.pin": "gpio pin 22",
    }
    assert barrier.reaches_hardware


def test_a_barrier_reports_the_faults_of_its_parts_too():
    codes = [fault.code for fault in written(broken=a_switch(BROKEN)).faults]
    assert {"gpio.unavailable", "gpio.input_chatters", "barrier.busy"} <= set(codes)
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize(
    ("more", "holding"),
    [
        ({"hold_by": "maintained"}, HoldBy.MAINTAINED),
        ({"hold": a_relay(HOLD)}, HoldBy.RELAY),
        ({"hold": a_relay(HOLD), "hold_by": "relay"}, HoldBy.RELAY),
        ({"hold_by": "none"}, HoldBy.NONE),
    ],
)
def test_what_keeps_the_arm_up_follows_from_what_is_there(more: dict[str, Any], holding: HoldBy):
    assert written(**more).holding is holding


@pytest.mark.parametrize("more", [{"hold_by": "relay"}, {"hold": a_relay(HOLD), "hold_by": "maintained"}])
def test_what_keeps_the_arm_up_has_to_be_there(more: dict[str, Any]):
    with pytest.raises(ValidationError, match="contact `hold`"):
        written(**more)


@pytest.mark.parametrize("pulse", [0, 5.1, "1 min"])
def test_a_pulse_is_short(pulse: Any):
    with pytest.raises(ValidationError):
        written(pulse=pulse)
