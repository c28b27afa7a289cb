"""The walk through a lane: a technician at a pseudo terminal, devices at a real broker and a real pty board."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from edge.clock import SystemClock
from edge.config.load import load_lot
from edge.doctor.subject import Subject
from edge.doctor.walk.guide import Guide
from edge.doctor.walk.through import walk
from edge.doctor.walk.voice import Nobody
from simulator.boards.cores import LcusCore
from simulator.boards.pty_board import PtyBoard
from simulator.servers import Mosquitto
from tests.brokers import USERS
from tests.edge.daemons import Site, until
from tests.edge.doctoring import Gate, Technician, doctor, findings, verdicts, with_lane


@pytest.fixture
def site(tmp_path: Path, mosquitto: Mosquitto) -> Site:
    return Site(tmp_path / "lot", mosquitto)


RELAYS = ("--only", "relays")


def test_a_lane_that_is_well_is_walked_through_with_its_loops_and_its_arm(site: Site) -> None:
    with Gate(site) as gate, Technician(site, "--only", "inputs,relays", "--wait", "15") as technician:
        technician.answers("Now in:")
        technician.reads("in.arming_loop: drive a vehicle onto it")
        technician.reads("[arming_loop: OFF]")
        gate.is_driven_over("arming")
        technician.reads("in.arming_loop: it goes on and off")
        technician.reads("in.closing_loop: drive a vehicle onto it")
        gate.is_driven_over("closing")
        technician.reads("in.closing_loop: it goes on and off")
        technician.reads("Make sure that nobody and nothing stands under the arm")
        assert gate.heard == [], "nothing moves before the yes"
        technician.answers("Raise the arm of in.barrier now?", "yes")
        technician.reads("in.barrier: it begins to rise")
        technician.reads("timing: {rise_within:")
        assert technician.leaves() == 0
    (vend,) = gate.heard
    assert json.loads(vend)["vend"].startswith("doctor-")
    assert "nothing to mend" in technician.screen


@pytest.mark.parametrize("answer", ["", "y", "no", "yes please", "skip"])
def test_nothing_moves_without_a_yes(site: Site, answer: str) -> None:
    with Gate(site) as gate, Technician(site, *RELAYS) as technician:
        technician.answers("Now in:")
        technician.answers("Raise the arm of in.barrier now?", answer)
        technician.reads("the arm wasn't raised: nobody said yes")
        technician.leaves()
        time.sleep(0.3)
    assert gate.heard == []


def test_a_yes_that_was_typed_before_the_question_is_no_answer(site: Site) -> None:
    with Gate(site) as gate, Technician(site, *RELAYS) as technician:
        technician.reads("Now in:")
        for _ in range(5):
            technician.types("yes")
        technician.reads("Raise the arm of in.barrier now?")
        time.sleep(0.5)
        assert gate.heard == []
        technician.types("no")
        technician.reads("nobody said yes")
        technician.leaves()
    assert gate.heard == []


def test_an_arm_is_not_raised_over_something_on_the_closing_loop(site: Site) -> None:
    under = {"arming": "OFF", "closing": "ON", "position": "closed"}
    with Gate(site, states=under) as gate, Technician(site, *RELAYS, "--yes-pulse") as technician:
        technician.answers("Now in:")
        technician.reads("not raised: something is on the closing loop")
        assert technician.leaves() == 1
    assert gate.heard == []


def test_an_arm_that_does_not_obey_is_told_with_what_to_look_at(site: Site) -> None:
    with Gate(site, obeys=False), Technician(site, *RELAYS) as technician:
        technician.answers("Now in:")
        technician.answers("Raise the arm of in.barrier now?", "yes")
        technician.reads("still reads closed after 10 s")
        assert technician.leaves() == 1
    assert "Power and motor of the barrier" in technician.screen


def test_a_loop_from_which_nothing_comes_is_told_when_its_time_is_over(site: Site) -> None:
    with Gate(site), Technician(site, "--only", "inputs", "--wait", "2") as technician:
        technician.answers("Now in:")
        technician.reads("in.arming_loop: it stayed off")
        technician.reads("in.closing_loop: drive")
        technician.answers("[closing_loop: OFF]")
        technician.reads("in.closing_loop: it is off; nobody tried it out")
        assert technician.leaves() == 1


def test_a_lane_that_is_left_out_starts_nothing(site: Site) -> None:
    with Gate(site) as gate, Technician(site, *RELAYS) as technician:
        technician.answers("Now in:", "skip")
        technician.reads("in: it was left out")
        assert technician.leaves() == 0
    assert gate.heard == []


def test_the_walk_is_over_when_the_technician_is_gone(site: Site) -> None:
    with Gate(site) as gate, Technician(site, *RELAYS) as technician:
        technician.answers("Now in:")
        technician.reads("Raise the arm of in.barrier now?")
        os.killpg(technician.process.pid, signal.SIGHUP)
        assert technician.leaves() == 1
    assert gate.heard == []


def holding(site: Site) -> dict[str, Any]:
    barrier = {**site.settings()["lanes"][0]["barrier"], "payload_hold": "hold", "payload_release": "release"}
    return dict(with_lane(site.settings(), barrier=barrier))


def test_an_arm_that_is_held_is_let_go_even_when_the_walk_is_broken_off(site: Site) -> None:
    site.write(holding(site))
    with Gate(site) as gate, Technician(site, *RELAYS) as technician:
        gate.stays_up = 0.3
        technician.answers("Now in:")
        technician.answers("Raise the arm of in.barrier now?", "yes")
        technician.reads("long enough")
        gate.stays_up = 30.0
        technician.answers("Hold the arm up for a moment", "yes")
        until(lambda: "hold" in gate.heard)
        os.kill(technician.process.pid, signal.SIGINT)
        assert technician.leaves() == 1
        until(lambda: gate.heard[1:] == ["hold", "release"])
    assert "Broken off" in technician.screen


def test_an_arm_is_not_let_go_while_its_closing_loop_is_occupied_however_often_the_walk_is_broken_off(
    site: Site,
) -> None:
    site.write(holding(site))
    with Gate(site, stays_up=0.3) as gate, Technician(site, *RELAYS) as technician:
        technician.answers("Now in:")
        technician.answers("Raise the arm of in.barrier now?", "yes")
        technician.reads("long enough")
        gate.stays_up = 30.0
        technician.answers("Hold the arm up for a moment", "yes")
        until(lambda: "hold" in gate.heard)
        gate.say(closing="ON")
        technician.reads("its closing loop isn't clear")
        for _ in range(2):
            os.kill(technician.process.pid, signal.SIGINT)
            technician.reads("is still held up")
        time.sleep(1.5)
        assert "release" not in gate.heard
        gate.say(closing="OFF")
        assert technician.leaves() == 1
        until(lambda: gate.heard[1:] == ["hold", "release"])


def test_an_arm_whose_closing_loop_says_nothing_is_neither_held_nor_lowered(site: Site) -> None:
    settings = holding(site)
    barrier = {**settings["lanes"][0]["barrier"], "payload_lower": "lower"}
    site.write(dict(with_lane(settings, barrier=barrier)))
    silent = {"arming": "OFF", "position": "closed"}
    with Gate(site, stays_up=0.3, states=silent) as gate, Technician(site, *RELAYS) as technician:
        technician.answers("Now in:")
        technician.answers("Raise the arm of in.barrier now?", "yes")
        technician.reads("not held up: the closing loop can't be read")
        technician.reads("not lowered: the closing loop can't be read")
        assert technician.leaves() == 1
    assert len(gate.heard) == 1


def test_an_arm_without_a_closing_loop_is_let_go_when_a_person_says_that_nothing_is_under_it(site: Site) -> None:
    settings = holding(site)
    site.write(dict(with_lane(settings, closing_loop=None)))
    with Gate(site, stays_up=0.3) as gate, Technician(site, *RELAYS) as technician:
        technician.answers("Now in:")
        technician.answers("Raise the arm of in.barrier now?", "yes")
        technician.reads("long enough")
        gate.stays_up = 30.0
        technician.answers("Hold the arm up for a moment", "yes")
        technician.answers("Is nothing under the arm of in.barrier", "no")
        technician.reads("is held up until you say so")
        assert "release" not in gate.heard
        technician.answers("Is nothing under the arm of in.barrier", "yes")
        until(lambda: gate.heard[1:] == ["hold", "release"])


class Careless(Guide):
    """A guide that doesn't wait for an answer."""

    async def may_raise(self, question: str) -> bool:
        return True


@pytest.mark.parametrize(("guide", "orders"), [(Guide, 0), (Careless, 1)])
async def test_the_control_a_guide_that_takes_silence_for_a_yes_is_seen_to_move_the_arm(
    site: Site, monkeypatch: pytest.MonkeyPatch, guide: type[Guide], orders: int
) -> None:
    monkeypatch.setenv("PARKGATE_TEST_PASSWORD", USERS["lot"])
    clock = SystemClock()
    subject = Subject(load_lot(site.config), site.config)
    with Gate(site) as gate:
        await walk(subject, guide(Nobody(clock, 5.0), clock, lambda _finding: None, 5.0), ["relays"])
        await asyncio.sleep(0.3)
    assert len(gate.heard) == orders


# Scripts.


def test_a_script_that_says_so_has_the_arm_raised_and_timed(site: Site) -> None:
    with Gate(site) as gate:
        ran = doctor(site, "--json", "--yes-pulse", "--lane", "in", *RELAYS)
    assert ran.returncode == 0, ran.stdout
    timed, waits = findings(ran, "relays", "in.barrier")
    assert len(gate.heard) == 1
    assert 0 <= timed["measured"]["begins_s"] < timed["measured"]["up_s"] < timed["measured"]["down_s"] < 10
    assert waits["measured"]["travel_within"] == 3.0


def test_a_script_that_does_not_say_so_moves_nothing_and_asks_nothing(site: Site) -> None:
    with Gate(site) as gate:
        ran = doctor(site, "--json", "--lane", "in", "--only", "inputs,relays")
        time.sleep(0.3)
    assert gate.heard == []
    assert findings(ran, "relays") == []


def test_a_walk_that_nobody_is_there_for_is_skipped_and_nothing_is_said_to_be_well(site: Site) -> None:
    ran, told = doctor(site, "--only", "inputs,relays"), doctor(site, "--json", "--only", "inputs,relays")
    assert ("nothing was looked at" in ran.stdout, "nothing to mend" in ran.stdout) == (True, False)
    assert "no hardware was tried out (inputs, relays): there is no terminal to ask you at" in ran.stdout
    assert (ran.returncode, told.returncode) == (1, 1)
    report = json.loads(told.stdout)
    assert (report["complete"], report["verdict"], verdicts(told, "walk")) == (False, "skipped", ["skipped"])
    assert "--yes-pulse" in findings(told, "walk")[0]["fix"]


def test_a_round_without_a_walk_that_was_wanted_is_not_complete(site: Site) -> None:
    told = doctor(site, "--json", "--only", "disk,relays")
    assert (json.loads(told.stdout)["complete"], told.returncode) == (False, 0)


# A board on a pty, whose position nobody reads.


def test_a_serial_board_is_pulsed_once_and_timed_by_the_technician(site: Site, tmp_path: Path) -> None:
    switched: list[tuple[int, bool]] = []
    link = tmp_path / "by-id" / "usb-lcus"
    relay = {"driver": "lcus", "port": str(link), "channel": 1}
    barrier = {"driver": "relays", "open": relay, "hold_by": "none"}
    site.write(dict(with_lane(site.settings(), barrier=barrier, arming_loop=None, closing_loop=None)))
    board = PtyBoard(LcusCore(), link, lambda channel, on, _at: switched.append((channel, on)))
    with board, Technician(site, *RELAYS) as technician:
        technician.answers("Now in:")
        technician.reads("Raise the arm of in.barrier now?")
        assert (1, True) not in switched, "nothing is pulsed before the yes"
        technician.types("yes")
        technician.answers("Press Enter when the arm is up")
        technician.answers("Press Enter when it is down again")
        technician.reads("as a person saw it")
        assert technician.leaves() == 0
    assert [on for channel, on in switched if channel == 1].count(True) == 1
    assert not any(board.core.relays.values())


def test_a_board_that_is_not_there_is_told_and_its_order_refused(site: Site, tmp_path: Path) -> None:
    relay = {"driver": "lcus", "port": str(tmp_path / "gone"), "channel": 1}
    barrier = {"driver": "relays", "open": relay, "hold_by": "none"}
    site.write(dict(with_lane(site.settings(), barrier=barrier, arming_loop=None, closing_loop=None)))
    with Technician(site, *RELAYS) as technician:
        technician.answers("Now in:")
        technician.reads(f"there is no {tmp_path}/gone")
        technician.answers("Raise the arm of in.barrier now?", "yes")
        technician.reads("it couldn't be raised")
        assert technician.leaves() == 1


# Pins, the post and the fire contact.


def test_mock_pins_are_shown_and_the_fire_contact_is_only_looked_at(site: Site) -> None:
    site.write({**site.settings(), "fire": {"driver": "gpio", "pin": 22}})
    with Gate(site) as gate, Technician(site, "--only", "fire", GPIOZERO_PIN_FACTORY="mock") as technician:
        technician.answers("Now in:")
        technician.answers("Now what stands beside the lanes")
        technician.reads("it is only looked at; nothing moves by it now")
        technician.reads("lot.fire: it is off")
        assert technician.leaves() == 0
    assert gate.heard == []


class PrinterPeer:
    """A network printer that keeps what it is sent."""

    def __init__(self) -> None:
        self.printed = b""
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            line, _ = self._server.accept()
            while said := line.recv(4096):
                self.printed += said


def test_the_sign_and_the_printer_are_tried_out_and_judged_by_who_looks(site: Site) -> None:
    printer = PrinterPeer()
    paper = {"driver": "escpos", "network": {"host": "127.0.0.1", "port": printer.port}, "status": "none"}
    sign = {"driver": "mqtt", **site.login(), "topic": site.topic("sign")}
    site.write(dict(with_lane(site.settings(), ticket_printer=paper, sign=sign)))
    with Gate(site) as gate, Technician(site, "--only", "sign,printer") as technician:
        technician.answers("Now in:")
        technician.answers('does it show "PARKGATE TEST 123"?', "yes")
        technician.reads("in.sign: it shows what it is told")
        technician.reads("print a test ticket?")
        assert printer.printed == b""
        technician.types("yes")
        technician.answers("Is it whole, and cut off?", "no")
        technician.reads("isn't as it should be")
        assert technician.leaves() == 1
    assert b"TEST" in printer.printed
    assert [json.loads(shown)["lines"] for shown in gate.shown] == [["PARKGATE TEST 123"], [""]]
    assert gate.heard == []
