"""Devantech USB-RLY16 and its like, 8 relays, with read-back. Tested against: a pty peer; hardware: none yet."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from drivers.over_serial.board_contact import Garbled, Words
from drivers.over_serial.port import Baud
from drivers.over_serial.relay import SerialRelaySettings

_FIRST_ON, _FIRST_OFF, _STATES = 0x65, 0x6F, 0x5B


class Rly16Settings(SerialRelaySettings):
    """A relay of a USB-RLY16, or of another Devantech board that speaks as it does (RLY02, RLY08, RLY16L)."""

    driver: Literal["rly16"] = "rly16"
    stop_bits: ClassVar[int] = 2
    channel: int = Field(default=1, ge=1, le=8)
    """Which relay, counted from 1 as printed on the board"""
    baud: Baud = 19200
    """Speed of the board; those with a USB socket take any"""

    @property
    def protocol(self) -> Rly16Protocol:
        return Rly16Protocol()


class Rly16Protocol:
    """One byte an order, which isn't answered; one byte tells the state of all relays, the first in its lowest bit."""

    def order(self, channel: int, on: bool) -> Words:
        return Words(bytes(((_FIRST_ON if on else _FIRST_OFF) + channel - 1,)))

    def question(self, channel: int) -> Words:
        return Words(bytes((_STATES,)), lambda came: len(came) >= 1)

    def state(self, channel: int, answer: bytes) -> bool:
        if len(answer) != 1:
            raise Garbled(f"one byte was expected, {len(answer)} came: {answer.hex(' ')}")
        return bool(answer[0] >> channel - 1 & 1)
