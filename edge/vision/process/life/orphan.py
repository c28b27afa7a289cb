"""A vision process that was stopped goes on when its daemon dies, so that it can say goodbye to its cameras and end."""

from __future__ import annotations

import ctypes
import signal

_PR_SET_PDEATHSIG = 1
"""Of prctl(2): the signal that the kernel sends when the thread that started this process has ended"""


def wake_when_orphaned() -> None:
    """Else it would hold its memory and its cameras' sessions until the computer is started again: the end of its
    input tells only a process that runs."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGCONT)
