"""Which times are sold at all: the rules that don't depend on what is sold already. Pure."""

from __future__ import annotations

from typing import Literal

from models.instants import HOUR, SECOND, Instant
from models.reservations.peak import Span

MINUTE, DAY = 60 * SECOND, 24 * HOUR
SHORTEST = 15 * MINUTE
LONGEST = 31 * DAY
FARTHEST = 400 * DAY
"""How far ahead."""
BEGUN = 15 * MINUTE
"""Who stands at the gate may book from just now on, by a clock that is a little late."""
HOLD_MARGIN = 10 * SECOND
"""A held place is sold to nobody else for so long after the hold's end: clocks of servers differ."""

WhyNot = Literal["in_the_past", "too_short", "too_long", "too_far_ahead", "not_whole_seconds"]


def why_not(wanted: Span, now: Instant) -> WhyNot | None:
    """Why this time isn't sold, whatever is free. None: it may be."""
    if wanted.start % SECOND or wanted.end % SECOND:
        return "not_whole_seconds"  # a code says whole seconds
    if wanted.start < now - BEGUN or wanted.end <= now:
        return "in_the_past"
    if wanted.end - wanted.start < SHORTEST:
        return "too_short"
    if wanted.end - wanted.start > LONGEST:
        return "too_long"
    return "too_far_ahead" if wanted.start > now + FARTHEST else None
