"""Settings of a device that speaks the same on a serial line and in the network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Self

from pydantic import model_validator

from drivers.loopback import is_this_machine
from drivers.over_serial.stream import SerialSettings, TcpSettings, Way
from drivers.settings import DriverSettings


class TwoPlacesSettings(DriverSettings):
    """It has one of both places. `its_name` is for a technician: what the device is called."""

    its_name: ClassVar[str] = "the device"

    serial: SerialSettings | None = None
    """Where it is, if on a serial line: `port`, and `baud` and `framing` if they aren't 9600 and 8N1"""
    tcp: TcpSettings | None = None
    """Where it is, if in the network: `host` and `port`"""

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.serial is None) == (self.tcp is None):
            raise ValueError(f"say where {self.its_name} is, once: `serial` or `tcp`")
        return self

    @property
    def way(self) -> Way:
        place = self.serial or self.tcp
        assert place is not None
        return place.way()

    @property
    def claims(self) -> Mapping[str, str]:
        if self.serial is not None:
            return {"serial": self.serial.serial_claim}
        return {"tcp": f"{self.its_name} at {self.way.name}"}

    @property
    def reaches_hardware(self) -> bool:
        return self.tcp is None or not is_this_machine(self.tcp.host)
