"""ESPHome switches and binary sensors by MQTT. Tested against: a real Mosquitto; hardware: none yet."""

from __future__ import annotations

import abc
from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from drivers.contract import DigitalInput, DriverContext
from drivers.mqtt_relay import RelayWords, WordRelay
from drivers.over_mqtt.connection import Spoken
from drivers.over_mqtt.contact import ContactSettings
from drivers.over_mqtt.input import WordInput
from drivers.over_mqtt.part import Availability, MqttSettings, Wiring
from drivers.values import BaseTopic, Seconds, Topic

_LEVELS = {"ON": True, "OFF": False}
ObjectId = Annotated[str, Field(pattern=r"^[a-z0-9_-]+$", max_length=120)]


class EsphomeSettings(MqttSettings, abc.ABC):
    """A device with ESPHome and its `mqtt:` component on it, birth and will messages left as they are.

    ESPHome can't be asked for a state: it says it at its own connection and at each change, and what the broker
    keeps of that isn't believed. Name a topic as `poll_topic` that makes it say its state (`on_message:` in its
    configuration), or its state is unknown until it changes.
    """

    driver: Literal["esphome_mqtt"] = "esphome_mqtt"
    prefix: BaseTopic
    """`topic_prefix` of the device's mqtt component; without one, the device's name"""
    object_id: ObjectId
    """The name of the switch or sensor in its topics: small letters, with _ for spaces"""
    poll_topic: Topic | None = None
    """Where an empty message makes the device say its state, if it was set up so"""

    def wiring(self, kind: Literal["switch", "binary_sensor"]) -> Wiring:
        polls = () if self.poll_topic is None else (Spoken(self.poll_topic),)
        words = Availability(f"{self.prefix}/status", online="online", offline="offline")
        return Wiring((f"{self.prefix}/{kind}/{self.object_id}/state",), polls, words)


class EsphomeRelaySettings(EsphomeSettings, ContactSettings):
    """A switch."""

    own_pulse: Seconds | None = Field(default=None, gt=0)
    """For a switch that opens by itself after so long (`on_turn_on:` with a delay); otherwise the daemon ends pulses"""

    @property
    def claims(self) -> Mapping[str, str]:
        return {"object_id": f"ESPHome switch {self.object_id} of {self.prefix} on {self.address}"}

    def build(self, context: DriverContext) -> WordRelay:
        command = f"{self.prefix}/switch/{self.object_id}/command"
        words = RelayWords(on=Spoken(command, "ON"), off=Spoken(command, "OFF"), levels=_LEVELS)
        return WordRelay(self, context, self.wiring("switch"), words, own_pulse=self.own_pulse)


class EsphomeInputSettings(EsphomeSettings):
    """A binary sensor."""

    contract: ClassVar[type] = DigitalInput

    @property
    def claims(self) -> Mapping[str, str]:
        return {"object_id": f"ESPHome binary sensor {self.object_id} of {self.prefix} on {self.address}"}

    def build(self, context: DriverContext) -> WordInput:
        return WordInput(self, context, self.wiring("binary_sensor"), _LEVELS)
