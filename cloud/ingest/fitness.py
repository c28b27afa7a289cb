"""Whether a process may serve lots at all, decided from how long it hasn't heard the broker. Pure.

One that reaches the database but not the broker, or whom the broker refuses its topics, would keep its lots from those
that hear them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from models.instants import SECOND, Monotonic

DEAF = 5 * SECOND
"""Shorter silences, such as a connection that is made anew, move no lot."""
LONGEST_REST = 300 * SECOND
WELL = 60 * SECOND
"""Who has heard for so long without a break begins again with the shortest rest."""


@dataclass(frozen=True, slots=True)
class Fitness:
    """`rests_until`: it serves nobody before, nor until it hears; None while it may. Each rest is twice the last, for
    what the broker refuses shows only once it is asked for."""

    heard_at: Monotonic
    well_since: Monotonic
    rest: int = DEAF
    rests_until: Monotonic | None = None

    @classmethod
    def at(cls, now: Monotonic) -> Fitness:
        return cls(now, now)

    @property
    def may_serve(self) -> bool:
        return self.rests_until is None


def looked(before: Fitness, hears: bool, now: Monotonic) -> Fitness:
    if before.rests_until is not None:
        rested = hears and now >= before.rests_until
        return replace(before, heard_at=now, well_since=now, rests_until=None) if rested else before
    if hears:
        return replace(before, heard_at=now, rest=DEAF if now - before.well_since >= WELL else before.rest)
    if now - before.heard_at < DEAF:
        return replace(before, well_since=now)
    return replace(before, rests_until=Monotonic(now + before.rest), rest=min(2 * before.rest, LONGEST_REST))
