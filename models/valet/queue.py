"""Who waits for their vehicle, in which order, and how long it will take."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from models.ids import TicketId
from models.instants import SECOND, Instant
from models.valet.machine import ValetState

USUAL = 8 * 60 * SECOND
"""What fetching takes where nobody has been waited for yet."""
_REMEMBERED = 20
"""So many of the latest waits say what is usual."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A driver who has called. `called` is the lot's own order of calls: no clock decides who is first."""

    ticket: TicketId
    tag: str
    state: ValetState
    called: int
    at: Instant


@dataclass(frozen=True, slots=True)
class Expected:
    """One of the queue, its place in it from 1, and for how much longer it has to wait, in microseconds."""

    waiting: Waiting
    place: int
    wait: int


def in_order(waiting: Iterable[Waiting]) -> list[Waiting]:
    """Whoever called first comes first; those whose vehicle is on its way or ready stand before them."""
    rank = {ValetState.READY: 0, ValetState.FETCHING: 1, ValetState.REQUESTED: 2}
    return sorted(waiting, key=lambda one: (rank[one.state], one.called, one.ticket))


def expected(waiting: Iterable[Waiting], fetched_in: Sequence[int], attendants: int, now: Instant) -> list[Expected]:
    """`fetched_in`: how long the latest vehicles took from the call, the last one last; `attendants` fetch at a time.

    Each attendant brings the next one as soon as the one before is there, and nobody's time is less than none.
    """
    usual = round(median(fetched_in[-_REMEMBERED:])) if fetched_in else USUAL
    found: list[Expected] = []
    queue = in_order(waiting)
    ahead = 0
    for place, one in enumerate(queue, 1):
        if one.state is ValetState.READY:
            found.append(Expected(one, place, 0))
            continue
        rounds = ahead // max(attendants, 1) + 1
        ahead += 1
        elapsed = max(now - one.at, 0) if one.state is ValetState.FETCHING else 0
        found.append(Expected(one, place, max(rounds * usual - elapsed, 0)))
    return found
