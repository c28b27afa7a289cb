"""Relays and inputs behind Modbus, against pymodbus' own server over TCP and over a pair of ptys."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from drivers.contract import DigitalInput, DriverContext, DriverError, NotSent, Relay
from drivers.modbus_input import ModbusTcpInputSettings
from drivers.modbus_relay import ModbusRtuRelaySettings, ModbusTcpRelaySettings
from drivers.over_modbus.polling import Table, runs
from drivers.registry import find
from edge.clock import SystemClock
from tests.drivers.conftest import Notebook, eventually
from tests.drivers.modbus_boards import (
    FORCE_COIL,
    READ_INPUTS,
    Bench,
    Board,
    Cable,
    a_tcp_bench,
    an_rtu_bench,
)


@pytest.fixture
def board() -> Board:
    return Board()


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def bench(board: Board, port: int) -> Iterator[Bench]:
    bench = a_tcp_bench(board, port)
    bench.plug_in()
    yield bench
    bench.end()


@pytest.fixture
def cable(tmp_path: Path) -> Iterator[Cable]:
    cable = Cable(tmp_path / "ttyBoard")
    yield cable
    cable.unplug()


@pytest.fixture
def a_relay(context: DriverContext, started: Any, port: int) -> Callable[..., Any]:
    async def build(**written: Any) -> Relay:
        written = {"host": "127.0.0.1", "port": port, "coil": 0, "watch": 0.1, "answer_within": 0.3, **written}
        return await started(ModbusTcpRelaySettings.model_validate(written).build(context))

    return build


@pytest.fixture
def an_input(context: DriverContext, started: Any, port: int) -> Callable[..., Any]:
    async def build(**written: Any) -> DigitalInput:
        written = {"host": "127.0.0.1", "port": port, "poll": 0.03, "answer_within": 0.3, **written}
        return await started(ModbusTcpInputSettings.model_validate(written).build(context))

    return build


async def known(relay: Relay) -> Relay:
    await eventually(lambda: relay.on is not None)
    return relay


# --- relays ---


async def test_a_relay_that_is_started_moves_nothing_and_knows_how_its_contact_stands(a_relay, board, bench):
    relay = await known(await a_relay())
    assert relay.on is False
    assert board.moves == []


async def test_a_pulse_makes_the_contact_for_as_long_as_was_asked_and_opens_it(a_relay, board, bench):
    relay = await known(await a_relay(coil=3))
    await relay.pulse(0.3)
    assert board.orders(3) == [True, False]
    assert 0.28 < board.lasted(3) < 0.5
    assert relay.on is False


async def test_a_contact_that_is_switched_on_stays_until_it_is_switched_off(a_relay, board, bench):
    relay = await known(await a_relay())
    await relay.switch(True)
    await asyncio.sleep(0.3)
    assert board.made()
    assert relay.on is True
    await relay.switch(False)
    assert not board.made()
    assert relay.on is False


async def test_a_contact_that_is_held_and_told_so_again_isnt_opened_by_a_board_that_fails(a_relay, board, bench):
    relay = await known(await a_relay())
    await relay.switch(True)
    board.deaf_to_orders = True
    with pytest.raises(DriverError):
        await relay.switch(True)
    board.deaf_to_orders = False
    await eventually(lambda: relay.on is True)
    await asyncio.sleep(0.5)
    assert set(board.orders()) == {True}
    await relay.switch(False)
    assert not board.made()


async def test_a_pulse_on_a_contact_that_is_held_is_refused_and_opens_nothing(a_relay, board, bench):
    relay = await known(await a_relay())
    await relay.switch(True)
    with pytest.raises(DriverError) as refused:
        await relay.pulse(0.1)
    assert refused.value.fault.code == "relay.busy"
    assert board.orders() == [True]


async def test_a_hold_that_comes_during_a_pulse_isnt_ended_by_it(a_relay, board, bench):
    relay = await known(await a_relay())
    pulse = asyncio.create_task(relay.pulse(0.3))
    await eventually(board.made)
    await relay.switch(True)
    await pulse
    await asyncio.sleep(0.4)
    assert board.made()
    assert board.orders() == [True, True]


async def test_a_pulse_whose_caller_is_cancelled_still_ends(a_relay, board, bench):
    relay = await known(await a_relay())
    pulse = asyncio.create_task(relay.pulse(0.3))
    await eventually(board.made)
    pulse.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await pulse
    await eventually(lambda: not board.made(), within=1)
    assert 0.28 < board.lasted() < 0.5


async def test_a_daemon_loop_that_is_stalled_lengthens_no_pulse(a_relay, board, bench):
    relay = await known(await a_relay())
    pulse = asyncio.create_task(relay.pulse(0.2))
    await eventually(board.made)
    time.sleep(1.0)  # nothing runs on the daemon's loop meanwhile
    await pulse
    assert board.lasted() < 0.5


async def test_a_relay_that_is_stopped_during_a_pulse_opens_its_contact(a_relay, board, bench):
    relay = await known(await a_relay())
    pulse = asyncio.create_task(relay.pulse(5))
    await eventually(board.made)
    await relay.stop()
    await pulse
    assert board.orders() == [True, False]


async def test_a_contact_left_made_by_a_dead_daemon_is_opened_at_start(a_relay, board, bench):
    board.coils[0] = True
    await a_relay()
    await eventually(lambda: not board.made())
    assert board.orders() == [False]


async def test_a_contact_that_holds_an_arm_up_is_left_alone_at_start_and_stop(a_relay, board, bench):
    board.coils[0] = True
    relay = await known(await a_relay(safe_state="leave"))
    assert relay.on is True
    await relay.stop()
    assert board.moves == []


async def test_a_board_that_wants_registers_gets_function_06(a_relay, board, bench):
    board.registers[7] = 0x200
    relay = await known(await a_relay(coil=None, holding_register=7, on_value=0x100, off_value=0x200))
    await relay.switch(True)
    assert board.registers == {7: 0x100}
    await relay.switch(False)
    assert board.registers == {7: 0x200}
    assert relay.on is False


async def test_a_register_that_reads_something_unheard_of_is_a_fault(a_relay, board, bench, faults: Notebook):
    board.registers[7] = 42
    relay = await a_relay(coil=None, holding_register=7)
    await eventually(lambda: "modbus.garbled" in faults.on)
    assert relay.on is None


async def test_a_coil_that_doesnt_obey_is_a_fault_and_is_opened_again(a_relay, board, bench, faults: Notebook):
    relay = await known(await a_relay())
    board.disobeys = True
    with pytest.raises(DriverError) as failed:
        await relay.pulse(0.3)
    assert failed.value.fault.code == "relay.not_obeyed"
    assert board.orders() == [True, False]
    assert "relay.not_obeyed 0" not in faults.on
    assert any(line.startswith("relay.not_obeyed") for line in faults.ever)


async def test_a_contact_that_opens_by_itself_while_it_is_held_is_a_fault(a_relay, board, bench, faults: Notebook):
    relay = await known(await a_relay())
    await relay.switch(True)
    board.coils[0] = False
    await eventually(lambda: "relay.not_obeyed" in faults.on)
    assert relay.on is False
    assert board.orders() == [True]


async def test_a_wrong_echo_is_no_success_and_the_contact_is_opened_as_soon_as_the_board_makes_sense(
    a_relay, board, bench, faults: Notebook
):
    relay = await known(await a_relay())
    board.lies = True
    with pytest.raises(DriverError) as failed:
        await relay.pulse(0.3)
    assert failed.value.fault.code == "modbus.garbled"
    assert "relay.left_made" in faults.on
    board.lies = False
    await eventually(lambda: "relay.left_made" not in faults.on)
    assert board.orders().count(True) == 1
    assert not board.made()


async def test_a_board_that_refuses_an_order_is_a_declared_fault_and_nothing_is_owed(
    a_relay, board, bench, faults: Notebook
):
    relay = await known(await a_relay())
    board.refuses = {FORCE_COIL}
    with pytest.raises(DriverError) as failed:
        await relay.pulse(0.3)
    assert failed.value.fault.code == "modbus.refused"
    assert board.moves == []
    assert "relay.left_made" not in faults.on


async def test_an_order_to_a_silent_board_fails_in_time_and_is_never_sent_later(a_relay, board, bench):
    relay = await known(await a_relay())
    board.silent = True
    began = time.monotonic()
    with pytest.raises(DriverError) as failed:
        await relay.pulse(0.3)
    assert failed.value.fault.code in {"modbus.silent", "modbus.unreachable"}
    assert time.monotonic() - began < 2
    board.silent = False
    await asyncio.sleep(1.5)
    assert True not in board.orders()


async def test_an_order_that_was_carried_out_but_not_confirmed_is_undone(a_relay, board, bench):
    relay = await known(await a_relay())
    board.deaf_to_orders = True
    with pytest.raises(DriverError):
        await relay.pulse(5)
    board.deaf_to_orders = False
    await eventually(lambda: not board.made())
    assert board.orders().count(True) == 1


async def test_a_board_whose_host_is_gone_refuses_at_once_and_only_an_opening_goes_out_when_it_is_back(
    a_relay, board, bench, faults: Notebook
):
    relay = await known(await a_relay())
    pulse = asyncio.create_task(relay.pulse(0.3))
    await eventually(board.made)
    bench.pull_out()
    with pytest.raises(DriverError):
        await pulse
    assert relay.on is None
    assert {"modbus.unreachable", "relay.left_made"} <= set(faults.on)
    with pytest.raises(DriverError) as refused:
        await relay.pulse(0.3)
    assert refused.value.fault.code == "modbus.unreachable"
    bench.plug_in()
    await eventually(lambda: not board.made())
    await eventually(lambda: not faults.on)
    await asyncio.sleep(0.3)
    assert set(board.orders()[1:]) == {False}


async def test_a_pulse_that_comes_too_late_on_the_line_is_never_sent(a_relay, board, bench):
    relay = await known(await a_relay())
    with pytest.raises(NotSent):
        await relay.pulse(0.1, 0.0)
    await asyncio.sleep(0.1)
    assert True not in board.orders()


async def test_a_contact_that_was_held_isnt_made_again_after_a_reconnect(a_relay, board, bench, faults: Notebook):
    relay = await known(await a_relay())
    await relay.switch(True)
    bench.pull_out()
    await eventually(lambda: "modbus.unreachable" in faults.on)
    board.coils[0] = False  # it lost its power
    bench.plug_in()
    await eventually(lambda: relay.on is False)
    await eventually(lambda: "relay.not_obeyed" in faults.on)
    assert board.orders() == [True]


async def test_two_relays_share_one_connection_and_their_pulses_dont_wait_for_each_other(
    a_relay, board, bench, context: DriverContext
):
    first, second = await known(await a_relay(coil=0)), await known(await a_relay(coil=1))
    assert len(context.shared) == 1
    began = time.monotonic()
    await asyncio.gather(first.pulse(0.4), second.pulse(0.4))
    assert time.monotonic() - began < 0.7
    assert board.orders(0) == board.orders(1) == [True, False]


async def test_waveshares_flash_is_timed_by_the_board(context, started, port):
    board = Board()
    bench = a_tcp_bench(board, port, waveshare=True)
    bench.plug_in()
    written = {"host": "127.0.0.1", "port": port, "coil": 2, "pulse_by": "waveshare_flash"}
    relay = await known(await started(ModbusTcpRelaySettings.model_validate(written).build(context)))
    assert relay.times_pulses
    began = time.monotonic()
    await relay.pulse(0.7)
    assert time.monotonic() - began < 0.5
    await eventually(lambda: not board.made(2))
    assert 0.65 < board.lasted(2) < 0.9
    await relay.stop()
    bench.end()


async def test_raw_rtu_bytes_through_a_serial_device_server(a_relay, board, port):
    bench = a_tcp_bench(board, port, raw_rtu=True)
    bench.plug_in()
    relay = await known(await a_relay(framing="rtu"))
    await relay.pulse(0.1)
    assert board.orders() == [True, False]
    await relay.stop()
    bench.end()


@pytest.mark.parametrize("there", [True, False])
async def test_a_line_that_is_left_while_it_is_being_reached_is_left_at_once(context, board, port, there: bool):
    bench = a_tcp_bench(board, port)
    if there:
        bench.plug_in()
    settings = ModbusTcpInputSettings.model_validate({"host": "127.0.0.1", "port": port, "discrete_input": 0})
    for attempt in range(25):
        loop = settings.build(context)
        async with asyncio.timeout(5):
            await loop.start()
            await asyncio.sleep(attempt / 5000)
            await loop.stop()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("modbus")]
    bench.end()


# --- a serial bus ---


async def test_a_relay_on_a_serial_bus_speaks_the_bytes_of_its_manual(context, started, board, cable):
    bench = an_rtu_bench(board, cable)
    bench.plug_in()
    relay = await known(await started(an_rtu_relay(cable).build(context)))
    await relay.pulse(0.2)
    assert board.orders() == [True, False]
    assert bytes.fromhex("01 05 00 00 FF 00 8C 3A") in cable.sent
    assert bytes.fromhex("01 05 00 00 00 00 CD CA") in cable.sent
    await relay.stop()
    bench.end()


async def test_flash_on_a_serial_bus_speaks_the_bytes_of_its_manual(context, started, board, cable):
    bench = an_rtu_bench(board, cable, waveshare=True)
    bench.plug_in()
    relay = await known(await started(an_rtu_relay(cable, pulse_by="waveshare_flash").build(context)))
    await relay.pulse(0.7)
    assert bytes.fromhex("01 05 02 00 00 07 8D B0") in cable.sent
    await eventually(lambda: not board.made())
    await relay.stop()
    bench.end()


async def test_a_board_that_is_unplugged_during_a_pulse_is_opened_when_it_is_back(
    context, started, board, cable, faults: Notebook
):
    bench = an_rtu_bench(board, cable)
    bench.plug_in()
    relay = await known(await started(an_rtu_relay(cable).build(context)))
    pulse = asyncio.create_task(relay.pulse(0.5))
    await eventually(board.made)
    bench.pull_out()
    cable.unplug()
    with pytest.raises(DriverError):
        await pulse
    assert "relay.left_made" in faults.on
    again = Cable(cable.path)
    bench_again = an_rtu_bench(board, again)
    bench_again.plug_in()
    await eventually(lambda: not board.made())
    await eventually(lambda: not faults.on)
    assert board.orders().count(True) == 1
    await relay.stop()
    for end in (bench_again.end, again.unplug, bench.end):
        end()


async def test_a_unit_that_is_off_is_silent_and_the_other_on_its_bus_goes_on(
    context, started, board, cable, faults: Notebook
):
    bench = an_rtu_bench(board, cable)
    bench.plug_in()
    absent = Notebook()
    await started(an_rtu_relay(cable, unit=9).build(DriverContext("b", SystemClock(), absent, context.shared)))
    relay = await known(await started(an_rtu_relay(cable).build(context)))
    await eventually(lambda: "modbus.silent" in absent.on)
    await relay.pulse(0.1)
    assert board.orders() == [True, False]
    assert not faults.on
    bench.pull_out()
    bench.end()


async def test_a_port_that_isnt_there_is_said_so(context, started, tmp_path, faults: Notebook):
    await started(ModbusRtuRelaySettings.model_validate({"port": str(tmp_path / "ttyUSB7"), "coil": 0}).build(context))
    await eventually(lambda: "isn't there" in faults.on.get("modbus.unreachable", ""))


def an_rtu_relay(cable: Cable, **written: Any) -> ModbusRtuRelaySettings:
    written = {"port": str(cable.path), "coil": 0, "watch": 0.1, "answer_within": 0.3, **written}
    return ModbusRtuRelaySettings.model_validate(written)


# --- inputs ---


async def test_an_input_tells_each_change_of_its_level(an_input, board, bench):
    loop = await an_input(discrete_input=2)
    heard: list[bool | None] = []
    loop.on_level(heard.append)
    await eventually(lambda: loop.level is False)
    board.inputs[2] = True
    await eventually(lambda: loop.level is True)
    board.inputs[2] = False
    await eventually(lambda: loop.level is False)
    assert heard in ([False, True, False], [True, False])


async def test_an_inverted_input_is_on_while_its_contact_is_open(an_input, board, bench):
    loop = await an_input(discrete_input=0, inverted=True)
    await eventually(lambda: loop.level is True)


@pytest.mark.parametrize(("key", "bit"), [("input_register", 3), ("holding_register", 15)])
async def test_an_input_may_be_one_bit_of_a_register(an_input, board, bench, key: str, bit: int):
    loop = await an_input(**{key: 5, "bit": bit})
    await eventually(lambda: loop.level is False)
    board.registers[5] = 1 << bit
    await eventually(lambda: loop.level is True)


async def test_an_input_may_be_a_coil(an_input, board, bench):
    board.coils[4] = True
    loop = await an_input(coil=4)
    await eventually(lambda: loop.level is True)


async def test_inputs_that_lie_together_are_read_in_one_question(an_input, board, bench):
    loops = [await an_input(discrete_input=number) for number in (0, 1, 2, 7)]
    await eventually(lambda: all(loop.level is False for loop in loops))
    board.ask_log.clear()
    await asyncio.sleep(0.3)
    asked = {(address, count) for _, function, address, count in board.ask_log if function == READ_INPUTS}
    assert asked == {(0, 3), (7, 1)}


async def test_an_input_of_a_silent_board_is_unknown_and_known_again_when_it_answers(
    an_input, board, bench, faults: Notebook
):
    loop = await an_input(discrete_input=0)
    await eventually(lambda: loop.level is False)
    board.silent = True
    await eventually(lambda: loop.level is None)
    assert "modbus.silent" in faults.on
    board.silent = False
    await eventually(lambda: loop.level is False)
    await eventually(lambda: not faults.on)


async def test_an_input_whose_host_is_gone_is_unknown(an_input, board, bench, faults: Notebook):
    loop = await an_input(discrete_input=0)
    await eventually(lambda: loop.level is False)
    bench.pull_out()
    await eventually(lambda: loop.level is None)
    bench.plug_in()
    await eventually(lambda: loop.level is False)


async def test_an_input_that_is_stopped_is_unknown(an_input, board, bench):
    loop = await an_input(discrete_input=0)
    await eventually(lambda: loop.level is False)
    await loop.stop()
    assert loop.level is None


# --- settings ---


def test_one_coil_of_one_unit_belongs_to_one_part():
    line = {"host": "10.0.0.5", "coil": 1}
    first, second = (find(Relay, "modbus_tcp").model_validate({**line, "unit": unit}) for unit in (1, 2))
    same = find(Relay, "modbus_tcp").model_validate({**line, "watch": 5})
    assert set(first.claims.values()) == set(same.claims.values()) != set(second.claims.values())


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ({}, "give coil, or holding_register"),
        ({"coil": 0, "holding_register": 0}, "give coil, or holding_register"),
        ({"holding_register": 0, "on_value": 0}, "nothing could be switched"),
        ({"holding_register": 0, "pulse_by": "waveshare_flash"}, "needs the contact's coil"),
    ],
)
def test_a_relay_that_makes_no_sense_is_refused_in_plain_words(written: dict[str, Any], expected: str):
    with pytest.raises(ValidationError, match=expected):
        ModbusTcpRelaySettings.model_validate({"host": "10.0.0.5", **written})


@pytest.mark.parametrize(
    "written", [{}, {"coil": 1, "discrete_input": 1}, {"input_register": 1}, {"coil": 1, "bit": 1}]
)
def test_an_input_that_makes_no_sense_is_refused(written: dict[str, Any]):
    with pytest.raises(ValidationError, match=r"expected|a register needs its bit"):
        ModbusTcpInputSettings.model_validate({"host": "10.0.0.5", **written})


def test_only_a_host_on_this_machine_may_be_simulated():
    relay = {"coil": 0}
    assert not ModbusTcpRelaySettings.model_validate({"host": "127.0.0.1", **relay}).reaches_hardware
    assert ModbusTcpRelaySettings.model_validate({"host": "10.0.0.5", **relay}).reaches_hardware
    assert ModbusRtuRelaySettings.model_validate({"port": "/dev/ttyUSB0", **relay}).reaches_hardware


class AtAddress:
    unit, table, poll, within = 1, Table.DISCRETE_INPUT, 1.0, 1.0

    def __init__(self, address: int) -> None:
        self.address = address

    def read(self, value: int) -> None: ...

    def unread(self, fault: Any, detail: str) -> None: ...


def test_a_run_has_no_gap_and_isnt_longer_than_a_unit_can_answer():
    together = [[w.address for w in run] for run in runs([AtAddress(n) for n in (9, 0, 1, 2, 2, 4)])]
    assert together == [[0, 1, 2, 2], [4], [9]]
    assert [len(run) for run in runs([AtAddress(n) for n in range(300)])] == [256, 44]
