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
    """`lags`: arrival minus the device's time, of what was in time; `late`: of what wasn't lately, and when that began.
    `doubted`: it comes evenly, but a clock that is wrong and a way that is slow look alike."""

    lags: tuple[int, ...] = ()
    late: tuple[int, Monotonic] | None = None
    doubted: bool = False


@dataclass(frozen=True, slots=True)
class Judged:
    """`late`: by how many microseconds it arrived later than what comes at once; `in_time`: whether it counts;
    `behind`: by this computer's clock it is late by so much; `jumped`: only by this computer's clock is it in time."""

    pace: Pace
    late: int
    in_time: bool
    behind: int = 0
    jumped: bool = False

    @property
    def is_question(self) -> bool:
        """It counts, but nothing opens for it by itself."""
        return self.behind > 0 or self.jumped


def judged(pace: Pace, taken: Instant, at: Monotonic, within: int, wall: Instant | None) -> Judged:
    """What is known of the device's clock now, and what that makes of this event.

    `wall`: what this computer's clock says, if it is known to be right. The first event is compared with it, what comes
    evenly, but too late by it, and what is in time by it alone. That is a clock which was ahead and is right now, or
    one that is ahead still and tells of what is as long past: the next event shows it.
    """
    lag, behind = at - taken, 0 if wall is None else wall - taken
    if pace.doubted and wall is not None and behind <= within:
        pace = Pace()  # Its clock was set right.
    usual = min(pace.lags, default=lag if wall is None else at - wall)
    late = max(lag - usual, 0)
    if late <= within:
        evenly = Pace((*pace.lags, lag)[-_REMEMBERED:], doubted=pace.doubted)
        return Judged(evenly, late, True, behind if evenly.doubted else 0)
    first = pace.late if pace.late is not None and abs(lag - pace.late[0]) <= _AS_LATE else (lag, at)
    if at - first[1] >= _APART:
        again = Pace((lag,), doubted=behind > within)
        return Judged(again, 0, True, behind if again.doubted else 0)
    waiting = replace(pace, late=first)
    if wall is not None and -_AS_LATE <= behind <= within:
        return Judged(waiting, max(behind, 0), True, jumped=True)
    return Judged(waiting, late, False)
