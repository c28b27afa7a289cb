"""What one lane's screen shows and what it passes on: all that the kiosk knows of a lane."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from edge.lane.help_line import COMING
from edge.lane.signals import Button, Phase
from models.ids import LaneName
from models.spots import VehicleType
from models.tickets import Direction


@dataclass(frozen=True, slots=True)
class Screen:
    """What one lane's screen shows now.

    `line` is the sign's line in its English source text. `asks`: the buttons that make sense now; help always does.
    `help_line` is what somebody who calls for help is told, in English too.
    `price`: what a stay costs that begins now, as the sign shows it; empty where it shows none.
    `plate` is that of the vehicle that stands there, shown large so that the driver can say whether it is right; of one
    that another vehicle may have, as much as this driver may see.
    """

    lane: LaneName
    direction: Direction
    phase: Phase
    line: str = ""
    asks: tuple[Button, ...] = ()
    plate: str | None = None
    choose_type: bool = False
    help_line: str = COMING
    price: str = ""


class KioskLane(Protocol):
    """One lane, as its screen meets it. Everything is called on the event loop and returns at once."""

    def screen(self) -> Screen: ...

    def on_change(self, changed: Callable[[], None]) -> None:
        """`changed` is called whenever `screen()` would answer something else."""
        ...

    def press(self, button: Button) -> None: ...

    def choose(self, vehicle_type: VehicleType) -> None: ...

    def present_code(self, text: str) -> None:
        """A ticket code that was typed: its check character agrees."""
        ...
