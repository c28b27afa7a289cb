"""Spot sensors by MQTT: plain, The Things Stack, ChirpStack. Tested against: a real Mosquitto; hardware: none yet."""

from __future__ import annotations

import abc
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, field_validator

from drivers.contract import DriverContext, SpotSensor
from drivers.over_mqtt.json_values import MISSING, JsonPath, read_json, value_at, written
from drivers.over_mqtt.part import FreeTopicSettings, MqttPart, MqttSettings, Said, Watched, Wiring
from drivers.values import Payload, Seconds, Topic
from models.instants import SECOND, from_rfc3339

_DAY = 86400.0


class SpotSensorSettings(MqttSettings, abc.ABC):
    """What all spot sensors behind a broker have in common.

    A sensor speaks rarely, and what the broker keeps of it may be days old: its spot is unknown until it was heard.
    """

    contract: ClassVar[type] = SpotSensor

    stale_after: Seconds | None = _DAY
    """Silent for longer than this, the spot is unknown again: more than twice the sensor's own heartbeat"""
    heard_within: Seconds = Field(default=_DAY, gt=0)
    """A sensor that wasn't heard even once for so long since the connection was made is reported"""


class MqttSpotSensorSettings(SpotSensorSettings, FreeTopicSettings):
    """A sensor that says one word for taken and one for free."""

    driver: Literal["mqtt"] = "mqtt"
    topic: Topic
    """Where the sensor says whether the spot is taken"""
    payload_on: Payload = "ON"
    """What it says when the spot is taken"""
    payload_off: Payload = "OFF"
    """What it says when the spot is free"""

    @field_validator("payload_off")
    @classmethod
    def _differs(cls, payload_off: str, info: Any) -> str:
        if payload_off == info.data.get("payload_on"):
            raise ValueError("payload_off is the same as payload_on: nothing could be told from it")
        return payload_off

    @property
    def claims(self) -> Mapping[str, str]:
        return self.claim(topic=self.topic)

    def build(self, context: DriverContext) -> WordSpotSensor:
        return WordSpotSensor(self, context)


def _as_text(value: Any) -> Any:
    """`true`, 1 and "occupied" may all stand in a list of values."""
    return written(getattr(value, "text", value)) or value


Value = Annotated[str, BeforeValidator(_as_text)]


@dataclass(frozen=True, slots=True)
class UplinkWords:
    """Where a network server puts what this driver needs."""

    device: str
    """The sensor's id"""
    values: str
    """What the decoder made of the sensor's bytes"""
    counter: str
    session: str
    """With a new session the counter begins anew"""
    received: str


class LoraSettings(SpotSensorSettings, abc.ABC):
    """A LoRaWAN sensor, as its network server passes on what the server's decoder made of it."""

    words: ClassVar[UplinkWords]

    occupied: JsonPath = "occupied"
    """Where the decoder puts the spot's state, with dots between the names: `occupied`, `parking.status`"""
    taken: tuple[Value, ...] = Field(default=("true", "1"), min_length=1)
    """What stands there when the spot is taken"""
    free: tuple[Value, ...] = Field(default=("false", "0"), min_length=1)
    """What stands there when the spot is free"""
    topic: Topic | None = None
    """Where the uplinks arrive, if a bridge has moved them to another topic"""

    @field_validator("free")
    @classmethod
    def _differs(cls, free: tuple[str, ...], info: Any) -> tuple[str, ...]:
        both = sorted(set(free) & set(info.data.get("taken", ())))
        if both:
            raise ValueError(f"{both[0]!r} stands for both taken and free: nothing could be told from it")
        return free

    @property
    @abc.abstractmethod
    def sensor(self) -> str:
        """The sensor's id as the network server writes it."""

    @property
    @abc.abstractmethod
    def usual_topic(self) -> str: ...

    @property
    def uplinks(self) -> str:
        return self.usual_topic if self.topic is None else self.topic

    @property
    def claims(self) -> Mapping[str, str]:
        return {"sensor": f"sensor {self.sensor} on {self.address}"}

    def build(self, context: DriverContext) -> LoraSpotSensor:
        return LoraSpotSensor(self, context)


class TheThingsStackSettings(LoraSettings):
    """A sensor in an application of The Things Stack, version 3. Its broker takes `application@tenant` for a user name
    and an API key for a password; over the internet, set `tls: true`.
    """

    speaks_5: ClassVar[bool] = False  # its broker knows MQTT 3.1.1 only
    words: ClassVar[UplinkWords] = UplinkWords(
        device="end_device_ids.device_id",
        values="uplink_message.decoded_payload",
        counter="uplink_message.f_cnt",
        session="uplink_message.session_key_id",
        received="received_at",
    )

    driver: Literal["the_things_stack"] = "the_things_stack"
    application: Annotated[str, Field(pattern=r"^[a-z0-9](?:-?[a-z0-9])+$")]
    """The application's id"""
    tenant: Annotated[str, Field(pattern=r"^[a-z0-9-]*$")] = "ttn"
    """The tenant's id: `ttn` on The Things Network; empty on a stack without tenants"""
    device_id: Annotated[str, Field(pattern=r"^[a-z0-9](?:-?[a-z0-9])+$")]
    """The sensor's id in the application"""

    @property
    def sensor(self) -> str:
        return self.device_id

    @property
    def usual_topic(self) -> str:
        owner = f"{self.application}@{self.tenant}" if self.tenant else self.application
        return f"v3/{owner}/devices/{self.device_id}/up"


class ChirpStackSettings(LoraSettings):
    """A sensor in an application of ChirpStack, version 4, its MQTT integration set to JSON."""

    words: ClassVar[UplinkWords] = UplinkWords(
        device="deviceInfo.devEui",
        values="object",
        counter="fCnt",
        session="devAddr",
        received="time",
    )

    driver: Literal["chirpstack"] = "chirpstack"
    application: Annotated[str, Field(pattern=r"^[0-9a-zA-Z-]+$")]
    """The application's id, as in its page's address"""
    dev_eui: Annotated[str, Field(pattern=r"^[0-9a-fA-F]{16}$")]
    """The sensor's DevEUI: 16 hexadecimal digits"""

    @property
    def sensor(self) -> str:
        return self.dev_eui.lower()

    @property
    def usual_topic(self) -> str:
        return f"application/{self.application}/device/{self.sensor}/event/up"


class MqttSpotSensor(MqttPart, abc.ABC):
    """One spot, unknown until its sensor was heard live."""

    def __init__(self, settings: SpotSensorSettings, context: DriverContext, wiring: Wiring) -> None:
        super().__init__(settings, context, wiring)
        self._taken = Watched[bool | None](None)

    @property
    def occupied(self) -> bool | None:
        return self._taken.value

    def on_occupied(self, heard: Callable[[bool | None], None]) -> None:
        self._taken.on_change(heard)

    def _says(self, taken: bool | None) -> Said:
        if taken is None:
            return Said.GARBLED
        self._taken.set(taken)
        return Said.STATE

    def _forget(self) -> None:
        self._taken.set(None)


class WordSpotSensor(MqttSpotSensor):
    def __init__(self, settings: MqttSpotSensorSettings, context: DriverContext) -> None:
        super().__init__(settings, context, settings.wiring(settings.topic))
        self._words = {settings.payload_on: True, settings.payload_off: False}

    def _understood(self, topic: str, text: str) -> Said:
        return self._says(self._words.get(text))


class LoraSpotSensor(MqttSpotSensor):
    """Hears one sensor's uplinks: each once, none that is older than what is known."""

    def __init__(self, settings: LoraSettings, context: DriverContext) -> None:
        super().__init__(settings, context, Wiring((settings.uplinks,)))
        self._sensor, self._words, self._path = settings.sensor, settings.words, settings.occupied
        self._levels = {**dict.fromkeys(settings.taken, True), **dict.fromkeys(settings.free, False)}
        self._last: tuple[Any, Any] | None = None
        self._received = 0
        self._ever_understood = False

    def _understood(self, topic: str, text: str) -> Said:
        uplink = read_json(text)
        if uplink is MISSING:
            return Said.GARBLED
        device = value_at(uplink, self._words.device)
        if not isinstance(device, str) or device.lower() != self._sensor:
            return Said.NOT_OURS
        if self._is_old(uplink):
            return Said.NOT_OURS
        value = value_at(uplink, f"{self._words.values}.{self._path}")
        if value is MISSING and self._ever_understood:
            return Said.NOT_OURS  # sensors also tell of their battery, without a word on the spot
        said = self._says(self._levels.get(written(value) or ""))
        self._ever_understood = self._ever_understood or said is Said.STATE
        return said

    def _is_old(self, uplink: Any) -> bool:
        """A repetition, one that was overtaken, or one that lay somewhere for longer than a state holds."""
        # What is zero may be left out of the message.
        counter = value_at(uplink, self._words.counter)
        this = (value_at(uplink, self._words.session), 0 if counter is MISSING else counter)
        received = _instant(value_at(uplink, self._words.received))
        if this == self._last or (received is not None and received < self._received):
            return True
        now = self._context.clock.read()
        longest = self._stale_after
        if received is not None and now.synced and longest is not None and now.wall - received > longest * SECOND:
            return True
        self._last, self._received = this, received or self._received
        return False


def _instant(value: Any) -> int | None:
    try:
        return from_rfc3339(value) if isinstance(value, str) else None
    except ValueError:
        return None
