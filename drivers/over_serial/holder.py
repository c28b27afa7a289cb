"""Who has a device file open: a port that is taken is most often taken by a service that looks for modems."""

from __future__ import annotations

import os
from pathlib import Path

_PROCESSES = Path("/proc")
UNKNOWN = "another part or programme"


def holder_of(path: str) -> str:
    """For people: programmes and their numbers, as far as this user may see them."""
    device = os.path.realpath(path)
    holders = [_named(process) for process in _PROCESSES.glob("[0-9]*") if _has_open(process, device)]
    return " and ".join(sorted(holders)) or UNKNOWN


def _has_open(process: Path, device: str) -> bool:
    try:
        return any(os.readlink(each) == device for each in (process / "fd").iterdir())
    except OSError:  # it has ended, or belongs to somebody else
        return False


def _named(process: Path) -> str:
    if int(process.name) == os.getpid():
        return "another part of this lot"
    try:
        return f"{(process / 'comm').read_text().strip()} (process {process.name})"
    except OSError:
        return f"process {process.name}"
