"""The systemd units say what systemd understands, and stay as closed as they were drawn."""

from __future__ import annotations

import re
import shutil
import subprocess
from configparser import ConfigParser
from pathlib import Path

import pytest

from edge.vision.process.life import limits
from tests.house.tree import HOUSE

SYSTEMD = HOUSE / "systemd"
UNITS = {"parkgate-edge.service": 2.0, "parkgate-cloud.service": 1.5}
"""Each unit with the exposure, in systemd's own points, that it may not exceed."""


def settings(unit: str) -> ConfigParser:
    parsed = ConfigParser(strict=False, interpolation=None, delimiters=("=",), comment_prefixes=("#", ";"))
    parsed.optionxform = str  # type: ignore[assignment, method-assign]
    parsed.read_string((SYSTEMD / unit).read_text())
    return parsed


@pytest.fixture
def analyze() -> str:
    found = shutil.which("systemd-analyze")
    if found is None:
        pytest.skip("systemd-analyze isn't here; the units' syntax alone is checked")
    return found


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The units with programs that exist: verify complains about absent ones."""
    for unit in UNITS:
        text = re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", (SYSTEMD / unit).read_text(), flags=re.MULTILINE)
        (tmp_path / unit).write_text(text)
    return tmp_path


@pytest.mark.parametrize("unit", UNITS)
def test_a_unit_parses_and_starts_our_program(unit: str):
    parsed = settings(unit)
    assert parsed.sections() == ["Unit", "Service", "Install"]
    assert Path(parsed["Service"]["ExecStart"].split()[0]).name == unit.removesuffix(".service")


@pytest.mark.parametrize("unit", UNITS)
def test_systemd_has_nothing_against_a_unit(unit: str, analyze: str, installed: Path):
    done = subprocess.run([analyze, "verify", installed / unit], capture_output=True, text=True, check=False)
    ours = [line for line in done.stderr.splitlines() if unit in line]
    assert ours == []


@pytest.mark.parametrize("unit", UNITS)
def test_a_unit_is_as_closed_as_it_was_drawn(unit: str, analyze: str, installed: Path):
    command = [analyze, "security", "--offline=true", "--no-pager", installed / unit]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    exposure = re.search(r"Overall exposure level for \S+: ([0-9.]+)", done.stdout)
    assert exposure is not None, done.stderr
    assert float(exposure[1]) <= UNITS[unit]


def test_the_lanes_come_back_by_themselves_and_reach_their_hardware():
    service = settings("parkgate-edge.service")["Service"]
    assert (service["Type"], service["Restart"]) == ("notify", "always")
    assert 0 < int(service["WatchdogSec"]) <= 60
    assert set(service["SupplementaryGroups"].split()) == {"gpio", "dialout", "video", "input", "lp"}
    # onnxruntime maps memory that is written and then run
    assert service.get("MemoryDenyWriteExecute", "no") == "no"


def test_memory_that_runs_out_costs_the_plate_reader_and_never_the_daemon():
    service = settings("parkgate-edge.service")["Service"]
    # With "stop", the rule where nothing is said, systemd would end the daemon because its child was killed.
    assert service["OOMPolicy"] == "continue"
    assert int(service["OOMScoreAdjust"]) < 0 < limits.READS < limits.SPARE
    assert "MemoryHigh" not in service, "it slows the daemon down, not only who takes too much"


def test_the_units_start_what_the_technician_was_told_to_install() -> None:
    for unit in SYSTEMD.glob("*.service"):
        program = next(line for line in unit.read_text().splitlines() if line.startswith("ExecStart=")).split()[0]
        assert program == f"ExecStart=/opt/parkgate/.venv/bin/{unit.stem}"
    told = (HOUSE / "docs/technician.md").read_text()
    assert "/opt/parkgate && cd /opt/parkgate" in told
    assert "parkgate-edge run --config /etc/parkgate/lot.yaml" in told


def test_the_clouds_unit_runs_as_the_user_to_whom_the_operator_gives_the_secrets() -> None:
    """A user of the day (DynamicUser) couldn't read them, and a copy would never see a new key."""
    service = settings("parkgate-cloud.service")["Service"]
    assert "DynamicUser" not in service
    assert f"u {service['User']} " in (SYSTEMD / "sysusers.d/parkgate-cloud.conf").read_text()
    told = (HOUSE / "docs/operator.md").read_text()
    for secret in ("signing.key", "broker/cloud.password"):
        assert f"chown {service['User']}: /etc/parkgate/{secret}" in told
