"""The arm of a barrier and the little box that drives it: rises on a vend, closes by itself, never on a car.

Its safety is its closing loop: what that doesn't see, the arm comes down on.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, field, replace

from drivers.contract import Position
from simulator.troubles import Trouble

UP = 1.0
DOWN = 0.0
_SLOW = 10.0
_NOTHING: frozenset[Trouble] = frozenset()


@dataclass(frozen=True, slots=True)
class BarrierMake:
    """How a make of barrier behaves, in seconds."""

    rises_in: float = 1.0
    falls_in: float = 1.2
    closes_after_passing: float = 0.5
    """From the closing loop clear to the arm's first move down."""
    closes_unused_after: float = 15.0
    """An open arm that nobody drives through closes by itself after this long."""


@dataclass(frozen=True, slots=True)
class Arm:
    """One arm at one moment. `angle` runs from 0 (down) to 1 (up)."""

    make: BarrierMake = field(default_factory=BarrierMake)
    angle: float = DOWN
    rising: bool = False
    open_for: float = 0.0
    clear_for: float | None = None
    """Since when the closing loop is clear again after a passage; None: nobody has passed since it opened."""
    passing: bool = False
    held: bool = False
    broken: bool = False
    """It lies on the ground."""
    obeyed: frozenset[str] = frozenset()

    @property
    def position(self) -> Position:
        if self.broken:
            return Position.FAULTED
        if self.angle >= UP:
            return Position.HELD if self.held else Position.OPEN
        return Position.CLOSED if self.angle <= DOWN else Position.MOVING

    @property
    def lets_pass(self) -> bool:
        return self.broken or self.angle >= UP

    @property
    def at_rest(self) -> bool:
        """Down, or on the ground, and not about to move."""
        return self.broken or (self.angle <= DOWN and not self.rising and not self.passing)


def vend(arm: Arm, vend_id: str) -> Arm | None:
    """The arm after a command to rise, or None when this vend has been obeyed before and moves nothing."""
    if vend_id in arm.obeyed:
        return None
    return replace(arm, rising=True, open_for=0.0, clear_for=None, obeyed=arm.obeyed | {vend_id})


def hold(arm: Arm) -> Arm:
    """Told to rise and stay up. Told again, nothing changes."""
    return replace(arm, held=True, rising=True, open_for=0.0)


def release(arm: Arm) -> Arm:
    """The hold ends: the arm closes as after a passage. An arm that wasn't held doesn't care."""
    return replace(arm, held=False, clear_for=0.0) if arm.held else arm


def lower(arm: Arm, occupied: bool) -> Arm:
    """Told to close. Its own safety comes first, and so does a hold."""
    return arm if occupied or arm.held else replace(arm, rising=False)


def broken_off(arm: Arm) -> Arm:
    return replace(arm, broken=True, angle=DOWN, rising=False, clear_for=None)


def mended(arm: Arm) -> Arm:
    """A new arm, put on while it is down; a hold is obeyed again."""
    return replace(arm, broken=False, angle=DOWN, rising=arm.held)


def moved(arm: Arm, seconds: float, occupied: bool, troubles: Set[Trouble] = _NOTHING) -> Arm:
    """The arm some seconds later; `occupied` is what its closing loop tells it."""
    if arm.broken:
        return arm
    if Trouble.ARM_STUCK in troubles:
        return replace(arm, rising=arm.held) if arm.rising and not arm.held else arm
    if occupied:
        arm = replace(arm, passing=True, clear_for=None, rising=arm.rising or arm.angle > DOWN)
    elif arm.passing:
        arm = replace(arm, passing=False, clear_for=0.0)
    if Trouble.ARM_SLOW in troubles:
        seconds /= _SLOW
    if Trouble.ARM_FORCED_UP in troubles:
        return replace(arm, angle=min(UP, arm.angle + seconds / arm.make.rises_in))
    if arm.rising:
        return _up(arm, seconds, occupied, Trouble.ARM_STAYS_UP in troubles)
    return replace(arm, angle=max(DOWN, arm.angle - seconds / arm.make.falls_in)) if arm.angle > DOWN else arm


def _up(arm: Arm, seconds: float, occupied: bool, stays: bool) -> Arm:
    if arm.angle < UP:
        return replace(arm, angle=min(UP, arm.angle + seconds / arm.make.rises_in))
    clear_for = None if arm.clear_for is None else arm.clear_for + seconds
    arm = replace(arm, open_for=arm.open_for + seconds, clear_for=clear_for)
    passed = clear_for is not None and clear_for >= arm.make.closes_after_passing
    unused = clear_for is None and arm.open_for >= arm.make.closes_unused_after
    return replace(arm, rising=False) if (passed or unused) and not (occupied or stays or arm.held) else arm
