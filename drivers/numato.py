"""Numato relay modules (USB), up to 32 relays, with read-back. Tested against: a pty peer; hardware: none yet."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field

from drivers.over_serial.board_contact import Garbled, Words
from drivers.over_serial.port import Baud
from drivers.over_serial.relay import SerialRelaySettings

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUV"
"""One sign a relay. Capital letters: the modules don't know small ones"""


class NumatoSettings(SerialRelaySettings):
    """A relay of a Numato module."""

    driver: Literal["numato"] = "numato"
    channel: int = Field(ge=0, lt=len(_DIGITS))
    """Which relay, counted from 0 as printed on the module; the eleventh is 10, though Numato calls it A"""
    baud: Baud = 19200
    """Speed of the module; those with a USB socket take any"""

    @property
    def protocol(self) -> NumatoProtocol:
        return NumatoProtocol()


class NumatoProtocol:
    """Lines of text. Each is echoed, and a prompt follows its answer, if there is one."""

    def order(self, channel: int, on: bool) -> Words:
        return _line(f"relay {'on' if on else 'off'} {_DIGITS[channel]}")

    def question(self, channel: int) -> Words:
        return _line(f"relay read {_DIGITS[channel]}")

    def state(self, channel: int, answer: bytes) -> bool:
        said = re.fullmatch(rb".*relay read (\w)\s+(on|off)\s*>\s*", answer, re.DOTALL)
        if said is None or said[1] != _DIGITS[channel].encode():
            raise Garbled(f"an answer that isn't the state of relay {_DIGITS[channel]}: {answer[-40:]!r}")
        return said[2] == b"on"


def _line(text: str) -> Words:
    echo = text.encode()
    return Words(echo + b"\r", lambda came: b">" in came.rpartition(echo)[2] and echo in came, echoed=True)
