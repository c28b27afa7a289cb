"""Relays behind an MQTT broker whose topics are written down. Tested against: a real Mosquitto; hardware: none yet."""

from __future__ import annotations

import string
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from drivers.contract import DriverContext
from drivers.over_mqtt.connection import Spoken
from drivers.over_mqtt.contact import ContactSettings, Making, MqttContact
from drivers.over_mqtt.part import FreeTopicSettings, Said, Wiring
from drivers.values import Payload, Seconds, Topic


def _pulse_template(written: str) -> str:
    template = string.Template(written)
    if not template.is_valid() or set(template.get_identifiers()) - {"seconds", "milliseconds"}:
        raise ValueError("only $seconds and $milliseconds can be filled in; write a dollar sign of your own as $$")
    return written


@dataclass(frozen=True, slots=True)
class RelayWords:
    """What is said to a relay, and what it says. `pulse` is a template that knows $seconds and $milliseconds."""

    on: Spoken
    off: Spoken
    levels: Mapping[str, bool]
    pulse: str | None = None


class MqttRelaySettings(FreeTopicSettings, ContactSettings):
    """A relay with topics and payloads as Home Assistant's MQTT switch has them."""

    driver: Literal["mqtt"] = "mqtt"
    command_topic: Topic
    """Where the relay is told what to do"""
    payload_on: Payload = "ON"
    """What makes the contact"""
    payload_off: Payload = "OFF"
    """What opens it"""
    payload_pulse: Annotated[Payload, AfterValidator(_pulse_template)] | None = None
    """What makes the contact for a while, for a device that can: $seconds or $milliseconds become the length"""
    own_pulse: Seconds | None = Field(default=None, gt=0)
    """For a device that was set up to open its contact by itself: after so long, whatever was ordered"""
    state_topic: Topic | None = None
    """Where the device says whether the contact is made; without it nothing can be read back"""
    state_on: Payload | None = None
    """What the device says when the contact is made, if it isn't `payload_on`"""
    state_off: Payload | None = None
    """What the device says when the contact is open, if it isn't `payload_off`"""

    @model_validator(mode="after")
    def _can_be_told_apart(self) -> MqttRelaySettings:
        if self.payload_on == self.payload_off:
            raise ValueError("payload_off is the same as payload_on: the device couldn't tell what is meant")
        if len(self.levels) < 2:
            raise ValueError("state_off is the same as state_on: nothing could be told from it")
        return self

    @property
    def levels(self) -> Mapping[str, bool]:
        on = self.payload_on if self.state_on is None else self.state_on
        off = self.payload_off if self.state_off is None else self.state_off
        return {on: True, off: False}

    @property
    def stays_made(self) -> bool:
        return self.own_pulse is None

    @property
    def claims(self) -> Mapping[str, str]:
        return self.claim(command_topic=self.command_topic, state_topic=self.state_topic)

    def build(self, context: DriverContext) -> WordRelay:
        words = RelayWords(
            on=Spoken(self.command_topic, self.payload_on),
            off=Spoken(self.command_topic, self.payload_off),
            levels=self.levels,
            pulse=self.payload_pulse,
        )
        return WordRelay(self, context, self.wiring(self.state_topic), words, own_pulse=self.own_pulse)


class WordRelay(MqttContact):
    """One word closes it, one opens it; it says one word for each."""

    def __init__(
        self,
        settings: ContactSettings,
        context: DriverContext,
        wiring: Wiring,
        words: RelayWords,
        *,
        own_pulse: float | None = None,
    ) -> None:
        timed = words.pulse is not None
        super().__init__(settings, context, wiring, words.off, times_pulses=timed, own_pulse=own_pulse)
        self._words = words

    async def _order(self, making: Making) -> bool:
        self._say_on(making, self._words.on.topic, self._payload(making.seconds))
        return False

    def _payload(self, seconds: float | None) -> str:
        if seconds is None or self._words.pulse is None or self._own_pulse is not None:
            return self._words.on.payload
        length = {"seconds": f"{seconds:g}", "milliseconds": str(round(seconds * 1000))}
        return string.Template(self._words.pulse).substitute(length)

    @property
    def _known_words(self) -> Iterable[str]:
        return self._words.levels

    def _understood(self, topic: str, text: str) -> Said:
        return self._reports(self._words.levels.get(text))
