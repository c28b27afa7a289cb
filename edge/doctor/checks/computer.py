"""The computer itself: files it may open, memory, heat, power."""

from __future__ import annotations

import os
import resource

from edge.doctor.findings import About, Finding
from edge.doctor.machine import Machine
from edge.doctor.subject import Found, Subject

CHECK = "computer"
_ABOUT = About(CHECK, "lot")
LEAST_FILES = 1024
LEAST_MEMORY_BYTES = 300_000_000
WARM_DEGREES, HOT_DEGREES = 75.0, 85.0
_THROTTLED = "sys/devices/platform/soc/soc:firmware/get_throttled"
_POWER = "The power supply made for this computer (a Raspberry Pi 5 wants 5 V, 5 A), its cable, what hangs on its USB"
_COOLING = "A heat sink or a fan; shade and air for the cabinet"


def look(subject: Subject) -> Found:
    machine = subject.machine
    yield files(_files(subject))
    yield from _memory(machine, running=subject.daemon is not None)
    yield from _heat(machine)
    throttled = machine.said(_THROTTLED)
    if throttled:
        yield from power(int(throttled, 16))
    yield load(os.getloadavg()[1], os.cpu_count() or 1)


def files(limit: int) -> Finding:
    if limit < LEAST_FILES:
        return _ABOUT.warn(
            f"only {limit} files may be open at once", "LimitNOFILE=4096 in the unit; `ulimit -n` by hand"
        )
    return _ABOUT.ok(f"{limit} files may be open at once", open_files=limit)


def power(throttled: int) -> Found:
    """What a Raspberry Pi's firmware says: the low bits of now, those from 16 on of the time since its start. Pure."""
    if throttled & 0x1:
        yield _ABOUT.fail("the supply voltage is too low now", _POWER)
    elif throttled & 0x1_0000:
        yield _ABOUT.warn("the supply voltage has been too low since the start", _POWER)
    if throttled & 0xE:
        yield _ABOUT.fail("the processor is slowed down now", f"{_POWER}. {_COOLING}")
    elif throttled & 0xE_0000:
        yield _ABOUT.warn("the processor has been slowed down since the start", f"{_POWER}. {_COOLING}")
    if not throttled & 0xF_000F:
        yield _ABOUT.ok("voltage and speed of the processor have been right since the start")


def heat(degrees: float) -> Finding:
    said = f"the processor has {degrees:.0f} °C"
    if degrees >= HOT_DEGREES:
        return _ABOUT.fail(f"{said} and slows itself down", _COOLING, degrees=degrees)
    if degrees >= WARM_DEGREES:
        return _ABOUT.warn(said, _COOLING, degrees=degrees)
    return _ABOUT.ok(said, degrees=degrees)


def memory(available: int, running: bool) -> Finding:
    """`running`: what the daemon needs, it has already."""
    measured = {"available_bytes": available}
    said = f"{available / 1e6:.0f} MB of memory are free"
    if available < (LEAST_MEMORY_BYTES // 3 if running else LEAST_MEMORY_BYTES):
        return _ABOUT.warn(said, "Other programs on this computer; the reader needs 200 MB. 2 GB or more", **measured)
    return _ABOUT.ok(said, **measured)


def load(recent: float, cores: int) -> Finding:
    said = f"{recent:.1f} programs wanted one of {cores} processor cores at a time"
    if recent > 1.5 * cores:
        return _ABOUT.warn(said, "`top` shows which; too many lanes for this computer, or something else on it")
    return _ABOUT.ok(said, load=round(recent, 2))


def _files(subject: Subject) -> int:
    """The daemon's limit if one runs, else that of this shell."""
    said = "" if subject.daemon is None else subject.machine.said(f"proc/{subject.daemon.pid}/limits") or ""
    for line in said.splitlines():
        if line.startswith("Max open files"):
            return int(line.split()[3])
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def _memory(machine: Machine, running: bool) -> Found:
    for line in (machine.said("proc/meminfo") or "").splitlines():
        if line.startswith("MemAvailable:"):
            yield memory(int(line.split()[1]) * 1024, running)


def _heat(machine: Machine) -> Found:
    read = [machine.number(str(path.relative_to(machine.root))) for path in machine.found("sys/class/thermal/*/temp")]
    known = [thousandths / 1000 for thousandths in read if thousandths is not None]
    if known:
        yield heat(max(known))
