"""A port that is taken: who has it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import serial

from drivers.over_serial.holder import UNKNOWN, holder_of
from tests.drivers.cables import Cable

HOLDS = "import serial, sys; held = serial.Serial(sys.argv[1], exclusive=True); print(flush=True); sys.stdin.read()"


@pytest.fixture
def cable(tmp_path: Path) -> Iterator[Cable]:
    cable = Cable(tmp_path / "by-id")
    cable.plug_in()
    yield cable
    cable.pull_out()


def test_a_technician_is_told_which_programme_has_the_port(cable: Cable):
    assert holder_of(str(cable.port)) == UNKNOWN
    with subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(cable.port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        assert f"(process {other.pid})" in holder_of(str(cable.port))
        other.kill()


def test_another_part_of_the_lot_is_not_called_a_programme(cable: Cable):
    with serial.Serial(str(cable.port), exclusive=True):
        assert holder_of(str(cable.port)) == "another part of this lot"
