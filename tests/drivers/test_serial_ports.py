"""The port of a relay board: how it is written, who may have it, and what is said when it can't be had."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import termios
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import serial
from pydantic import ValidationError

from drivers.contract import DriverError
from drivers.kmtronic import KmtronicSettings
from drivers.lcus import LcusSettings
from drivers.numato import NumatoSettings
from drivers.over_serial import port as serial_port
from drivers.rly16 import Rly16Settings
from simulator.boards.cores import KmtronicCore
from simulator.boards.pty_board import PtyBoard
from simulator.boards.witness import contacts_in
from tests.drivers.boards import KMTRONIC_8, LCUS, RLY16, Bench, Make, a_bench, within

PORT = "/dev/serial/by-id/usb-1a86_USB_Serial-if00-port0"


@pytest.fixture
def make() -> Make:
    return KMTRONIC_8


@pytest.fixture
async def bench(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    monkeypatch.setattr(serial_port, "RECONNECT_SECONDS", 0.1)
    bench = a_bench(make, tmp_path)
    bench.board.plug_in()
    yield bench
    for relay in bench.started:
        await relay.stop()
    bench.board.unplug()


# How a technician writes it.


@pytest.mark.parametrize("written", ["COM3", "ttyUSB0", "/dev/tty USB0", ""])
def test_a_port_is_written_as_its_device_file(written: str):
    with pytest.raises(ValidationError, match="/dev/serial/by-id/"):
        LcusSettings(port=written)


@pytest.mark.parametrize(
    ("settings", "written"),
    [
        (LcusSettings, {"channel": 0}),
        (LcusSettings, {"channel": 9}),
        (KmtronicSettings, {"channel": 3, "channels": 2}),
        (KmtronicSettings, {"channel": 1, "channels": 3}),
        (KmtronicSettings, {"channel": 1}),
        (NumatoSettings, {"channel": -1}),
        (NumatoSettings, {"channel": 32}),
        (Rly16Settings, {"channel": 9}),
        (Rly16Settings, {"baud": 12345}),
        (Rly16Settings, {"answer_within": 0}),
    ],
)
def test_a_relay_that_the_board_cannot_have_is_an_error(settings: Any, written: dict[str, Any]):
    with pytest.raises(ValidationError):
        settings(port=PORT, **written)


def test_the_speeds_are_the_makers_when_nothing_is_said():
    assert LcusSettings(port=PORT).line.terms == "9600 baud, 8N1"
    assert KmtronicSettings(port=PORT, channels=1).line.terms == "9600 baud, 8N1"
    assert NumatoSettings(port=PORT, channel=0).line.terms == "19200 baud, 8N1"
    assert Rly16Settings(port=PORT).line.terms == "19200 baud, 8N2"


def test_two_parts_on_one_relay_claim_the_same():
    one, other = LcusSettings(port=PORT), LcusSettings(port=PORT.replace("by-id", "./by-id"), channel=1)
    assert one.claims == other.claims
    assert one.claims != LcusSettings(port=PORT, channel=2).claims


def test_two_relays_of_one_board_share_its_port_in_one_way():
    assert LcusSettings(port=PORT).shares == LcusSettings(port=PORT, channel=2).shares


@pytest.mark.parametrize(
    "other",
    [
        LcusSettings(port=PORT, baud=19200),
        LcusSettings(port=PORT, answer_within=1),
        KmtronicSettings(port=PORT, channels=8),
        Rly16Settings(port=PORT),
    ],
)
def test_a_port_that_is_used_in_two_ways_can_be_told(other: Any):
    mine, others = LcusSettings(port=PORT).shares["port"], other.shares["port"]
    assert mine[0] == others[0]
    assert mine[1] != others[1]


# Who may have it.


async def test_a_port_that_another_programme_has_is_a_fault_until_it_is_free(bench: Bench):
    with serial.Serial(str(bench.board.link), exclusive=True):
        relay = await bench.a_started_relay()
        await within(lambda: "relay.port_taken" in bench.faults.on)
        with pytest.raises(DriverError) as refused:
            await relay.pulse(0.1)
        assert refused.value.fault.code == "relay.port_taken"
        assert bench.board.heard == b""
    await within(lambda: relay.on is False)
    assert bench.faults.on == {}


async def test_two_makes_on_one_port_do_not_mix(bench: Bench):
    await bench.a_relay_at_rest()
    heard = len(bench.board.heard)
    stranger = LcusSettings(port=str(bench.board.link)).build(bench.context)
    await stranger.start()
    await within(lambda: "relay.port_taken" in bench.faults.on)
    await stranger.stop()
    assert bench.board.heard[heard:] == b""


async def test_what_is_no_serial_port_is_a_fault(bench: Bench, tmp_path: Path):
    file = tmp_path / "file"
    file.touch()
    relay = LcusSettings(port=str(file)).build(bench.context)
    await relay.start()
    await within(lambda: "relay.unplugged" in bench.faults.on)
    assert str(file) in bench.faults.on["relay.unplugged"]
    await relay.stop()


STARTS_A_RELAY = """
import asyncio, concurrent.futures.thread, os, sys
from drivers.contract import DriverContext
from drivers.lcus import LcusSettings
from edge.clock import SystemClock

class Tell:
    def raised(self, fault, detail): print(fault.code, detail, fault.look_at, sep="|", flush=True)
    def cleared(self, fault): pass

async def run():
    relay = LcusSettings(port=sys.argv[1]).build(DriverContext("part", SystemClock(), Tell()))
    if os.geteuid() == 0:
        os.setuid(65534)  # root may open everything
    await relay.start()
    await asyncio.sleep(0.3)
    await relay.stop()

asyncio.run(run())
"""


def test_a_port_that_the_daemon_may_not_open_is_a_fault_with_its_remedy(bench: Bench):
    port = os.path.realpath(bench.board.link)
    os.chmod(port, 0)
    told = subprocess.run(
        [sys.executable, "-c", STARTS_A_RELAY, port], capture_output=True, text=True, timeout=20, check=True
    )
    code, detail, look_at = told.stdout.splitlines()[-1].split("|")
    assert code == "relay.forbidden"
    assert port in detail
    assert "dialout" in look_at


async def test_a_board_that_comes_back_as_another_device_under_its_name_is_found(bench: Bench):
    relay = await bench.a_relay_at_rest()
    bench.board.unplug()
    await within(lambda: relay.on is None)
    heard: list[tuple[int, bool]] = []
    with PtyBoard(KmtronicCore(8), bench.board.link, lambda channel, on, _at: heard.append((channel, on))):
        await within(lambda: relay.on is False)
        await relay.pulse(0.05)
    assert heard == [(KMTRONIC_8.channel, True), (KMTRONIC_8.channel, False)]


async def test_control_lines_stay_as_they_are_when_the_port_is_closed(bench: Bench):
    await bench.a_relay_at_rest()
    port = os.open(bench.board.link, os.O_RDWR | os.O_NOCTTY)
    try:
        assert not termios.tcgetattr(port)[2] & termios.HUPCL
    finally:
        os.close(port)


# Orders that come too late.


async def test_an_order_that_had_to_wait_too_long_for_its_board_is_refused_and_never_sent(bench: Bench):
    one = await bench.a_relay_at_rest(answer_within=2)
    other = await bench.a_relay_at_rest(KMTRONIC_8.other, answer_within=2)
    bench.board.faults.slow = 1.3
    switching = asyncio.create_task(other.switch(True))
    await within(lambda: bench.board.core.relays[KMTRONIC_8.other])
    with pytest.raises(DriverError) as refused:
        await one.pulse(0.1)
    assert refused.value.fault.code == "relay.busy"
    await switching
    bench.board.faults.slow = 0
    assert KMTRONIC_8.on not in bench.board.heard


# A board that outlives the daemon.

PULSES = """
import asyncio, sys
from drivers.contract import DriverContext
from drivers.registry import find
from drivers.contract import Relay
from edge.clock import SystemClock

class Tell:
    def raised(self, fault, detail): pass
    def cleared(self, fault): pass

async def run(port, driver):
    relay = find(Relay, driver)(port=port, channel=3).build(DriverContext("part", SystemClock(), Tell()))
    await relay.start()
    while relay.on is None:
        await asyncio.sleep(0.01)
    print("at rest", flush=True)
    if "pulse" in sys.argv:
        await relay.pulse(30)
    await relay.stop()

asyncio.run(run(sys.argv[1], sys.argv[2]))
"""


@pytest.mark.parametrize("make", [LCUS, RLY16], ids=str)
def test_a_contact_that_a_killed_daemon_left_made_is_opened_by_the_next_and_not_made_again(make: Make, tmp_path: Path):
    link, account = tmp_path / "ttyBoard", tmp_path / "witness"
    peer = subprocess.Popen(
        [sys.executable, "-m", "simulator.boards", "--board", make.name, "--link", link, "--witness", account],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert peer.stdin is not None
    assert peer.stdout is not None
    try:
        assert peer.stdout.readline() == f"ready {link}\n"
        daemon = subprocess.Popen([sys.executable, "-c", PULSES, str(link), make.name, "pulse"])
        while not account.exists() or not contacts_in(account):
            assert daemon.poll() is None
        daemon.send_signal(signal.SIGKILL)
        daemon.wait()
        assert contacts_in(account)[0].opened_us is None
        subprocess.run([sys.executable, "-c", PULSES, str(link), make.name], check=True, timeout=20)
        [contact] = contacts_in(account)
        assert contact.opened_us is not None
        peer.stdin.write("state\nquit\n")
        peer.stdin.flush()
        assert "true" not in peer.stdout.readline()
        assert peer.wait(5) == 0
    finally:
        peer.kill()
        peer.wait()
