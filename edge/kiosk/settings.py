"""What a technician can set about the screens at the lanes."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator

from drivers.values import Host, Port
from models.phrases.language import LanguageCode, LanguageCodes, spoken

_MOST_LANGUAGES = 6
"""More buttons than that don't fit across a 7-inch screen in letters that can be read from a car."""


class KioskSettings(BaseModel):
    """The page for a small screen with touch or buttons at each lane."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    listen: str = "127.0.0.1"
    """Address of this machine on which the page is served. 127.0.0.1: to a screen on this very machine, without a
    key; any other: each screen needs its own link, which `parkgate-edge kiosk-link` prints"""
    port: Port = 8070
    """TCP port of the page"""
    host: Host | None = None
    """Name or address by which the screens reach this machine, when it isn't the one under `listen`"""
    languages: Annotated[LanguageCodes, Field(max_length=_MOST_LANGUAGES)] | None = None
    """Two letters each, in the order of their buttons; the first one is shown until a driver picks another. Left out:
    the lot's languages, then others"""
    help_number: Annotated[str, Field(min_length=3, max_length=24, pattern=r"^[0-9+() /-]+$")] | None = None
    """Telephone number that a driver can ring when the screen can't reach the lane, or the lot its cloud"""
    keypad: bool = False
    """`true` where a keypad stands beside the screen: the buttons then show the digit that presses them"""
    secret_file: Path | None = None
    """File from which the links are derived, made at the first start; left out: kiosk.secret beside the store.
    A new file makes all old links void"""

    @field_validator("listen")
    @classmethod
    def _an_address(cls, listen: str) -> str:
        if listen == "localhost":
            return "127.0.0.1"
        try:
            return str(ipaddress.ip_address(listen))
        except ValueError:
            raise ValueError("an address of this machine is expected, such as 127.0.0.1 or 192.168.1.10") from None

    @property
    def choice(self) -> tuple[LanguageCode, ...]:
        """The languages among which a driver chooses."""
        return self.languages or spoken()[:_MOST_LANGUAGES]

    def at(self, lot: tuple[LanguageCode, ...]) -> KioskSettings:
        """The same at a lot that speaks these languages, which come first where none are set for the screens."""
        first = tuple(dict.fromkeys((*lot, *spoken())))[:_MOST_LANGUAGES]
        return self.model_copy(update={"languages": self.languages or first})

    @property
    def on_loopback(self) -> bool:
        """Whether only this very machine reaches the page."""
        return ipaddress.ip_address(self.listen).is_loopback

    @property
    def reached_by(self) -> str | None:
        """The host in the screens' links. None: any address of this machine, and nobody said which."""
        if self.host is not None:
            return self.host
        address = ipaddress.ip_address(self.listen)
        if address.is_unspecified:
            return None
        return f"[{address}]" if address.version == 6 else str(address)

    def secret_beside(self, store: Path) -> Path:
        """The file that holds the links' secret, of a lot with this store."""
        return self.secret_file or store.with_name("kiosk.secret")
