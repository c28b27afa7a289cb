"""Which zone a camera's clock shows that says its time without one. Pure.

Zones are whole quarters of an hour, so one event is enough for a guess; but one that was a quarter of an hour on its
way shows the same. A guess is therefore only good for a question, and the next event shows whether it was right.
"""

from __future__ import annotations

from dataclasses import dataclass

from models.instants import SECOND, Instant, Monotonic

_QUARTER = 900 * SECOND
_NEVER = Monotonic(0)
_APART = 3 * SECOND
"""The events of a backlog come together: what comes with the one that was guessed by is as doubtful"""
_RIGHT = 30 * SECOND
"""A clock that was put back shows another zone's time to so much, twice; a backlog hardly does. And one that shows a
time further in the future may show that of a zone further west, a quarter of an hour ago"""


@dataclass(frozen=True, slots=True)
class Zone:
    """`east`: of UTC, in microseconds, as it was guessed at `since`. `other`: what the newest event would show that
    seems to be of another zone, and when it came."""

    east: int | None = None
    since: Monotonic = _NEVER
    other: tuple[int, Monotonic] | None = None


@dataclass(frozen=True, slots=True)
class Dated:
    """`guessed`: by this very event the zone became known, or doubtful: it may as well be old."""

    zone: Zone
    taken: Instant
    guessed: bool


def zone_of(taken: Instant, now: Instant) -> int:
    """Which zone the clock most probably shows: what is left over is how wrong or late it is."""
    return round((taken - now) / _QUARTER) * _QUARTER


def dated(zone: Zone, taken: Instant, now: Instant, at: Monotonic) -> Dated:
    """`taken` in UTC. Nothing is seen in the future: an event from there shows that the zone was another."""
    guess = zone_of(taken, now)
    back = zone.other is not None and zone.other[0] == guess and at - zone.other[1] >= _APART
    if zone.east is None or guess > zone.east or (guess < zone.east and back and abs(taken - guess - now) <= _RIGHT):
        return Dated(Zone(guess, at), Instant(min(taken - guess, now)), True)
    other = (guess, at) if guess < zone.east else None
    doubtful = taken - zone.east - now > _RIGHT or at - zone.since < _APART
    return Dated(Zone(zone.east, zone.since, other), Instant(min(taken - zone.east, now)), doubtful)
