"""Relays of Shelly, Tasmota and ControlByWeb, by HTTP. Tested against: a web server like each; hardware: none yet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field

from drivers.contract import DriverContext, Relay
from drivers.over_http.contact import RELAY_FAULTS, HttpContact
from drivers.over_http.device import HttpSettings
from drivers.over_http.dialects import LONGEST_PULSE_SECONDS, Ask
from drivers.values import Seconds
from models.faults import Fault
from models.instants import Monotonic


class HttpRelaySettings(HttpSettings):
    """One contact of a device in the network. The device ends its pulses itself."""

    contract: ClassVar[type] = Relay
    faults: ClassVar[tuple[Fault, ...]] = RELAY_FAULTS

    watch: Seconds = Field(default=2.0, ge=0.1, le=60)
    """How often the contact is read while nothing is ordered"""
    safe_state: Literal["open", "leave"] = "open"
    """`open`: a contact found made at start is opened, and so it is at stop; `leave`: it stays as it is, for one that
    keeps an arm up, which would come down"""

    @property
    def claims(self) -> Mapping[str, str]:
        return {"channel": f"relay {self.number} at {self.origin}"}

    def build(self, context: DriverContext) -> HttpRelay:
        return HttpRelay(self, context)


class HttpRelay(HttpContact):
    """Reads back how its contact stands; `pulse` returns once the device has taken it."""

    times_pulses = True
    reads_back = True

    def __init__(self, settings: HttpRelaySettings, context: DriverContext) -> None:
        host, opens = settings.host_of(context), settings.safe_state == "open"
        super().__init__(host, context, settings.answer_within, settings.watch, opens)
        self._dialect, self._number = settings.dialect(), settings.number

    async def _pulse(self, seconds: float, latest: Monotonic) -> float:
        return await self._dialect.pulse(self._asking(latest), self._number, min(seconds, LONGEST_PULSE_SECONDS))

    async def _switch(self, on: bool, latest: Monotonic | None) -> bool:
        return await self._dialect.switch(self._asking(latest), self._number, on)

    async def _stands(self) -> bool:
        return await self._dialect.contact(self._asking(None), self._number)

    def _asking(self, latest: Monotonic | None) -> Ask:
        return lambda question: self._ask(question, latest)
