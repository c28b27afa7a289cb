"""Where an arm stands, as far as its limit switches tell, or only the orders that it was given. Pure."""

from __future__ import annotations

from typing import Protocol

from drivers.contract import DigitalInput, Position
from models.instants import SECOND, Monotonic


class Evidence(Protocol):
    """What is known of an arm. The orders matter only where nothing can be seen."""

    def position(self, now: Monotonic) -> Position: ...

    def told_to_rise(self, now: Monotonic) -> None:
        """It will come down by itself."""
        ...

    def told_to_stay_up(self) -> None: ...

    def told_to_lower(self, now: Monotonic) -> None: ...

    def perhaps_told(self) -> None:
        """An order failed, and nobody knows whether it arrived."""
        ...


class _Seen:
    """A switch doesn't care what the arm was told."""

    def told_to_rise(self, now: Monotonic) -> None: ...

    def told_to_stay_up(self) -> None: ...

    def told_to_lower(self, now: Monotonic) -> None: ...

    def perhaps_told(self) -> None: ...


class TwoSwitches(_Seen):
    """Both ends are seen. Between them the arm moves, or is stuck there."""

    def __init__(self, top: DigitalInput, bottom: DigitalInput) -> None:
        self._top, self._bottom = top, bottom

    def position(self, now: Monotonic) -> Position:
        match self._top.level, self._bottom.level:
            case True, True:
                return Position.FAULTED
            case _, True:
                return Position.CLOSED
            case True, _:
                return Position.OPEN
            case False, False:
                return Position.MOVING
            case _:
                return Position.UNKNOWN


class OneSwitch(_Seen):
    """One end is seen. An arm that left it moves for as long as an arm may take, and is then held to be at the other
    end; one that stopped half-way can't be told from it.

    An order is no evidence: an arm that was told to rise and whose switch says nothing new hasn't risen.
    """

    def __init__(self, switch: DigitalInput, at: Position, away: Position, travel: float) -> None:
        self._switch, self._at, self._away = switch, at, away
        self._travel = round(travel * SECOND)
        self._was_there = False
        self._away_since: Monotonic | None = None

    def position(self, now: Monotonic) -> Position:
        level = self._switch.level
        if level is None:
            self._was_there, self._away_since = False, None
            return Position.UNKNOWN
        if level:
            self._was_there, self._away_since = True, None
            return self._at
        self._away_since = now if self._away_since is None else self._away_since
        if now - self._away_since >= self._travel:
            return self._away
        return Position.MOVING if self._was_there else Position.UNKNOWN


class NoSwitch:
    """Nothing is seen: the position is assumed from the orders, and unknown before the first."""

    def __init__(self, stays_up: float, travel: float) -> None:
        self._stays_up, self._travel = round(stays_up * SECOND), round(travel * SECOND)
        self._assumed = Position.UNKNOWN
        self._closed_at: Monotonic | None = None

    def position(self, now: Monotonic) -> Position:
        if self._closed_at is not None and now >= self._closed_at:
            self._assumed, self._closed_at = Position.CLOSED, None
        return self._assumed

    def told_to_rise(self, now: Monotonic) -> None:
        self._assumed, self._closed_at = Position.OPEN, Monotonic(now + self._stays_up)

    def told_to_stay_up(self) -> None:
        self._assumed, self._closed_at = Position.OPEN, None

    def told_to_lower(self, now: Monotonic) -> None:
        self._assumed, self._closed_at = Position.MOVING, Monotonic(now + self._travel)

    def perhaps_told(self) -> None:
        self._assumed, self._closed_at = Position.UNKNOWN, None


def evidence(top: DigitalInput | None, bottom: DigitalInput | None, *, travel: float, stays_up_for: float) -> Evidence:
    """What there is of it, by the switches that are fitted."""
    if top is not None and bottom is not None:
        return TwoSwitches(top, bottom)
    if bottom is not None:
        return OneSwitch(bottom, Position.CLOSED, Position.OPEN, travel)
    if top is not None:
        return OneSwitch(top, Position.OPEN, Position.CLOSED, travel)
    return NoSwitch(stays_up_for, travel)
