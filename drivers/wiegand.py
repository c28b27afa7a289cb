"""Wiegand card readers behind a serial converter. Tested against: a pty peer; hardware: none yet."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Literal

from drivers.contract import CardReader, DriverContext
from drivers.over_serial.lines import LineReader, LineReaderSettings
from drivers.post.card_formats import Format, NotACard, WrongParity, card_number
from models.faults import Fault

UNREACHABLE = Fault(
    code="reader.unreachable",
    meaning="The card reader, or the converter before it, isn't there",
    look_at="Cable and power of the reader and the converter; that the port stands in /dev/serial/by-id/ as its "
    "settings say; that the daemon's user is in the group dialout; for OSDP also the address, speed and key",
    does="Cards can't be read; plates, codes and buttons work on, and the reader is looked for all the time",
    ends="The reader is there again",
)
GARBLED = Fault(
    code="reader.garbled",
    meaning="The card reader said something that isn't a card number in its format",
    look_at="`format` of this part; speed and framing of the line; whether the cards are of another kind",
    does="What was said is ignored",
    ends="The next card that can be read",
)
PARITY = Fault(
    code="reader.parity",
    meaning="A card number came with wrong parity bits: it was damaged on its way from the reader",
    look_at="The two data wires between reader and converter: length, screen, a loose clamp, ground",
    does="The card is ignored; the driver holds it there again",
    ends="The next card that is read in full",
)


class WiegandSerialSettings(LineReaderSettings):
    """A converter that says each card in a line of its own."""

    contract: ClassVar[type] = CardReader
    faults: ClassVar[tuple[Fault, ...]] = (UNREACHABLE, GARBLED, PARITY)

    driver: Literal["wiegand_serial"] = "wiegand_serial"
    format: Format = Format.HEX26
    """How the converter writes a card. hex26, hex34, hex37: all bits with parity, as hexadecimal digits; hex24: the 24
    bits between the parities, in hexadecimal; decimal: the same as one number; site-card: two numbers, such as
    17-04711; bits: noughts and ones, 26, 34 or 37 of them"""

    def build(self, context: DriverContext) -> WiegandReader:
        return WiegandReader(self, context)


class WiegandReader(LineReader):
    """Says site and number of a card, as they are printed on it: 17-04711."""

    def __init__(self, settings: WiegandSerialSettings, context: DriverContext) -> None:
        super().__init__(settings.way(), settings.code_lines(), settings.repeat_after, UNREACHABLE, context)
        self._format = settings.format
        self._wrong_parities = 0

    def on_card(self, heard: Callable[[str], None]) -> None:
        self._hearers.add(heard)

    def understood(self, line: str | None) -> str | None:
        try:
            number = card_number(line, self._format) if line is not None else None
        except WrongParity:
            self._wrong_parities += 1
            self._context.faults.raised(PARITY, f"{self._wrong_parities} since the daemon started")
            return None
        except NotACard as error:
            self._context.faults.raised(GARBLED, f"{error}")
            return None
        if number is None:
            self._context.faults.raised(GARBLED, "a line that is too long, isn't text, or lacks its prefix or suffix")
            return None
        self._context.faults.cleared(GARBLED)
        self._context.faults.cleared(PARITY)
        return number
