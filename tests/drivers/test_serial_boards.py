"""Relay boards on a serial port, against peers on a pty that speak the makers' bytes: what is sent, and what never."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from drivers.contract import DriverError, NotSent, Relay
from drivers.over_serial import board as relay_board
from drivers.over_serial import port as serial_port
from simulator.boards.pty_board import Faults
from tests.drivers.boards import KMTRONIC_8, LCUS, MAKES, NUMATO, READABLE, RLY16, Bench, Make, a_bench, within

every_make = pytest.mark.parametrize("make", MAKES, ids=str)
every_readable_make = pytest.mark.parametrize("make", READABLE, ids=str)

PULSE = 0.15
LATE = 0.1
"""How much longer than ordered a pulse may be on a busy machine"""
QUICK: dict[str, Any] = {"answer_within": 0.1}


@pytest.fixture
async def absent(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    """A board that isn't plugged in."""
    monkeypatch.setattr(serial_port, "RECONNECT_SECONDS", 0.1)
    monkeypatch.setattr(relay_board, "RETRY_SECONDS", 0.2)
    bench = a_bench(make, tmp_path)
    yield bench
    bench.board.faults = Faults()
    for relay in bench.started:
        await relay.stop()
    bench.board.unplug()


@pytest.fixture
def bench(absent: Bench) -> Bench:
    absent.board.plug_in()
    return absent


@pytest.fixture
def looked_at_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay_board, "LOOK_SECONDS", 0.1)


async def refused(order: object) -> DriverError:
    with pytest.raises(DriverError) as error:
        await order  # pyright: ignore[reportGeneralTypeIssues]
    return error.value


# What is sent.


@every_make
async def test_at_the_start_a_relay_is_opened_and_read_and_nothing_else(make: Make, bench: Bench):
    relay = await bench.a_relay_at_rest()
    # What a board that can't be read was told may still be on its way.
    await within(lambda: len(bench.board.heard) >= len(make.opening))
    assert bench.board.heard == make.opening
    assert isinstance(relay, Relay)
    assert relay.reads_back is make.reads_back
    assert relay.times_pulses is False
    assert bench.faults.ever == []


@every_make
async def test_a_pulse_has_the_makers_bytes_and_the_length_that_was_ordered(make: Make, bench: Bench):
    relay = await bench.a_relay_at_rest()
    before = len(bench.board.heard)
    await relay.pulse(PULSE)
    await bench.at_rest()
    assert bench.board.heard[before:] == make.pulse
    [contact] = bench.contacts
    assert contact.channel == make.channel
    assert PULSE - 0.02 <= contact.seconds <= PULSE + LATE
    assert relay.on is False
    assert bench.faults.ever == []


@every_make
async def test_a_relay_is_switched_on_and_off_and_says_so(make: Make, bench: Bench):
    relay = await bench.a_relay_at_rest()
    await relay.switch(True)
    assert relay.on is True
    await within(lambda: bench.made)
    await relay.switch(False)
    assert relay.on is False
    await bench.at_rest()


@every_readable_make
async def test_a_contact_that_is_held_and_told_so_again_isnt_opened_by_a_board_that_fails(make: Make, bench: Bench):
    relay = await bench.a_relay_at_rest(**QUICK)
    await relay.switch(True)
    heard = len(bench.board.heard)
    bench.board.faults.mute = True
    await refused(relay.switch(True))
    bench.board.faults.mute = False
    await relay.switch(True)
    assert (relay.on, bench.made, len(bench.contacts)) == (True, True, 1)
    assert make.off not in bench.board.heard[heard:]


@every_readable_make
async def test_a_contact_that_is_held_and_told_so_again_waits_for_the_end_of_anothers_pulse(make: Make, bench: Bench):
    one, other = await bench.a_relay_at_rest(), await bench.a_relay_at_rest(make.other)
    await other.switch(True)
    pulse = asyncio.create_task(one.pulse(PULSE))
    await within(lambda: one.on is True)
    bench.board.faults.slow = 0.3
    await other.switch(True)
    await pulse
    assert (one.on, other.on, bench.board.core.relays[make.other]) == (False, True, True)
    assert bench.faults.ever == []


@every_make
async def test_a_contact_that_was_left_made_by_a_crash_is_opened_at_the_start(make: Make, bench: Bench):
    bench.board.core.relays[make.channel] = True
    await bench.a_relay_at_rest()
    await bench.at_rest()
    assert make.on not in bench.board.heard


@every_make
async def test_a_relay_that_nobody_configured_is_left_alone(make: Make, bench: Bench):
    bench.board.core.relays[make.other] = True
    relay = await bench.a_relay_at_rest()
    await relay.pulse(PULSE)
    assert bench.board.core.relays[make.other]


@every_make
async def test_a_relay_that_stops_opens_its_contact_and_frees_the_port(make: Make, bench: Bench):
    threads = threading.active_count()
    relay = await bench.a_relay_at_rest()
    await relay.switch(True)
    await relay.stop()
    await relay.stop()
    await bench.at_rest()
    assert relay.on is None
    assert threading.active_count() <= threads + 1  # the event loop's own worker
    assert (await refused(relay.pulse(PULSE))).fault.code == "relay.unplugged"
    await relay.start()
    await within(lambda: relay.on is False)
    await relay.stop()


@every_make
async def test_a_contact_that_is_to_be_left_is_neither_touched_at_the_start_nor_at_the_stop(make: Make, bench: Bench):
    bench.board.core.relays[make.channel] = True
    relay = await bench.a_started_relay(safe_state="leave")
    await within(lambda: relay.on is (True if make.reads_back else None))
    if make.reads_back:
        assert (await refused(relay.pulse(PULSE))).fault.code == "relay.busy"
    await asyncio.sleep(0.1)
    await relay.stop()
    assert bench.made
    assert set(bench.board.heard) <= set(make.question)
    assert bench.faults.ever == []


@every_make
async def test_a_contact_that_is_to_be_left_obeys_orders_and_ends_its_pulse_at_the_stop(make: Make, bench: Bench):
    relay = await bench.a_started_relay(safe_state="leave")
    await within(lambda: relay.on is False or not make.reads_back)
    await asyncio.sleep(0.1)
    await relay.switch(True)
    await relay.switch(False)
    pulse = asyncio.create_task(relay.pulse(5))
    await asyncio.sleep(0)
    await relay.stop()
    await pulse
    await within(lambda: bench.board.heard.count(make.on) == 2)
    await bench.at_rest()


# Several relays on one board.


@every_make
async def test_pulses_on_two_relays_of_one_board_run_side_by_side(make: Make, bench: Bench):
    threads = threading.active_count()
    one, other = await bench.a_relay_at_rest(), await bench.a_relay_at_rest(make.other)
    assert threading.active_count() == threads + 1
    async with asyncio.TaskGroup() as orders:
        orders.create_task(one.pulse(PULSE))
        await asyncio.sleep(PULSE / 3)
        orders.create_task(other.pulse(PULSE))
    await bench.at_rest()
    first, second = bench.contacts
    assert (first.channel, second.channel) == (make.channel, make.other)
    assert second.made_us < (first.opened_us or 0)
    assert all(PULSE - 0.02 <= contact.seconds <= PULSE + LATE for contact in bench.contacts)


@every_make
async def test_a_relay_that_stops_leaves_the_others_of_its_board_working(make: Make, bench: Bench):
    one, other = await bench.a_relay_at_rest(), await bench.a_relay_at_rest(make.other)
    await other.switch(True)
    await one.stop()
    await within(lambda: bench.board.core.relays[make.other])
    await other.switch(False)
    await bench.at_rest()


@every_readable_make
async def test_a_slow_answer_to_one_relay_does_not_lengthen_the_pulse_of_another(make: Make, bench: Bench):
    one, other = await bench.a_relay_at_rest(), await bench.a_relay_at_rest(make.other)
    pulse = asyncio.create_task(one.pulse(PULSE))
    await within(lambda: one.on is True)
    bench.board.faults.slow = 0.3
    await other.switch(True)
    await pulse
    assert bench.contacts[0].seconds <= PULSE + LATE
    assert (one.on, other.on) == (False, True)
    assert bench.faults.ever == []


# The event loop.


@every_make
async def test_a_stalled_event_loop_does_not_lengthen_a_pulse(make: Make, bench: Bench):
    relay = await bench.a_relay_at_rest()
    pulse = asyncio.create_task(relay.pulse(PULSE))
    await within(lambda: bench.made)
    time.sleep(3 * PULSE)
    [contact] = bench.contacts
    assert contact.seconds <= PULSE + LATE
    await pulse


@every_make
async def test_a_pulse_whose_caller_is_cancelled_ends_by_itself(make: Make, bench: Bench):
    relay = await bench.a_relay_at_rest()
    pulse = asyncio.create_task(relay.pulse(PULSE))
    await within(lambda: bench.made)
    pulse.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await pulse
    await within(lambda: relay.on is False)
    await bench.at_rest()
    assert bench.contacts[0].seconds <= PULSE + LATE


@every_readable_make
async def test_an_order_whose_caller_is_cancelled_before_it_was_sent_is_never_sent(make: Make, bench: Bench):
    one, other = await bench.a_relay_at_rest(), await bench.a_relay_at_rest(make.other)
    bench.board.faults.slow = 0.2
    switching = asyncio.create_task(other.switch(True))
    await within(lambda: bench.board.core.relays[make.other])
    waiting = asyncio.create_task(one.pulse(PULSE))
    await asyncio.sleep(0.02)
    waiting.cancel()
    await switching
    await asyncio.sleep(0.1)
    assert make.on not in bench.board.heard


@every_readable_make
async def test_a_pulse_that_is_meant_now_or_never_does_not_wait_for_other_relays(make: Make, bench: Bench):
    one, other = await bench.a_relay_at_rest(), await bench.a_relay_at_rest(make.other)
    bench.board.faults.slow = 0.2
    switching = asyncio.create_task(other.switch(True))
    await within(lambda: bench.board.core.relays[make.other])
    error = await refused(one.pulse(PULSE, 0.05))
    await switching
    assert isinstance(error, NotSent)
    assert error.fault.code == "relay.busy"
    assert make.on not in bench.board.heard


@every_make
async def test_a_pulse_on_a_contact_that_is_made_already_is_refused(make: Make, bench: Bench):
    relay = await bench.a_relay_at_rest()
    await relay.switch(True)
    assert (await refused(relay.pulse(PULSE))).fault.code == "relay.busy"
    await within(lambda: bench.made)
    await asyncio.sleep(PULSE)
    assert bench.made


@every_make
async def test_a_contact_that_is_held_during_a_pulse_stays_made(make: Make, bench: Bench):
    relay = await bench.a_relay_at_rest()
    pulse = asyncio.create_task(relay.pulse(PULSE))
    await within(lambda: bench.made)
    await relay.switch(True)
    await pulse
    await asyncio.sleep(2 * PULSE)
    assert bench.made
    assert len(bench.contacts) == 1


# The cable.


@every_make
async def test_an_order_to_a_board_that_is_not_there_is_refused_at_once_and_never_sent(make: Make, absent: Bench):
    relay = await absent.a_started_relay()
    await within(lambda: "relay.unplugged" in absent.faults.on)
    begun = time.monotonic()
    error = await refused(relay.pulse(PULSE))
    assert time.monotonic() - begun < 0.1
    assert isinstance(error, NotSent)
    assert error.fault.code == "relay.unplugged"
    assert str(absent.board.link) in error.detail
    absent.board.plug_in()
    await within(lambda: relay.on is False)
    await asyncio.sleep(0.1)
    assert absent.board.heard == make.opening
    assert absent.faults.on == {}


@every_make
async def test_a_board_that_is_unplugged_during_a_pulse_is_opened_when_it_is_back(make: Make, bench: Bench):
    relay = await bench.a_relay_at_rest()
    pulse = asyncio.create_task(relay.pulse(PULSE))
    await within(lambda: bench.made)
    bench.board.unplug()
    error = await refused(pulse)
    assert error.fault.code == "relay.unplugged"
    assert not isinstance(error, NotSent)
    assert bench.made
    assert relay.on is None
    heard = len(bench.board.heard)
    bench.board.plug_in()
    await within(lambda: relay.on is False)
    await bench.at_rest()
    assert bench.board.heard[heard:] == make.opening
    await within(lambda: bench.faults.on == {})


@every_make
async def test_a_board_that_is_pulled_out_while_idle_is_noticed(make: Make, bench: Bench):
    relay = await bench.a_relay_at_rest()
    bench.board.unplug()
    await within(lambda: "relay.unplugged" in bench.faults.on)
    assert relay.on is None


@every_readable_make
async def test_a_contact_that_is_held_is_not_touched_by_a_reconnection(make: Make, bench: Bench):
    relay = await bench.a_relay_at_rest()
    await relay.switch(True)
    heard = len(bench.board.heard)
    bench.board.unplug()
    await within(lambda: relay.on is None)
    bench.board.plug_in()
    await within(lambda: relay.on is True)
    said = bench.board.heard[heard:]
    assert set(said.split(make.question)) == {b""}
    assert len(bench.contacts) == 1
    await within(lambda: bench.faults.on == {})


@every_readable_make
async def test_a_contact_that_was_held_and_lost_its_power_is_a_fault_and_is_not_made_again(make: Make, bench: Bench):
    relay = await bench.a_relay_at_rest()
    await relay.switch(True)
    bench.board.unplug(power_cut=True)
    await within(lambda: relay.on is None)
    bench.board.plug_in()
    await within(lambda: "relay.dropped" in bench.faults.on)
    assert relay.on is False
    assert bench.board.heard.count(make.on) == 1
    await relay.switch(True)
    assert "relay.dropped" not in bench.faults.on


@pytest.mark.parametrize("make", [LCUS], ids=str)
async def test_a_held_contact_that_cannot_be_read_is_unknown_after_a_reconnection(make: Make, bench: Bench):
    relay = await bench.a_relay_at_rest()
    await relay.switch(True)
    await within(lambda: bench.made)
    heard = len(bench.board.heard)
    bench.board.unplug()
    await within(lambda: relay.on is None)
    bench.board.plug_in()
    await within(lambda: "relay.dropped" in bench.faults.on)
    assert relay.on is None
    assert bench.board.heard[heard:] == b""
    await relay.switch(False)
    await bench.at_rest()
    assert (relay.on, bench.faults.on) == (False, {})


# Answers.


@every_readable_make
async def test_what_lay_in_the_buffer_is_not_taken_for_an_answer(make: Make, bench: Bench):
    relay = await bench.a_relay_at_rest()
    bench.board.says(b"\x00\xff\x01\x01" + make.question + b"off\n\r>")
    await asyncio.sleep(0.02)
    await relay.switch(True)
    assert bench.faults.ever == []


@every_readable_make
async def test_one_garbled_answer_is_asked_for_again_but_the_order_is_not_repeated(make: Make, bench: Bench):
    relay = await bench.a_relay_at_rest(**QUICK)
    bench.board.faults.garbled = 1
    before = len(bench.board.heard)
    with contextlib.suppress(DriverError):  # a board whose order is echoed: the echo was lost, so the order failed
        await relay.switch(True)
    assert bench.board.heard[before:].count(make.on) == 1
    await within(lambda: relay.on is bench.made)


@every_readable_make
async def test_an_order_to_a_board_that_garbles_fails_and_the_contact_is_opened(make: Make, bench: Bench):
    relay = await bench.a_relay_at_rest(**QUICK)
    bench.board.faults.garbled = 2
    error = await refused(relay.switch(True))
    assert error.fault.code == "relay.garbled"
    assert bench.board.heard.count(make.on) == 1
    await within(lambda: relay.on is False and not bench.made)
    await within(lambda: bench.faults.on == {})
    await relay.switch(True)


@pytest.mark.parametrize("make", [make for make in READABLE if make is not RLY16], ids=str)
async def test_half_an_answer_fails_the_order_and_the_contact_is_opened(make: Make, bench: Bench):
    relay = await bench.a_relay_at_rest(**QUICK)
    bench.board.faults.halved = 1
    error = await refused(relay.switch(True))
    assert error.fault.code == "relay.garbled"
    assert "half" in error.detail
    assert bench.board.heard.count(make.on) == 1
    await within(lambda: relay.on is False and not bench.made)


@every_readable_make
async def test_a_slow_answer_is_waited_for(make: Make, bench: Bench):
    relay = await bench.a_relay_at_rest()
    bench.board.faults.slow = 0.15
    await relay.switch(True)
    await relay.switch(False)
    assert bench.faults.ever == []


@every_readable_make
async def test_a_board_that_answers_too_late_fails_the_order_and_is_opened(make: Make, bench: Bench):
    relay = await bench.a_relay_at_rest(**QUICK)
    bench.board.faults.slow = 0.15
    error = await refused(relay.pulse(1.0))
    assert error.fault.code == "relay.silent"
    assert not bench.made
    assert bench.contacts[0].seconds < 0.3
    assert bench.board.heard.count(make.on) == 1
    bench.board.faults.slow = 0.0
    await within(lambda: relay.on is False and bench.faults.on == {})


@every_readable_make
async def test_a_board_that_obeys_but_says_nothing_is_opened_and_never_told_twice_to_close(make: Make, bench: Bench):
    relay = await bench.a_relay_at_rest(**QUICK)
    bench.board.faults.mute = True
    error = await refused(relay.pulse(1.0))
    assert error.fault.code == "relay.silent"
    assert bench.board.heard.count(make.on) == 1
    assert not bench.made
    assert bench.contacts[0].seconds < 0.3
    assert (await refused(relay.pulse(PULSE))).fault.code == "relay.silent"
    assert bench.board.heard.count(make.on) == 1
    bench.board.faults.mute = False
    await within(lambda: relay.on is False and bench.faults.on == {})
    await relay.pulse(PULSE)


@every_readable_make
@pytest.mark.usefixtures("looked_at_often")
async def test_a_deaf_board_is_noticed_while_idle_and_gets_no_order(make: Make, bench: Bench):
    relay = await bench.a_relay_at_rest(**QUICK)
    bench.board.faults.deaf = True
    await within(lambda: "relay.silent" in bench.faults.on)
    assert relay.on is None
    assert (await refused(relay.pulse(PULSE))).fault.code == "relay.silent"
    assert make.on not in bench.board.heard
    bench.board.faults.deaf = False
    await within(lambda: relay.on is False and bench.faults.on == {})


@every_readable_make
async def test_a_board_that_hangs_is_told_to_open_before_it_wakes_up(make: Make, bench: Bench):
    relay = await bench.a_relay_at_rest(**QUICK)
    bench.board.faults.frozen = True
    await asyncio.sleep(0.05)
    assert (await refused(relay.pulse(0.3))).fault.code == "relay.silent"
    bench.board.faults.frozen = False
    await within(lambda: relay.on is False and bench.faults.on == {})
    # A pty, unlike USB, can't take back what it was given: here the order to open comes right behind it.
    assert bench.board.heard.count(make.on) <= 1
    assert all(contact.seconds < 0.02 for contact in bench.contacts)


@every_readable_make
async def test_a_contact_that_does_not_close_is_a_fault_until_it_does(make: Make, bench: Bench):
    relay = await bench.a_relay_at_rest()
    bench.board.core.stuck.add(make.channel)
    assert (await refused(relay.pulse(PULSE))).fault.code == "relay.not_obeyed"
    assert "relay.not_obeyed" in bench.faults.on
    assert relay.on is False
    bench.board.core.stuck.clear()
    await relay.pulse(PULSE)
    await within(lambda: bench.faults.on == {})


@every_readable_make
async def test_a_contact_that_does_not_open_is_told_again_until_it_does(make: Make, bench: Bench):
    relay = await bench.a_relay_at_rest()
    await relay.switch(True)
    bench.board.core.stuck.add(make.channel)
    assert (await refused(relay.switch(False))).fault.code == "relay.not_obeyed"
    assert relay.on is True
    assert (await refused(relay.pulse(PULSE))).fault.code == "relay.not_obeyed"
    bench.board.core.stuck.clear()
    await within(lambda: relay.on is False)
    assert not bench.made
    await within(lambda: bench.faults.on == {})


@every_readable_make
@pytest.mark.usefixtures("looked_at_often")
async def test_a_contact_that_somebody_else_has_made_is_opened(make: Make, bench: Bench):
    relay = await bench.a_relay_at_rest()
    bench.board.core.relays[make.channel] = True
    await within(lambda: "relay.not_obeyed made, though nobody ordered it" in bench.faults.ever)
    await within(lambda: relay.on is False and bench.faults.on == {})
    assert not bench.made


@pytest.mark.parametrize("make", [KMTRONIC_8, NUMATO], ids=str)
async def test_a_deaf_board_does_not_keep_a_lot_from_stopping(make: Make, bench: Bench):
    relay = await bench.a_relay_at_rest()
    bench.board.faults.deaf = True
    async with asyncio.timeout(5):
        await relay.stop()
