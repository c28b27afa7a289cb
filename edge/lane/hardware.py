"""What stands in a lane, and which signal each piece gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from drivers.contract import (
    Barrier,
    CardReader,
    CodeScanner,
    DigitalInput,
    Driver,
    Sign,
    TicketPrinter,
)
from edge.lane.signals import Arm, Button, Card, Chosen, Code, FarPresence, Presence, Pressed, Signal, UnderArm
from models.spots import VehicleType

Answer = Button | VehicleType
"""What a button on the post says: the same as those on the kiosk's screen."""


@dataclass(frozen=True)
class Hardware:
    """Without an arming loop the camera tells presence. `others` are only started and stopped."""

    barrier: Barrier
    arming_loop: DigitalInput | None = None
    far_loop: DigitalInput | None = None
    closing_loop: DigitalInput | None = None
    sign: Sign | None = None
    printer: TicketPrinter | None = None
    scanner: CodeScanner | None = None
    card_reader: CardReader | None = None
    buttons: Mapping[Answer, DigitalInput] = field(default_factory=dict[Answer, DigitalInput])
    others: tuple[Driver, ...] = ()

    def all(self) -> list[Driver]:
        """The barrier comes last: what stands before it is known before it can be told anything."""
        beside = (self.sign, self.printer, self.scanner, self.card_reader)
        loops = (self.arming_loop, self.far_loop, self.closing_loop)
        parts = [part for part in (*loops, *beside) if part is not None]
        return [*parts, *self.buttons.values(), *self.others, self.barrier]

    def speak_to(self, hear: Callable[[Signal], None]) -> None:
        """Each piece tells `hear` what it senses, on the event loop."""
        if self.arming_loop is not None:
            self.arming_loop.on_level(lambda level: hear(Presence(level)))
        if self.far_loop is not None:
            self.far_loop.on_level(lambda level: hear(FarPresence(level)))
        if self.closing_loop is not None:
            self.closing_loop.on_level(lambda level: hear(UnderArm(level)))
        if self.scanner is not None:
            self.scanner.on_code(lambda text: hear(Code(text)))
        if self.card_reader is not None:
            self.card_reader.on_card(lambda number: hear(Card(number)))
        for answer, button in self.buttons.items():
            button.on_level(_pressed(answer, hear))
        self.barrier.on_position(lambda position: hear(Arm(position)))


def _pressed(answer: Answer, hear: Callable[[Signal], None]) -> Callable[[bool | None], None]:
    said = Pressed(answer) if isinstance(answer, Button) else Chosen(answer)

    def level(on: bool | None) -> None:
        if on:
            hear(said)

    return level
