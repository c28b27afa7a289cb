"""How long an arm takes, from what it said of its position, and the waits that a lane should have for it. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from drivers.contract import Position
from edge.doctor.findings import About, Finding
from edge.lane.faults import BROKEN_ARM, SILENT_ARM, STUCK_HALF_WAY, STUCK_UP
from edge.lane.timing import LaneTiming
from models.instants import SECOND, Monotonic

_LEAST_RISE, _LEAST_TRAVEL = 2.0, 3.0
_ROOM = 1.5
"""A wait that is shorter than so many times what was measured will be a false fault in winter."""

Seen = Sequence[tuple[Monotonic, Position]]


@dataclass(frozen=True, slots=True)
class ArmTimes:
    """Seconds after the order; None for what wasn't seen."""

    begins: float | None = None
    up: float | None = None
    falls: float | None = None
    down: float | None = None
    faulted: bool = False

    @property
    def travel(self) -> float | None:
        """The longer one of the ways up and down."""
        up = None if self.begins is None or self.up is None else self.up - self.begins
        down = None if self.falls is None or self.down is None else self.down - self.falls
        known = [seconds for seconds in (up, down) if seconds is not None]
        return max(known, default=None)

    @property
    def rise_within(self) -> float:
        return _half_seconds(max(_LEAST_RISE, 1 + 2 * (self.begins or 0)))

    @property
    def travel_within(self) -> float:
        return _half_seconds(max(_LEAST_TRAVEL, 2 * (self.travel or 0)))


def times(ordered: Monotonic, seen: Seen) -> ArmTimes:
    """What was measured, from the positions since the order."""
    begins = up = falls = down = None
    faulted = False
    for at, position in seen:
        after = (at - ordered) / SECOND
        faulted = faulted or position is Position.FAULTED
        if begins is None and (position.is_up or position is Position.MOVING):
            begins = after
        if up is None and position.is_up:
            up = after
        elif up is not None and falls is None and not position.is_up:
            falls = after
        if up is not None and down is None and position is Position.CLOSED:
            down = after
    return ArmTimes(begins, up, falls, down, faulted)


def judged(about: About, measured: ArmTimes, timing: LaneTiming, watched_for: float) -> list[Finding]:
    """The arm itself, and the waits that are set for it."""
    figures = _figures(measured)
    if measured.faulted:
        return [about.fail(BROKEN_ARM.meaning, BROKEN_ARM.look_at, **figures)]
    if measured.begins is None:
        return [about.fail(f"{SILENT_ARM.meaning} after {watched_for:g} s", SILENT_ARM.look_at, **figures)]
    if measured.up is None:
        said = f"it begins to rise after {measured.begins:.1f} s, but isn't up after {watched_for:g} s"
        return [about.fail(said, STUCK_HALF_WAY.look_at, **figures)]
    rises = f"it begins to rise {measured.begins:.1f} s after the order and is up after {measured.up:.1f} s"
    if measured.down is None:
        said = f"{rises}, but wasn't seen to come down"
        return [about.warn(said, STUCK_UP.look_at, **figures), *_waits(about, measured, timing)]
    falls = measured.falls if measured.falls is not None else measured.down
    said = f"{rises}; it stays up for {falls - measured.up:.1f} s and takes {measured.down - falls:.1f} s to come down"
    return [about.ok(said, **figures), *_waits(about, measured, timing)]


def _waits(about: About, measured: ArmTimes, timing: LaneTiming) -> list[Finding]:
    travel = measured.travel or 0.0
    short = {
        "rise_within": timing.rise_within < _ROOM * (measured.begins or 0),
        "travel_within": timing.travel_within < _ROOM * travel,
    }
    wanted = f"timing: {{rise_within: {measured.rise_within:g} s, travel_within: {measured.travel_within:g} s}}"
    figures = {"rise_within": measured.rise_within, "travel_within": measured.travel_within}
    if any(short.values()):
        names = " and ".join(name for name, is_short in short.items() if is_short)
        return [about.warn(f"{names} is too short for this arm", f"Write {wanted}", **figures)]
    return [about.ok(f"its waits are long enough; {wanted} would do", **figures)]


def _figures(measured: ArmTimes) -> dict[str, float]:
    known = {
        "begins_s": measured.begins,
        "up_s": measured.up,
        "falls_s": measured.falls,
        "down_s": measured.down,
        "travel_s": measured.travel,
    }
    return {name: round(seconds, 2) for name, seconds in known.items() if seconds is not None}


def _half_seconds(seconds: float) -> float:
    return math.ceil(seconds * 2) / 2
