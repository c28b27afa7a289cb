"""The rules for who comes on a reservation early, late or not at all. Pure: what is known of the time is a value."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from models.instants import SECOND, Instant
from models.timeline import Bounds

TooEarly = Literal["refuse", "transient"]
"""What becomes of a code that is shown too early: its driver is told when to come, or let in like anybody."""


@dataclass(frozen=True, slots=True)
class Window:
    """A place is kept from `start` until just before `end`."""

    start: Instant
    end: Instant


@dataclass(frozen=True, slots=True)
class Rules:
    """As a lot has them; lengths in microseconds. `keep_for` None: a place is kept until the reservation's end.

    `charge_early`: the time before its start is paid for like anybody's. `leave_within`: so long after its end, leaving
    costs nothing.
    """

    early: int = 1800 * SECOND
    too_early: TooEarly = "refuse"
    keep_for: int | None = None
    charge_early: bool = True
    leave_within: int = 600 * SECOND


class Standing(StrEnum):
    """Where a moment stands to a reservation's window."""

    TOO_EARLY = "too_early"
    EARLY = "early"
    """It may come in, onto a place that isn't kept back for others"""
    DUE = "due"
    """A place is kept for it"""
    OVER = "over"


def standing(window: Window, now: Bounds, rules: Rules) -> Standing:
    """What surely holds against a reservation, does; while the time isn't known, none that can hold is turned away."""
    earliest, latest = now
    if earliest is not None and earliest >= window.end:
        return Standing.OVER
    if latest is not None and latest < window.start - rules.early:
        return Standing.TOO_EARLY
    return Standing.EARLY if latest is not None and latest < window.start else Standing.DUE


def is_missed(window: Window, now: Bounds, rules: Rules) -> bool:
    """Whether nobody's place is kept any more who hasn't come until now."""
    earliest, _ = now
    if earliest is None:
        return False
    kept_until = window.end if rules.keep_for is None else min(window.end, window.start + rules.keep_for)
    return earliest >= kept_until


@dataclass(frozen=True, slots=True)
class Places:
    """The places of one type. `asked`: that the cloud wants kept back; `free`: nobody is led there now.

    `in_time` stand there on a reservation whose time it surely is, `perhaps_in_time` on one whose time it can be;
    `missed`: so many reservations of this time were given up, and nobody comes for their places.
    """

    asked: int
    free: int
    in_time: int = 0
    perhaps_in_time: int = 0
    missed: int = 0

    @property
    def kept_back(self) -> int:
        """So many have to stay free of transients and permits: for those who may still come."""
        return max(self.asked - self.in_time - self.missed, 0)

    @property
    def can_be_kept(self) -> int:
        """What the lot may promise: the free ones, and those that reservations use already."""
        return min(self.asked, self.free + self.perhaps_in_time)
