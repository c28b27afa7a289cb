"""Presence by camera: turns what the camera sees of several vehicles into one vehicle at a time before the arm."""

from __future__ import annotations

from dataclasses import dataclass, replace

from edge.lane.signals import Presence, Read, Signal


@dataclass(frozen=True, slots=True)
class InView:
    """The vehicles that the camera sees, first come first, each with its plate once that is decided."""

    vehicles: tuple[tuple[int, Read | None], ...] = ()

    def comes(self, vehicle: int) -> tuple[InView, list[Signal]]:
        first = not self.vehicles
        return InView((*self.vehicles, (vehicle, None))), [Presence(True, vehicle)] if first else []

    def decided(self, vehicle: int, read: Read) -> tuple[InView, list[Signal]]:
        known = tuple((number, read if number == vehicle else old) for number, old in self.vehicles)
        at_the_arm = bool(known) and known[0][0] == vehicle
        return replace(self, vehicles=known), [read] if at_the_arm else []

    def goes(self, vehicle: int) -> tuple[InView, list[Signal]]:
        at_the_arm = bool(self.vehicles) and self.vehicles[0][0] == vehicle
        rest = tuple(pair for pair in self.vehicles if pair[0] != vehicle)
        if not at_the_arm:
            return InView(rest), []
        said: list[Signal] = [Presence(False)]
        if rest:
            said.append(Presence(True, rest[0][0]))
            if rest[0][1] is not None:
                said.append(rest[0][1])
        return InView(rest), said

    def blinded(self) -> tuple[InView, list[Signal]]:
        """The camera is gone: nobody knows what stands there."""
        return InView(), [Presence(None)]
