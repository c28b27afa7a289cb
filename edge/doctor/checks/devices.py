"""Serial ports and other device files: there, allowed, and nobody else's.

None is opened: that would raise the control lines, and some boards take that for a reset.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from edge.doctor.findings import About
from edge.doctor.machine import Machine
from edge.doctor.needs import DeviceFile, named, users_of
from edge.doctor.person import group_of
from edge.doctor.subject import Found, Subject

CHECK = "devices"
_PSEUDO_TERMINALS = range(136, 144)
_BY_ID = "dev/serial/by-id/*"


def look(subject: Subject) -> Found:
    wanted: dict[DeviceFile, list[str]] = users_of(subject.parts, DeviceFile)
    for device, users in wanted.items():
        yield from _one(About(CHECK, named(users)), device.path, subject)
    if not wanted:
        yield About(CHECK, "lot").ok("no part is at a serial port or another device file")


def _one(about: About, path: Path, subject: Subject) -> Found:
    machine, person = subject.machine, subject.machine.person
    if not path.exists():
        yield about.fail(f"there is no {path}", _what_there_is(machine))
        return
    if not person.may_use(path):
        group = group_of(path)
        yield about.fail(
            f"{person.name} may not use {path}, which belongs to the group {group}",
            f"usermod -aG {group} {person.name}, then start the daemon anew",
        )
        return
    daemon = None if subject.daemon is None else subject.daemon.pid
    others = [(pid, name) for pid, name in holders(path, machine.root / "proc") if pid not in (daemon, os.getpid())]
    if others and not _is_pseudo(path):
        names = ", ".join(f"{name} (process {pid})" for pid, name in others)
        yield about.fail(f"{path} is in use by {names}", f"End {names}, or `systemctl disable` what starts it")
    elif by_id := _better_name(path, machine):
        yield about.warn(
            f"{path} may be another device after the next start",
            f"Write {by_id}, which stays the same",
        )
    else:
        yield about.ok(f"{path} is there and may be used")


def holders(path: Path, proc: Path) -> Iterator[tuple[int, str]]:
    """The processes that have a file open, as far as /proc tells this user."""
    try:
        found = path.stat()
        processes = [int(entry.name) for entry in proc.iterdir() if entry.name.isdigit()]
    except OSError:
        return
    for pid in sorted(processes):
        if _has_open(proc / str(pid) / "fd", found):
            yield pid, _name(proc / str(pid) / "comm")


def _has_open(descriptors: Path, file: os.stat_result) -> bool:
    try:
        for descriptor in descriptors.iterdir():
            try:
                opened = descriptor.stat()
            except OSError:
                continue  # closed in the meantime
            if (opened.st_dev, opened.st_ino) == (file.st_dev, file.st_ino):
                return True
    except OSError:
        pass  # gone in the meantime, or another user's
    return False


def _name(comm: Path) -> str:
    try:
        return comm.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return "a process that has ended"


def _is_pseudo(path: Path) -> bool:
    """Of a pseudo terminal, the far end may be the one who has it open too."""
    found = path.stat()
    return stat.S_ISCHR(found.st_mode) and os.major(found.st_rdev) in _PSEUDO_TERMINALS


def _better_name(path: Path, machine: Machine) -> Path | None:
    if not path.name.startswith(("ttyUSB", "ttyACM")):
        return None
    return next((link for link in machine.found(_BY_ID) if link.resolve() == path.resolve()), None)


def _what_there_is(machine: Machine) -> str:
    there = ", ".join(map(str, [*machine.found(_BY_ID), *machine.found("dev/video[0-9]*")]))
    return f"Its cable and its power; the path in the configuration. There are: {there or 'none of that kind'}"
