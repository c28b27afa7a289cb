"""LCUS relay boards (USB, CH340), 1 to 8 relays, no read-back. Tested against: a pty peer; hardware: none yet."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from drivers.over_serial.board_contact import Garbled, Words
from drivers.over_serial.port import Baud
from drivers.over_serial.relay import SerialRelaySettings

_START = 0xA0


class LcusSettings(SerialRelaySettings):
    """A relay of an LCUS board: its position is assumed from what it was told, for it can't be asked."""

    driver: Literal["lcus"] = "lcus"
    channel: int = Field(default=1, ge=1, le=8)
    """Which relay, counted from 1 as printed on the board"""
    baud: Baud = 9600
    """Speed of the board; LCUS boards know only 9600"""

    @property
    def protocol(self) -> LcusProtocol:
        return LcusProtocol()


class LcusProtocol:
    """Four bytes an order: start, relay, 1 or 0, and the low byte of their sum. Nothing is answered."""

    def order(self, channel: int, on: bool) -> Words:
        order = (_START, channel, int(on))
        return Words(bytes((*order, sum(order) & 0xFF)))

    def question(self, channel: int) -> None:
        return None

    def state(self, channel: int, answer: bytes) -> bool:
        raise Garbled("these boards answer nothing")
