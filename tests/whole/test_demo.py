"""The demonstration as a person runs it: it ends by itself, or when told to, and leaves nothing running."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import psutil
import pytest

from simulator.servers import free_port
from tests.whole.test_outages import weights

HOUSE = Path(__file__).resolve().parents[2]


def demo(folder: Path, *options: str) -> subprocess.Popen[str]:
    program = [sys.executable, "-m", "simulator.cli", "demo", "--folder", str(folder), *options]
    program += ["--http-port", str(free_port())]
    if weights() is not None:
        program += ["--weights", str(weights())]
    return subprocess.Popen(
        program, cwd=HOUSE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**os.environ}
    )


def status_signing_in_by(link: str) -> int:
    """What the sign-in form, which sends itself in a browser, is answered with."""
    page, _, code = link.partition("?code=")
    with httpx.Client(follow_redirects=True) as visitor:
        assert visitor.get(link).status_code == 200
        origin = page.removesuffix("/console/sign-in")
        return visitor.post(page, data={"code": code}, headers={"Origin": origin}).status_code


@pytest.mark.timeout(300)
def test_the_demonstration_ends_by_itself_with_equal_books(tmp_path: Path) -> None:
    running = demo(tmp_path / "run", "--vehicles", "2", "--stay", "2s..8s", "--rate", "20")
    said, _ = running.communicate(timeout=280)
    assert running.returncode == 0, said
    assert "equal, field by field" in said
    assert "Plate shown" in said


@pytest.mark.timeout(120)
def test_ctrl_c_stops_everything_that_the_demonstration_started(tmp_path: Path) -> None:
    running = demo(tmp_path / "run")
    assert running.stdout is not None
    said = ""
    for line in running.stdout:
        said += line
        link = re.search(r"http://\S+/console/sign-in\?code=\S+", line)
        if link:
            # The very address that is printed opens the page signed in, and only once.
            assert [status_signing_in_by(link[0]), status_signing_in_by(link[0])] == [200, 401]
        if "drives up to" in line:
            break
    children = psutil.Process(running.pid).children(recursive=True)
    assert len(children) >= 6, said
    running.send_signal(signal.SIGINT)
    running.communicate(timeout=100)
    _, alive = psutil.wait_procs(children, timeout=5)
    assert alive == []
