"""Devices in the network: whether each answers at its port. Nothing is said to any of them."""

from __future__ import annotations

from edge.doctor.findings import About
from edge.doctor.needs import FarEnd, named, users_of
from edge.doctor.reach import NoWay, connected
from edge.doctor.subject import Found, Subject
from models.instants import SECOND

CHECK = "network"


def look_for(subject: Subject) -> dict[FarEnd, list[str]]:
    """What to look for: each device once, with the parts that it serves."""
    return users_of(subject.parts, FarEnd)


def look(subject: Subject, device: FarEnd, users: list[str]) -> Found:
    about, clock = About(CHECK, named(users)), subject.machine.clock
    if subject.daemon is not None:
        # Many small devices serve one connection; that one is the daemon's.
        yield about.skipped(f"{device.address} is the running daemon's; its faults tell how it is")
        return
    begun = clock.monotonic()
    try:
        connected(device.host, device.port).close()
    except NoWay as none:
        yield about.fail(f"{device.address}: {none.why}", none.fix)
        return
    took = (clock.monotonic() - begun) * 1000 / SECOND
    yield about.ok(f"{device.address} answers after {took:.0f} ms", answer_ms=round(took, 1))
