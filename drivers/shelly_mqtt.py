"""Shelly relays and inputs by MQTT, all generations. Tested against: a real Mosquitto; hardware: none yet."""

from __future__ import annotations

import abc
import asyncio
import itertools
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from drivers.contacts.faults import NOT_OBEYED
from drivers.contract import DigitalInput, DriverContext, DriverError
from drivers.mqtt_relay import RelayWords, WordRelay
from drivers.over_mqtt.connection import Spoken
from drivers.over_mqtt.contact import CONFIRM_SECONDS, ContactSettings, Making, MqttContact
from drivers.over_mqtt.input import MqttInput, WordInput
from drivers.over_mqtt.json_values import MISSING, read_json, value_at
from drivers.over_mqtt.part import Availability, MqttSettings, Said, Wiring
from drivers.values import BaseTopic, Seconds


class ShellySettings(MqttSettings, abc.ABC):
    """A Shelly whose MQTT is switched on, with this lot's broker, in its own settings page."""

    driver: Literal["shelly_mqtt"] = "shelly_mqtt"
    prefix: BaseTopic
    """The device's topic prefix as its MQTT settings show it, such as shellyplus1-a8032ab12345; first-generation
    devices: shellies/ and the device's id, such as shellies/shelly1-B929CC"""
    generation: Literal[1, 2, 3, 4] = 2
    """1 for the first devices (Shelly 1, 2.5, Plug), 2, 3 or 4 for Plus, Pro, Gen3 and Gen4"""
    channel: int = Field(default=0, ge=0, le=15)
    """Which one of the device, counted from 0"""

    @property
    def availability(self) -> Availability:
        return Availability(f"{self.prefix}/online", online="true", offline="false")


class ShellyRelaySettings(ShellySettings, ContactSettings):
    """A relay. From the second generation on it times its pulses itself, and answers each order."""

    auto_off: Seconds | None = Field(default=None, gt=0)
    """First generation only: the timer "auto off" as set in the device, without which the daemon has to end each
    pulse. It holds for every order"""

    @model_validator(mode="after")
    def _only_the_first_needs_it(self) -> ShellyRelaySettings:
        if self.auto_off is not None and self.generation > 1:
            raise ValueError("auto_off is for the first generation; this device is told how long each pulse is")
        return self

    @property
    def stays_made(self) -> bool:
        return self.auto_off is None

    @property
    def claims(self) -> Mapping[str, str]:
        return {"channel": f"Shelly relay {self.channel} of {self.prefix} on {self.address}"}

    def build(self, context: DriverContext) -> MqttContact:
        return self._first_generation(context) if self.generation == 1 else RpcRelay(self, context)

    def _first_generation(self, context: DriverContext) -> WordRelay:
        """Its MQTT knows no timer: only its own auto off ends a pulse without the daemon."""
        state = f"{self.prefix}/relay/{self.channel}"
        words = RelayWords(
            on=Spoken(f"{state}/command", "on"),
            off=Spoken(f"{state}/command", "off"),
            levels={"on": True, "off": False},
        )
        wiring = Wiring((state,), (Spoken(f"{self.prefix}/command", "update"),), self.availability)
        return WordRelay(self, context, wiring, words, own_pulse=self.auto_off)


class ShellyInputSettings(ShellySettings):
    """An input that is set up as a switch, not as a button: a button has no level."""

    contract: ClassVar[type] = DigitalInput

    @property
    def claims(self) -> Mapping[str, str]:
        return {"channel": f"Shelly input {self.channel} of {self.prefix} on {self.address}"}

    def build(self, context: DriverContext) -> MqttInput:
        if self.generation > 1:
            return RpcInput(self, context)
        wiring = Wiring(
            (f"{self.prefix}/input/{self.channel}",),
            (Spoken(f"{self.prefix}/command", "update"),),
            self.availability,
        )
        return WordInput(self, context, wiring, {"1": True, "0": False})


@dataclass(frozen=True, slots=True)
class Component:
    """One switch or input of a device of the second generation, and what is said to and by it.

    It tells of itself on three topics, of which the technician may have switched off two; the answers remain.
    """

    prefix: str
    kind: Literal["switch", "input"]
    channel: int
    value: Literal["output", "state"]

    @property
    def key(self) -> str:
        return f"{self.kind}:{self.channel}"

    @property
    def answers(self) -> str:
        """Below the device's own prefix, so that the broker's access rules need one line."""
        return f"{self.prefix}/parkgate/rpc"

    def request(self, number: int, method: str, **parameters: Any) -> Spoken:
        parameters = {"id": self.channel, **parameters}
        asked = {"id": number, "src": f"{self.prefix}/parkgate", "method": method, "params": parameters}
        return Spoken(f"{self.prefix}/rpc", json.dumps(asked))

    def wiring(self, poll: Spoken, availability: Availability) -> Wiring:
        states = (f"{self.prefix}/status/{self.key}", f"{self.prefix}/events/rpc", self.answers)
        return Wiring(states, (poll,), availability)

    def said_in(self, topic: str, document: Any, poll: int) -> Any:
        """The component's value in a message; MISSING when the message isn't about it."""
        if topic == self.answers:
            return value_at(document, f"result.{self.value}") if _number(document) == poll else MISSING
        if topic.endswith("/events/rpc"):
            changed = value_at(document, "params")
            document = changed[self.key] if isinstance(changed, dict) and self.key in changed else MISSING
        return value_at(document, self.value)


def _number(answer: Any) -> int | None:
    number = value_at(answer, "id")
    return number if isinstance(number, int) else None


def _refusal(answer: Any) -> str | None:
    """Why the device refuses, in its own words."""
    error = value_at(answer, "error")
    if error is MISSING:
        return None
    message = value_at(error, "message")
    return f"{error if message is MISSING else message}"[:120]


def _level(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


class RpcRelay(MqttContact):
    """A relay that is told how long its pulse is, and acknowledges it."""

    def __init__(self, settings: ShellyRelaySettings, context: DriverContext) -> None:
        self._component = Component(settings.prefix, "switch", settings.channel, "output")
        first = secrets.randbelow(1 << 30)
        self._numbers = itertools.count(first + 2)
        self._poll = first
        poll = self._component.request(first, "Switch.GetStatus")
        off = self._component.request(first + 1, "Switch.Set", on=False)
        wiring = self._component.wiring(poll, settings.availability)
        super().__init__(settings, context, wiring, off, times_pulses=True)
        self._answers: dict[int, asyncio.Future[str | None]] = {}

    async def _order(self, making: Making) -> bool:
        number = next(self._numbers)
        timer = {} if making.seconds is None else {"toggle_after": making.seconds}
        order = self._component.request(number, "Switch.Set", on=True, **timer)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        try:
            self._say_on(making, order.topic, order.payload)
            await self._until(answer, CONFIRM_SECONDS)
            if not answer.done():
                raise DriverError(NOT_OBEYED, "told to close, the device doesn't answer")
            if (refusal := answer.result()) is not None:
                raise DriverError(NOT_OBEYED, f"told to close, the device refuses: {refusal}")
        finally:
            del self._answers[number]
        self._ask()
        return True

    def _understood(self, topic: str, text: str) -> Said:
        document = read_json(text)
        if document is MISSING:
            return Said.GARBLED
        if topic == self._component.answers:
            self._hear_answer(document)
            if _number(document) == self._poll and _refusal(document) is not None:
                return Said.GARBLED
        value = self._component.said_in(topic, document, self._poll)
        return Said.NOT_OURS if value is MISSING else self._reports(_level(value))

    def _hear_answer(self, document: Any) -> None:
        number = _number(document)
        answer = None if number is None else self._answers.get(number)
        if answer is not None and not answer.done():
            answer.set_result(_refusal(document))


class RpcInput(MqttInput):
    """An input of a device that answers questions."""

    def __init__(self, settings: ShellyInputSettings, context: DriverContext) -> None:
        self._component = Component(settings.prefix, "input", settings.channel, "state")
        self._poll = secrets.randbelow(1 << 30)
        poll = self._component.request(self._poll, "Input.GetStatus")
        super().__init__(settings, context, self._component.wiring(poll, settings.availability))

    def _understood(self, topic: str, text: str) -> Said:
        document = read_json(text)
        if document is MISSING:
            return Said.GARBLED
        refused = _number(document) == self._poll and _refusal(document) is not None
        if topic == self._component.answers and refused:
            return Said.GARBLED
        value = self._component.said_in(topic, document, self._poll)
        return Said.NOT_OURS if value is MISSING else self._says(_level(value))
