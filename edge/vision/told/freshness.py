"""Whether what arrives now was seen now, though the device's clock may be wrong. Pure.

Only differences count: by how much the moment of arrival lies behind the device's own time, compared with the least
that this was of late. An absolute error of its clock is in all of them alike; a delay isn't.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from models.instants import Instant, Monotonic

_REMEMBERED = 8
_AS_LATE = 2_000_000
"""Two events that are late by the same, to so many microseconds, were sent at once by a clock that has jumped"""
_APART = 3_000_000
"""Two events of a backlog arrive together; of a clock that has jumped, they arrive as far apart as they were seen"""


@dataclass(frozen=True, slots=True)
class Pace:
    """`lags`: arrival minus the device's time, of what was in time; `late`: that of the newest that wasn't."""

    lags: tuple[int, ...] = ()
    late: tuple[int, Monotonic] | None = None


def judged(pace: Pace, taken: Instant, at: Monotonic, within: int, wall: Instant | None) -> tuple[Pace, int]:
    """What is known of the device's clock now, and by how many microseconds this is too late; 0: in time.

    `wall`: what this computer's clock says, if it is known to be right. Only the first event is compared with it.
    """
    lag = at - taken
    usual = min(pace.lags, default=lag if wall is None else at - wall)
    late = lag - usual
    if late <= within:
        return Pace((*pace.lags, lag)[-_REMEMBERED:]), 0
    if pace.late is not None and abs(lag - pace.late[0]) <= _AS_LATE and at - pace.late[1] >= _APART:
        return Pace((lag,)), 0
    return replace(pace, late=(lag, at)), late
