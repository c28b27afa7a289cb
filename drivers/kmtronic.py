"""KMTronic relay boards (USB, RS-232), 1 to 8 relays, read back. Tested against: a pty peer; hardware: none yet."""

from __future__ import annotations

import abc
from typing import Literal, Self

from pydantic import Field, model_validator

from drivers.over_serial.board_contact import Garbled, Words
from drivers.over_serial.port import Baud
from drivers.over_serial.relay import SerialRelaySettings

_START, _STATUS, _ALL = 0xFF, 0x03, 0x09
_ASKED_ONE_BY_ONE = 2
"""Boards of up to so many relays tell the state of one relay; larger ones that of all at once"""


class KmtronicSettings(SerialRelaySettings):
    """A relay of a KMTronic board."""

    driver: Literal["kmtronic"] = "kmtronic"
    channel: int = Field(default=1, ge=1, le=8)
    """Which relay, counted from 1 as printed on the board"""
    channels: Literal[1, 2, 4, 8]
    """How many relays the board has: boards of 1 and 2 are asked in another way than those of 4 and 8"""
    baud: Baud = 9600
    """Speed of the board; KMTronic's own is 9600"""

    @model_validator(mode="after")
    def _is_on_the_board(self) -> Self:
        if self.channel > self.channels:
            raise ValueError(f"relay {self.channel} of a board with {self.channels}: a number up to that is expected")
        return self

    def _how_it_is_used(self) -> str:
        return f"{super()._how_it_is_used()}, {self.channels} relays"

    @property
    def protocol(self) -> KmtronicProtocol:
        return SmallBoard() if self.channels <= _ASKED_ONE_BY_ONE else LargeBoard(self.channels)


class KmtronicProtocol(abc.ABC):
    """Three bytes an order, which isn't answered; the state is asked for apart."""

    def order(self, channel: int, on: bool) -> Words:
        return Words(bytes((_START, channel, int(on))))

    @abc.abstractmethod
    def question(self, channel: int) -> Words: ...

    @abc.abstractmethod
    def state(self, channel: int, answer: bytes) -> bool: ...


class SmallBoard(KmtronicProtocol):
    """Tells the state of the relay that was asked for, with its number."""

    def question(self, channel: int) -> Words:
        return Words(bytes((_START, channel, _STATUS)), lambda came: len(came) >= 3)

    def state(self, channel: int, answer: bytes) -> bool:
        if len(answer) != 3 or answer[:2] != bytes((_START, channel)) or answer[2] not in (0, 1):
            raise Garbled(f"an answer that isn't the state of relay {channel}: {answer.hex(' ')}")
        return answer[2] == 1


class LargeBoard(KmtronicProtocol):
    """Tells the states of all its relays, a byte each."""

    def __init__(self, channels: int) -> None:
        self._channels = channels

    def question(self, channel: int) -> Words:
        return Words(bytes((_START, _ALL, 0)), lambda came: len(came) >= self._channels)

    def state(self, channel: int, answer: bytes) -> bool:
        if len(answer) != self._channels or any(each not in (0, 1) for each in answer):
            raise Garbled(f"an answer that isn't the state of {self._channels} relays: {answer.hex(' ')}")
        return answer[channel - 1] == 1
