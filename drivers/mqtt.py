"""Barriers, loops and classifiers behind an MQTT 5 broker. Tested against: a real Mosquitto; hardware: none yet."""

from __future__ import annotations

import string
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

from drivers.contract import DigitalInput, DriverContext, Position, VehicleClassifier
from drivers.over_mqtt.barrier import BarrierSettings, BarrierWords
from drivers.over_mqtt.input import WordInput
from drivers.over_mqtt.part import FreeTopicSettings, MqttPart, Said
from drivers.values import Payload, Topic
from models.spots import VehicleType


def _template(*blanks: str) -> Callable[[str], str]:
    known = " and ".join(f"${blank}" for blank in blanks)

    def fits(written: str) -> str:
        template = string.Template(written)
        if not template.is_valid() or set(template.get_identifiers()) - set(blanks):
            raise ValueError(f"only {known} can be filled in; write a dollar sign of your own as $$")
        return written

    return fits


VendPayload = Annotated[Payload, AfterValidator(_template("vend", "until"))]
OrderPayload = Annotated[Payload, AfterValidator(_template("id", "until"))]


class MqttBarrierSettings(BarrierSettings):
    """An arm that is moved by messages on one topic and says where it stands on another."""

    driver: Literal["mqtt"] = "mqtt"
    command_topic: Topic
    """Where a vend, and every other order, is published"""
    payload_vend: VendPayload = '{"vend": "$vend"}'
    """What a vend says: $vend becomes its id, so that the device can refuse a repeat, $until the moment after which
    a device with a clock must refuse it, in microseconds since 1970 UTC"""
    payload_hold: OrderPayload | None = None
    """What raises the arm and keeps it up, for a device that can; $id becomes an id of the order, $until as for the
    vend. The simulator understands `{"hold": true, "id": "$id", "until": $until}`"""
    payload_release: OrderPayload | None = None
    """What ends the hold. The simulator understands `{"hold": false, "id": "$id", "until": $until}`"""
    payload_lower: OrderPayload | None = None
    """What brings the arm down, for a device that can be told. The simulator understands
    `{"lower": true, "id": "$id", "until": $until}`"""
    position_topic: Topic | None = None
    """Where the device says the arm's position; without it the position is assumed from what the arm was told"""
    payload_open: Payload = "open"
    """What the device says when the arm is up"""
    payload_closed: Payload = "closed"
    """What the device says when the arm is down"""
    payload_moving: Payload = "moving"
    """What the device says while the arm moves"""
    payload_held: Payload = "held"
    """What the device says when the arm is up and kept there"""
    payload_faulted: Payload = "faulted"
    """What the device says when something is wrong with the arm: broken off, blocked"""

    @model_validator(mode="after")
    def _a_hold_has_an_end(self) -> MqttBarrierSettings:
        if (self.payload_hold is None) != (self.payload_release is None):
            raise ValueError("payload_hold and payload_release belong together: an arm that is held has to come down")
        if len(self.words.positions) < len(Position) - 1:
            raise ValueError("two positions of the arm have the same payload: nothing could be told from it")
        return self

    @property
    def words(self) -> BarrierWords:
        return BarrierWords(
            command_topic=self.command_topic,
            vend=self.payload_vend,
            hold=self.payload_hold,
            release=self.payload_release,
            lower=self.payload_lower,
            position_topic=self.position_topic,
            positions={
                self.payload_open: Position.OPEN,
                self.payload_closed: Position.CLOSED,
                self.payload_moving: Position.MOVING,
                self.payload_held: Position.HELD,
                self.payload_faulted: Position.FAULTED,
            },
        )

    @property
    def claims(self) -> Mapping[str, str]:
        return self.claim(command_topic=self.command_topic, position_topic=self.position_topic)


class MqttInputSettings(FreeTopicSettings):
    """A loop, button or contact that says its level."""

    contract: ClassVar[type] = DigitalInput

    driver: Literal["mqtt"] = "mqtt"
    topic: Topic
    """Where the device says its level"""
    payload_on: Payload = "ON"
    """What the device says when the loop is occupied or the contact made"""
    payload_off: Payload = "OFF"
    """What the device says when it is clear or open"""

    @field_validator("payload_off")
    @classmethod
    def _differs(cls, payload_off: str, info: Any) -> str:
        if payload_off == info.data.get("payload_on"):
            raise ValueError("payload_off is the same as payload_on: nothing could be told from it")
        return payload_off

    @property
    def claims(self) -> Mapping[str, str]:
        return self.claim(topic=self.topic)

    def build(self, context: DriverContext) -> WordInput:
        levels = {self.payload_on: True, self.payload_off: False}
        return WordInput(self, context, self.wiring(self.topic), levels)


class MqttClassifierSettings(FreeTopicSettings):
    """A camera or detector that says what kind of vehicle stands at the arming loop."""

    contract: ClassVar[type] = VehicleClassifier

    driver: Literal["mqtt"] = "mqtt"
    topic: Topic
    """Where the device says the vehicle's kind"""
    payloads: Mapping[Payload, VehicleType] = Field(default_factory=lambda: {kind.value: kind for kind in VehicleType})
    """What the device says for each kind of vehicle"""
    payload_none: Payload = "NONE"
    """What the device says when there is no vehicle or it can't tell"""

    @property
    def claims(self) -> Mapping[str, str]:
        return self.claim(topic=self.topic)

    def build(self, context: DriverContext) -> MqttClassifier:
        return MqttClassifier(self, context)


class MqttClassifier(MqttPart):
    """The kind of vehicle as the device last said it."""

    def __init__(self, settings: MqttClassifierSettings, context: DriverContext) -> None:
        super().__init__(settings, context, settings.wiring(settings.topic))
        self._kinds: dict[str, VehicleType | None] = {**settings.payloads, settings.payload_none: None}
        self._vehicle_type: VehicleType | None = None

    @property
    def vehicle_type(self) -> VehicleType | None:
        return self._vehicle_type

    @property
    def _known_words(self) -> Iterable[str]:
        return self._kinds

    def _understood(self, topic: str, text: str) -> Said:
        self._vehicle_type = self._kinds.get(text)
        return Said.STATE if text in self._kinds else Said.GARBLED

    def _forget(self) -> None:
        self._vehicle_type = None
