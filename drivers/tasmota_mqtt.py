"""Tasmota relays and switch inputs by MQTT. Tested against: a real Mosquitto; hardware: none yet."""

from __future__ import annotations

import abc
import asyncio
import math
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field

from drivers.contacts.faults import BUSY, NOT_OBEYED
from drivers.contract import DigitalInput, DriverContext, DriverError
from drivers.over_mqtt.connection import Spoken
from drivers.over_mqtt.contact import CONFIRM_SECONDS, ContactSettings, Making, MqttContact
from drivers.over_mqtt.input import MqttInput
from drivers.over_mqtt.json_values import MISSING, read_json, value_at
from drivers.over_mqtt.part import Availability, MqttSettings, Said, Wiring
from drivers.values import BaseTopic, Topic

_LEVELS = {"ON": True, "OFF": False}
_LONGEST_TENTHS = 111
_LONGEST_SECONDS = 64800


def _both_blanks(written: str) -> str:
    if "%prefix%" not in written or "%topic%" not in written:
        raise ValueError("%prefix% and %topic% are expected in it, as in the device's own setting")
    return written


class TasmotaSettings(MqttSettings, abc.ABC):
    """A device with Tasmota on it, its SetOption4 left at 0 (answers on RESULT)."""

    driver: Literal["tasmota_mqtt"] = "tasmota_mqtt"
    topic: BaseTopic
    """The device's Topic as its MQTT settings show it, such as tasmota_9CF9D1"""
    full_topic: Annotated[Topic, AfterValidator(_both_blanks)] = "%prefix%/%topic%/"
    """The device's Full Topic, if it was changed"""

    def below(self, prefix: Literal["cmnd", "stat", "tele"], name: str) -> str:
        whole = self.full_topic.replace("%prefix%", prefix).replace("%topic%", self.topic)
        return f"{whole.rstrip('/')}/{name}"

    def wiring(self, question: str, *states: str) -> Wiring:
        words = Availability(self.below("tele", "LWT"), online="Online", offline="Offline")
        return Wiring(states, (Spoken(self.below("cmnd", "STATUS"), question),), words)


class TasmotaRelaySettings(TasmotaSettings, ContactSettings):
    """A relay. Its PulseTime is set, and has to be confirmed, before each order: the device ends its pulses itself.

    PulseTime stays in the device, also for whoever presses its button.
    """

    relay: int = Field(default=1, ge=1, le=32)
    """Which relay of the device, counted from 1"""

    @property
    def claims(self) -> Mapping[str, str]:
        return {"relay": f"Tasmota relay {self.relay} of {self.topic} on {self.address}"}

    def build(self, context: DriverContext) -> TasmotaRelay:
        return TasmotaRelay(self, context)


class TasmotaInputSettings(TasmotaSettings):
    """A switch input, detached from the relays (SetOption114 1) and with SwitchMode 1 or 2, so that it has a level."""

    contract: ClassVar[type] = DigitalInput

    switch: int = Field(default=1, ge=1, le=28)
    """Which switch of the device, counted from 1"""

    @property
    def claims(self) -> Mapping[str, str]:
        return {"switch": f"Tasmota switch {self.switch} of {self.topic} on {self.address}"}

    def build(self, context: DriverContext) -> TasmotaInput:
        return TasmotaInput(self, context)


def pulse_time(seconds: float) -> int:
    """As the device's command PulseTime wants it: up to 111 in tenths of a second, from 112 on in seconds plus 100."""
    tenths = max(1, round(seconds * 10))
    if tenths <= _LONGEST_TENTHS:
        return tenths
    return min(max(math.ceil(seconds), 12), _LONGEST_SECONDS) + 100


def _level(document: Any, *paths: str) -> bool | Any | None:
    """The first of these that is there: a level, None when it is none; MISSING when none is there."""
    for path in paths:
        said = value_at(document, path)
        if said is not MISSING:
            return _LEVELS.get(said) if isinstance(said, str) else None
    return MISSING


class TasmotaRelay(MqttContact):
    """A relay that is told first how long its pulses are, and then to close."""

    def __init__(self, settings: TasmotaRelaySettings, context: DriverContext) -> None:
        number, below = settings.relay, settings.below
        # A device with one relay calls it POWER.
        self._names = (f"POWER{number}", "POWER") if number == 1 else (f"POWER{number}",)
        self._plain = tuple(below("stat", name) for name in self._names)
        self._status = below("stat", "STATUS11")
        self._power, self._pulse_time = below("cmnd", f"POWER{number}"), below("cmnd", f"PulseTime{number}")
        self._set_as = f"PulseTime{number}.Set"
        wiring = settings.wiring("11", *self._plain, below("stat", "RESULT"), below("tele", "STATE"), self._status)
        super().__init__(settings, context, wiring, Spoken(self._power, "OFF"), times_pulses=True)
        self._preparing: Making | None = None
        self._set: tuple[int, asyncio.Future[None]] | None = None

    async def _order(self, making: Making) -> bool:
        await self._prepare(making, 0 if making.seconds is None else pulse_time(making.seconds))
        self._say_on(making, self._power, "ON")
        return False

    async def _prepare(self, making: Making, wanted: int) -> None:
        """Without this confirmed, a pulse might never end, or a hold might."""
        heard = asyncio.get_running_loop().create_future()
        self._preparing, self._set = making, (wanted, heard)
        self._say(self._pulse_time, str(wanted))
        await self._until(heard, CONFIRM_SECONDS)
        if self._preparing is not making:
            raise DriverError(BUSY, "another order came in between")
        if not heard.done():
            raise DriverError(
                NOT_OBEYED, f"the device hasn't confirmed its PulseTime of {wanted}; nothing was switched"
            )

    def _understood(self, topic: str, text: str) -> Said:
        if topic in self._plain:
            return self._reports(_LEVELS.get(text))
        document = read_json(text)
        if document is MISSING:
            return Said.GARBLED
        self._hear_pulse_time(value_at(document, self._set_as))
        if topic == self._status:
            document = value_at(document, "StatusSTS")
        level = _level(document, *self._names)
        if level is MISSING:
            return Said.GARBLED if topic == self._status else Said.NOT_OURS
        return self._reports(level)

    def _hear_pulse_time(self, said: Any) -> None:
        if self._set is not None and said == self._set[0] and not self._set[1].done():
            self._set[1].set_result(None)


class TasmotaInput(MqttInput):
    """Says its level when it changes, with its telemetry, and when it is asked."""

    def __init__(self, settings: TasmotaInputSettings, context: DriverContext) -> None:
        self._name = f"Switch{settings.switch}"
        self._status = settings.below("stat", "STATUS10")
        states = settings.below("stat", "RESULT"), settings.below("tele", "SENSOR"), self._status
        super().__init__(settings, context, settings.wiring("10", *states))

    def _understood(self, topic: str, text: str) -> Said:
        document = read_json(text)
        if document is MISSING:
            return Said.GARBLED
        if topic == self._status:
            document = value_at(document, "StatusSNS")
        level = _level(document, f"{self._name}.Action", self._name)
        if level is MISSING:
            return Said.GARBLED if topic == self._status else Said.NOT_OURS
        return self._says(level)
