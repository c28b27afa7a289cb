"""The arm of a barrier and the little box that drives it: rises on a vend, closes by itself, never on a car."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from drivers.contract import Position

UP = 1.0
DOWN = 0.0


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
    obeyed: frozenset[str] = frozenset()

    @property
    def position(self) -> Position:
        if self.angle >= UP:
            return Position.OPEN
        return Position.CLOSED if self.angle <= DOWN else Position.MOVING


def vend(arm: Arm, vend_id: str) -> Arm | None:
    """The arm after a command to rise, or None when this vend has been obeyed before and moves nothing."""
    if vend_id in arm.obeyed:
        return None
    return replace(arm, rising=True, open_for=0.0, clear_for=None, obeyed=arm.obeyed | {vend_id})


def moved(arm: Arm, seconds: float, occupied: bool) -> Arm:
    """The arm some seconds later; `occupied` tells whether a car is on its closing loop."""
    if occupied:
        arm = replace(arm, passing=True, clear_for=None, rising=arm.rising or arm.angle > DOWN)
    elif arm.passing:
        arm = replace(arm, passing=False, clear_for=0.0)
    if arm.rising:
        return _up(arm, seconds, occupied)
    return replace(arm, angle=max(DOWN, arm.angle - seconds / arm.make.falls_in)) if arm.angle > DOWN else arm


def _up(arm: Arm, seconds: float, occupied: bool) -> Arm:
    if arm.angle < UP:
        return replace(arm, angle=min(UP, arm.angle + seconds / arm.make.rises_in))
    clear_for = None if arm.clear_for is None else arm.clear_for + seconds
    arm = replace(arm, open_for=arm.open_for + seconds, clear_for=clear_for)
    passed = clear_for is not None and clear_for >= arm.make.closes_after_passing
    unused = clear_for is None and arm.open_for >= arm.make.closes_unused_after
    return replace(arm, rising=False) if (passed or unused) and not occupied else arm
