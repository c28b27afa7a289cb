"""A lane as its kiosk's screen meets it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from edge.kiosk.contract import Screen
from edge.lane.controller import LaneController
from edge.lane.offer import price_line
from edge.lane.signals import Button, Phase
from models.spots import VehicleType
from models.tickets import Direction

_LOOKED_AT = (Phase.READING, Phase.REFUSED)


def _offered(asks: tuple[Button, ...], direction: Direction) -> tuple[Button, ...]:
    """Nobody at an entry has a ticket to lose."""
    return asks if direction is Direction.EXIT else tuple(ask for ask in asks if ask is not Button.LOST_TICKET)


@dataclass(frozen=True)
class Post:
    """What stands at one lane: the screen, and the same answers as its hardware buttons."""

    controller: LaneController
    choose_type: bool

    def screen(self) -> Screen:
        lane, shown = self.controller.lane, self.controller.shown
        plate = lane.question.shown if lane.question else lane.guess.plate if lane.guess else lane.plate
        return Screen(
            lane=self.controller.name,
            direction=lane.direction,
            phase=lane.phase,
            line=shown.line,
            asks=_offered(shown.asks, lane.direction),
            plate=plate,
            help_line=self.controller.help_line.line,
            choose_type=self.choose_type and lane.direction is Direction.ENTRY and lane.phase in _LOOKED_AT,
            price=price_line(lane, shown.line, self.controller.offer()),
        )

    def on_change(self, changed: Callable[[], None]) -> None:
        self.controller.on_change(changed)

    def press(self, button: Button) -> None:
        self.controller.press(button)

    def choose(self, vehicle_type: VehicleType) -> None:
        self.controller.choose(vehicle_type)

    def present_code(self, text: str) -> None:
        self.controller.present_code(text)
