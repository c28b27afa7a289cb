"""Simulated relay boards: the bytes of their makers, and the ways in which they fail."""

from __future__ import annotations

import os
import select
from pathlib import Path

import pytest

from simulator.boards.cli import obey
from simulator.boards.cores import Answer, BoardCore, Change, KmtronicCore, LcusCore, NumatoCore, Rly16Core
from simulator.boards.pty_board import PtyBoard
from simulator.boards.witness import Contact, RelayWitness, contacts_in

ON, OFF = Change(2, True), Change(2, False)


@pytest.mark.parametrize(
    ("core", "said", "effects"),
    [
        (LcusCore(), "A0 02 01 A3", [ON]),
        (LcusCore(), "00 A0 02 01 A3 A0 02 00 A2", [ON, OFF]),
        (LcusCore(), "A0 02 01 A4", []),
        (LcusCore(2), "A0 03 01 A4", []),
        (KmtronicCore(), "FF 02 01 FF 02 00", [ON, OFF]),
        (KmtronicCore(2), "FF 02 01 FF 02 03", [ON, Answer(b"\xff\x02\x01")]),
        (KmtronicCore(4), "FF 02 01 FF 09 00", [ON, Answer(b"\x00\x01\x00\x00")]),
        (KmtronicCore(4), "FF 02 03", []),
        (Rly16Core(), "66 5B 70 5B", [ON, Answer(b"\x02"), OFF, Answer(b"\x00")]),
        (Rly16Core(), "6C 5B", [Change(8, True), Answer(b"\x80")]),
    ],
)
def test_a_board_does_what_its_maker_says(core: BoardCore, said: str, effects: list[object]):
    assert core.feed(bytes.fromhex(said)) == effects


def test_a_numato_module_echoes_and_prompts():
    core = NumatoCore()
    assert core.feed(b"relay on A\r") == [Change(10, True), Answer(b"relay on A\n\r>")]
    assert core.feed(b"relay read A\r") == [Answer(b"relay read A\n\ron\n\r>")]
    assert core.feed(b"relay on a\r") == [Answer(b"relay on a\n\r>")]


def test_a_command_that_comes_in_pieces_is_obeyed_once_it_is_whole():
    core = LcusCore()
    assert core.feed(b"\xa0\x02") == []
    assert core.feed(b"\x01\xa3") == [ON]


def test_a_relay_that_is_stuck_stays_as_it_is():
    core = Rly16Core()
    core.stuck.add(2)
    assert core.feed(b"\x66\x5b") == [Answer(b"\x00")]


def test_a_board_without_power_drops_its_relays():
    core = LcusCore()
    core.feed(bytes.fromhex("A0 02 01 A3 A0"))
    assert core.power_cut() == [OFF]
    assert core.feed(b"\x02\x01\xa3") == []


def heard_at(port: int, within: float = 1.0) -> bytes:
    return os.read(port, 100) if select.select([port], [], [], within)[0] else b""


def asked(board: PtyBoard) -> bytes:
    port = os.open(board.link, os.O_RDWR | os.O_NOCTTY)
    try:
        os.write(port, b"\x66\x5b")
        return heard_at(port, 0.3)
    finally:
        os.close(port)


@pytest.fixture
def account(tmp_path: Path) -> Path:
    return tmp_path / "witness"


@pytest.fixture
def board(tmp_path: Path, account: Path):
    with PtyBoard(Rly16Core(), tmp_path / "ttyRLY", RelayWitness("rly16", account)) as board:
        yield board


def test_a_board_answers_at_its_link(board: PtyBoard):
    assert asked(board) == b"\x02"


@pytest.mark.parametrize(("command", "answer"), [("garble 1", b"\x7f\xd5\x7f"), ("halve 1", b""), ("mute on", b"")])
def test_a_board_that_answers_badly_still_obeys(board: PtyBoard, command: str, answer: bytes):
    assert obey(board, command.split()) == "ok"
    assert asked(board) == answer
    assert board.core.relays[2]
    obey(board, ["well"])
    assert asked(board) == b"\x02"


def test_a_deaf_board_does_nothing(board: PtyBoard):
    obey(board, ["deaf", "on"])
    assert asked(board) == b""
    assert not board.core.relays[2]


def test_a_port_that_is_pulled_out_is_gone_for_whoever_has_it_open(board: PtyBoard):
    port = os.open(board.link, os.O_RDWR | os.O_NOCTTY)
    board.unplug()
    assert not board.link.exists()
    with pytest.raises(OSError):
        os.write(port, b"\x66")
    os.close(port)
    board.plug_in()
    assert asked(board) == b"\x02"


@pytest.mark.parametrize("command", ["", "dance", "slow soon", "stick", "unplug gently"])
def test_a_command_that_is_not_known_is_refused(board: PtyBoard, command: str):
    assert obey(board, command.split()).startswith("no: ")


def test_the_witness_tells_how_long_a_contact_was_made(account: Path):
    witness = RelayWitness("lcus", account)
    for line in [(1, True, 1_000_000), (2, True, 1_100_000), (1, False, 1_500_000)]:
        witness(*line)
    witness.close()
    first, second = contacts_in(account)
    assert (first.channel, first.seconds) == (1, 0.5)
    assert second == Contact(2, 1_100_000, None)
    with pytest.raises(ValueError, match="still made"):
        _ = second.seconds
