"""What becomes of a stopped vision process whose daemon dies."""

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

CHILD = "import sys; {wakes}; print('up', flush=True); sys.stdin.read()"
WAKES = "from edge.vision.process.life.orphan import wake_when_orphaned; wake_when_orphaned()"
DAEMON = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", sys.argv[1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
child.stdout.readline()
print(child.pid, flush=True)
child.wait()
"""


def stays_behind(child: str) -> bool:
    """Whether a stopped child is still there some time after its daemon was killed."""
    daemon = subprocess.Popen([sys.executable, "-c", DAEMON, child], stdout=subprocess.PIPE, text=True)
    assert daemon.stdout is not None
    stopped = psutil.Process(int(daemon.stdout.readline()))
    stopped.suspend()
    daemon.kill()
    daemon.wait()
    gone_by = time.monotonic() + 2
    while stopped.is_running() and stopped.status() != psutil.STATUS_ZOMBIE and time.monotonic() < gone_by:
        time.sleep(0.05)
    behind = stopped.is_running() and stopped.status() != psutil.STATUS_ZOMBIE
    if behind:
        os.kill(stopped.pid, signal.SIGKILL)
    return behind


@pytest.mark.parametrize(("wakes", "behind"), [(WAKES, False), ("pass", True)], ids=["as it ships", "control"])
def test_a_stopped_process_ends_with_its_daemon(wakes: str, behind: bool):
    assert stays_behind(CHILD.format(wakes=wakes)) is behind
