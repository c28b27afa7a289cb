"""How much memory a vision process may take, and whom the kernel takes first when none is left."""

from __future__ import annotations

import contextlib
import os
import resource
from dataclasses import dataclass
from math import ceil
from pathlib import Path

MEGABYTE = 1 << 20
ROOM, ROOM_A_CAMERA = 512 * MEGABYTE, 128 * MEGABYTE
"""Above what the loaded reader takes. A camera of 3840x2160 pixels took 70 MB, its decoder included"""
READING, LEAST_A_CAMERA = 96 * MEGABYTE, 64 * MEGABYTE
"""The least that it can work with above what the loaded reader takes: its threads' stacks and the first reads took
90 MB, and each camera has to have something"""
ENOUGH = 0.9
"""Of its limit: beyond it nothing works any more, and whoever comes so far goes on"""
MOST_OF_THE_MACHINE = 0.75
READS, SPARE = 500, 700
"""What the kernel adds to the claim that a process has on being killed, in thousandths of the machine's memory. The
spare goes first, then the one that reads, and never the daemon"""
_STATUS, _SCORE = Path("/proc/self/status"), Path("/proc/self/oom_score_adj")


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes: what the process holds (`resident`), and what it has asked for and may write to (`data`)."""

    resident: int
    data: int


def memory() -> Memory:
    """Of this process, now. Raises OSError."""
    lines = dict(line.split(":", 1) for line in _STATUS.read_text().splitlines())
    return Memory(*(int(lines[name].split()[0]) * 1024 for name in ("VmRSS", "VmData")))


def limit(loaded: int, cameras: int, machine: int, asked: int | None) -> int:
    """Bytes of `data` that a process may have that took `loaded` of them for its reader alone. Pure.

    `asked`: what a technician wants it to be at most; it always gets what it needs to read its cameras' pictures.
    """
    least = ceil((loaded + READING + cameras * LEAST_A_CAMERA) / ENOUGH)
    if asked is not None:
        return max(asked, least)
    return max(min(loaded + ROOM + cameras * ROOM_A_CAMERA, round(machine * MOST_OF_THE_MACHINE)), least)


def overdraw(data: int, limit: int, *, was_set: bool) -> str | None:
    """Why a process that has asked for so much is to be replaced now; None: it isn't. Pure.

    `limit`: 0 while it isn't known; `was_set`: by a technician.
    """
    if not 0 < limit * ENOUGH < data:
        return None
    by = " (`vision: memory:`)" if was_set else ""
    return f"it took {data // MEGABYTE} of at most {limit // MEGABYTE} MB of memory{by}"


def machine_memory() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def allow(bytes_of_data: int) -> None:
    """From now on this process gets no more than that: whoever asks for it is told that there is none."""
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    wanted = bytes_of_data if hard == resource.RLIM_INFINITY else min(bytes_of_data, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (wanted, hard))


def leave_no_core() -> None:
    """A core file would hold people's plates, and its writing would keep a dead process from being replaced."""
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, hard))


def offer_itself(score: int) -> None:
    """To the kernel, should memory run out: before the daemon, whose score this process was born with."""
    with contextlib.suppress(OSError):
        _SCORE.write_text(str(score))
