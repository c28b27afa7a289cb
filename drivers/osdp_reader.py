"""Card readers that speak OSDP over RS-485. Tested against: libosdp's own reader over a pty; hardware: none yet."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import osdp
from pydantic import Field, model_validator

from drivers.contract import CardReader, DriverContext
from drivers.first_line import first_line
from drivers.over_serial.lines import Hearers
from drivers.over_serial.port import SerialPath
from drivers.over_serial.stream import SerialSettings
from drivers.post.card_formats import NotACard, WrongParity, of_bits
from drivers.post.osdp_bus import NoKey, OsdpBus
from drivers.post.plain_text import printable
from drivers.settings import DriverSettings
from drivers.values import Seconds
from drivers.wiegand import GARBLED, PARITY, UNREACHABLE
from models.faults import Fault
from models.instants import SECOND, Monotonic

KEY_BYTES = 16
SETTLE_SECONDS = 1.0
"""What a reader says this soon after it was reached, it may have read before: for a vehicle that may be gone."""

KEYLESS = Fault(
    code="reader.keyless",
    meaning="The key of an encrypted card reader can't be read",
    look_at="`key_file` or `key_env` of this part: the file, who may read it, and its 32 hexadecimal digits",
    does="This reader isn't spoken to; plates, codes and buttons work on",
    ends="The key can be read",
)


class OsdpSettings(DriverSettings):
    """A reader on an RS-485 line, which several readers may share, each with its own address."""

    contract: ClassVar[type] = CardReader
    faults: ClassVar[tuple[Fault, ...]] = (UNREACHABLE, GARBLED, PARITY, KEYLESS)

    driver: Literal["osdp"] = "osdp"
    port: SerialPath
    """Device file of the RS-485 line, best as it stands in /dev/serial/by-id/"""
    baud: Literal[9600, 19200, 38400, 57600, 115200, 230400] = 9600
    """Speed of the line, the same for all readers on it"""
    address: Annotated[int, Field(ge=0, le=126)] = 0
    """The reader's address, as it was set in it"""
    key_env: str | None = None
    """Environment variable with the reader's key: 32 hexadecimal digits. With a key, only an encrypted line will do"""
    key_file: Path | None = None
    """File with the reader's key: 32 hexadecimal digits in its first line"""
    repeat_after: Seconds = Field(default=2.0, le=60)
    """The same card counts again when it hasn't been read for so long: it may only have stayed there"""

    @model_validator(mode="after")
    def _one_place_for_the_key(self) -> OsdpSettings:
        if self.key_env and self.key_file:
            raise ValueError("the key has one place: key_env or key_file, not both")
        return self

    @property
    def claims(self) -> Mapping[str, str]:
        return {"address": f"OSDP address {self.address} at {self.port}"}

    @property
    def shares(self) -> Mapping[str, tuple[str, str]]:
        """What several parts may use at once as long as all use it in one way: by key, its name and that way."""
        return {"port": (f"the serial port {self.port}", f"driver osdp, {self.baud} baud")}

    def build(self, context: DriverContext) -> OsdpReader:
        line = SerialSettings(port=self.port, baud=self.baud)
        bus = context.shared.setdefault(("osdp", line), OsdpBus(line, context.clock))
        return OsdpReader(self, bus, context)

    def key(self) -> bytes | None:
        """Read at each start of the line. Raises NoKey."""
        written = self._written_key()
        if written is None:
            return None
        if not re.fullmatch(rf"[0-9a-fA-F]{{{2 * KEY_BYTES}}}", written.strip()):
            raise NoKey(f"the key in {self.key_env or self.key_file} isn't {2 * KEY_BYTES} hexadecimal digits")
        return bytes.fromhex(written.strip())

    def _written_key(self) -> str | None:
        if self.key_env is not None:
            if self.key_env not in os.environ:
                raise NoKey(f"the environment variable {self.key_env} isn't set")
            return os.environ[self.key_env]
        if self.key_file is not None:
            try:
                return first_line(self.key_file)
            except OSError as error:
                raise NoKey(f"the key file {self.key_file} can't be read: {error}") from None
        return None


class OsdpReader:
    """Says the number of a card: of a Wiegand frame as it is printed, 17-04711; of any other kind its digits."""

    def __init__(self, settings: OsdpSettings, bus: OsdpBus, context: DriverContext) -> None:
        self.address, self._bus, self._context = settings.address, bus, context
        self.key = settings.key
        self._hearers = Hearers(context.clock, settings.repeat_after)
        self._reached_at: Monotonic | None = None
        self._wrong_parities = 0

    async def start(self) -> None:
        await self._bus.join(self)

    async def stop(self) -> None:
        await self._bus.leave(self)

    def on_card(self, heard: Callable[[str], None]) -> None:
        self._hearers.add(heard)

    def keyless(self, detail: str) -> None:
        self._context.faults.raised(KEYLESS, detail)

    def reached(self) -> None:
        self._reached_at = self._context.clock.monotonic()
        self._context.faults.cleared(UNREACHABLE)
        self._context.faults.cleared(KEYLESS)

    def lost(self, detail: str) -> None:
        self._context.faults.raised(UNREACHABLE, detail)

    def read(self, card: Mapping[str, Any]) -> None:
        now = self._context.clock.monotonic()
        if self._reached_at is None or now - self._reached_at < SETTLE_SECONDS * SECOND:
            return
        try:
            number = _number(card)
        except WrongParity:
            self._wrong_parities += 1
            self._context.faults.raised(PARITY, f"{self._wrong_parities} since the daemon started")
        except NotACard as error:
            self._context.faults.raised(GARBLED, f"{error}")
        else:
            self._context.faults.cleared(PARITY)
            self._context.faults.cleared(GARBLED)
            self._hearers.tell(number)


def _number(card: Mapping[str, Any]) -> str:
    data = bytes(card["data"])
    if card["format"] == osdp.CardFormat.ASCII:
        text = printable(data.decode("ascii", errors="replace"))
        if not text or not text.isascii():
            raise NotACard("a card number in letters and digits is expected")
        return text
    if card["direction"]:
        data = _backwards(data, card["length"])
    return of_bits(data, card["length"])


def _backwards(data: bytes, bits: int) -> bytes:
    turned = f"{int.from_bytes(data, 'big'):0{len(data) * 8}b}"[:bits][::-1]
    return int(turned.ljust(len(data) * 8, "0"), 2).to_bytes(len(data), "big")
