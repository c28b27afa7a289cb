"""What the running daemon says: its lanes, its loops as they are now, and its open faults with what to look at."""

from __future__ import annotations

from collections.abc import Iterable

from edge.doctor.findings import About, Finding
from edge.doctor.subject import Found, Subject
from edge.doctor.walk.alone import somebody_is_on
from edge.known_faults import known_faults
from edge.status import FaultStatus, LaneStatus

CHECK = "daemon"
STOP = "systemctl stop parkgate-edge"


def look(subject: Subject) -> Found:
    about, daemon = About(CHECK, "lot"), subject.daemon
    if daemon is None:
        yield _silent(about, somebody_is_on(subject.store))
        return
    yield about.ok(f"the daemon runs (process {daemon.pid}, release {daemon.release}, plates read by {daemon.reader})")
    for lane in daemon.lanes:
        if subject.lane in (None, lane.name):
            yield About(CHECK, lane.name).ok(_now(lane), arming_loop=lane.arming_loop, closing_loop=lane.closing_loop)
            yield from _faults(lane.faults)
    yield from _faults(daemon.faults)


def _silent(about: About, somebody: bool | None) -> Finding:
    """A socket that doesn't answer this user is no proof that nobody is there."""
    if somebody is None:
        return about.skipped("it can't be told whether a daemon runs", "Look again as root, or as the daemon's user")
    if somebody:
        fix = f"Look again as root. If it doesn't answer root either: `journalctl -u parkgate-edge`, `{STOP}`"
        return about.fail("a daemon has this store, but doesn't answer", fix)
    return about.ok("no daemon runs on this store, so the hardware is free to be tried out")


def _now(lane: LaneStatus) -> str:
    arm = f"{lane.barrier} (assumed)" if lane.assumed else lane.barrier
    loops = f"arming loop {level_word(lane.arming_loop)}, closing loop {level_word(lane.closing_loop)}"
    return f"{lane.phase}; arm {arm}; {loops}"


def level_word(level: bool | None) -> str:
    return {True: "on", False: "off", None: "unknown"}[level]


def _faults(faults: Iterable[FaultStatus]) -> Found:
    for fault in faults:
        known = known_faults().get(fault.code)
        meaning = fault.code if known is None else f"{known.meaning} ({fault.code})"
        yield About(CHECK, fault.source).fail(f"{meaning}: {fault.detail}", "" if known is None else known.look_at)
