"""Barriers, loops and classifiers behind an MQTT 5 broker. Tested against: a real Mosquitto; hardware: none yet."""

from __future__ import annotations

import asyncio
import string
from collections.abc import Callable, Mapping
from typing import Annotated, Any, ClassVar, Literal

import structlog
from pydantic import AfterValidator, Field, field_validator

from drivers.broker import BrokerSettings
from drivers.contract import (
    Barrier,
    DigitalInput,
    DriverContext,
    DriverError,
    Position,
    VehicleClassifier,
)
from drivers.mqtt_connection import BrokerConnection, NotConnected
from drivers.settings import DriverSettings
from drivers.values import Payload, Seconds, Topic
from models.faults import Fault
from models.instants import SECOND, Monotonic
from models.spots import VehicleType

log = structlog.get_logger()

UNREACHABLE = Fault(
    code="device.unreachable",
    meaning="The broker through which this part is reached doesn't answer",
    look_at="The broker's address and login, the network cable, the broker's own log",
)
REFUSED = Fault(
    code="device.refused",
    meaning="The broker doesn't let the daemon listen to this part",
    look_at="The broker's access rules for the daemon's user",
)
SILENT = Fault(
    code="device.silent",
    meaning="The device hasn't said its state for longer than it may",
    look_at="Power and network of the device; `stale_after`, if it says its state less often",
)
GARBLED = Fault(
    code="device.garbled",
    meaning="The device says something that its settings don't name",
    look_at="The payloads in this part's settings, and what the device really sends",
)
FAULTS = (UNREACHABLE, REFUSED, SILENT, GARBLED)


def _vend_template(written: str) -> str:
    template = string.Template(written)
    if not template.is_valid() or set(template.get_identifiers()) - {"vend", "until"}:
        raise ValueError("only $vend and $until can be filled in; write a dollar sign of your own as $$")
    return written


class MqttSettings(DriverSettings, BrokerSettings):
    """What all parts behind a broker have in common."""

    faults: ClassVar[tuple[Fault, ...]] = FAULTS

    driver: Literal["mqtt"] = "mqtt"
    poll_topic: Topic | None = None
    """Where an empty message makes the device say its state; sent at each connection"""
    stale_after: Seconds | None = None
    """For a device that repeats its state: silent for longer than this, its state is unknown again"""

    @field_validator("stale_after")
    @classmethod
    def _not_at_once(cls, stale_after: float | None) -> float | None:
        if stale_after is not None and stale_after <= 0:
            raise ValueError("longer than nothing is expected; leave the key out when the device doesn't repeat itself")
        return stale_after

    @property
    def reaches_hardware(self) -> bool:
        return not self.on_loopback

    def connection(self, context: DriverContext) -> BrokerConnection:
        """The one connection to this broker with this login, for all parts of the lot."""
        login = self.username, self.password_env, self.password_file
        key = ("mqtt", self.host, self.port, *login, self.tls and self.tls.ca, self.tls is not None, self.keepalive)
        return context.shared.setdefault(key, BrokerConnection(self))


class MqttBarrierSettings(MqttSettings):
    """An arm that is raised by one message and says where it stands by another."""

    contract: ClassVar[type] = Barrier

    command_topic: Topic
    """Where a vend is published"""
    payload_vend: Annotated[Payload, AfterValidator(_vend_template)] = '{"vend": "$vend"}'
    """What a vend says: $vend becomes its id, so that the device can refuse a repeat, $until the moment after which
    a device with a clock must refuse it, in microseconds since 1970 UTC"""
    vend_expires: Seconds = Field(default=2.0, gt=0, le=10)
    """The broker drops a vend that it couldn't deliver within this time; counted in whole seconds"""
    position_topic: Topic | None = None
    """Where the device says the arm's position; without it the position stays unknown"""
    payload_open: Payload = "open"
    """What the device says when the arm is up"""
    payload_closed: Payload = "closed"
    """What the device says when the arm is down"""
    payload_moving: Payload = "moving"
    """What the device says while the arm moves"""

    @property
    def claims(self) -> Mapping[str, str]:
        return _claims(self, command_topic=self.command_topic, position_topic=self.position_topic)

    def build(self, context: DriverContext) -> MqttBarrier:
        return MqttBarrier(self, context)


class MqttInputSettings(MqttSettings):
    """A loop, button or contact that says its level."""

    contract: ClassVar[type] = DigitalInput

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
        return _claims(self, topic=self.topic)

    def build(self, context: DriverContext) -> MqttInput:
        return MqttInput(self, context)


class MqttClassifierSettings(MqttSettings):
    """A camera or detector that says what kind of vehicle stands at the arming loop."""

    contract: ClassVar[type] = VehicleClassifier

    topic: Topic
    """Where the device says the vehicle's kind"""
    payloads: Mapping[Payload, VehicleType] = Field(default_factory=lambda: {kind.value: kind for kind in VehicleType})
    """What the device says for each kind of vehicle"""
    payload_none: Payload = "NONE"
    """What the device says when there is no vehicle or it can't tell"""

    @property
    def claims(self) -> Mapping[str, str]:
        return _claims(self, topic=self.topic)

    def build(self, context: DriverContext) -> MqttClassifier:
        return MqttClassifier(self, context)


def _claims(settings: MqttSettings, **topics: str | None) -> Mapping[str, str]:
    return {key: f"topic {topic} on {settings.address}" for key, topic in topics.items() if topic is not None}


class _MqttPart:
    """A part's side of the shared connection: what it knows ends with the connection, or with the device's silence."""

    def __init__(self, settings: MqttSettings, topics: tuple[str, ...], context: DriverContext) -> None:
        self.topics, self.poll_topic = topics, settings.poll_topic
        self._context = context
        self._connection = settings.connection(context)
        self._stale_after = settings.stale_after
        self._reached = False
        self._silent = False
        self._heard_at = Monotonic(0)
        self._silence: asyncio.Task[None] | None = None

    async def start(self) -> None:
        await self._connection.join(self)
        if self._stale_after is not None and self.topics:
            self._silence = asyncio.create_task(self._watch_silence(self._stale_after), name=self._context.part)

    async def stop(self) -> None:
        if self._silence is not None:
            self._silence.cancel()
            await asyncio.gather(self._silence, return_exceptions=True)
        await self._connection.leave(self)
        self._forget()

    def reached(self) -> None:
        self._reached = True
        self._heard_at = self._context.clock.monotonic()
        self._context.faults.cleared(UNREACHABLE)
        self._context.faults.cleared(REFUSED)

    def refused(self, detail: str) -> None:
        self._forget()
        self._context.faults.cleared(UNREACHABLE)
        self._context.faults.raised(REFUSED, detail)

    def lost(self, detail: str) -> None:
        self._reached = False
        self._forget()
        self._context.faults.raised(UNREACHABLE, detail)

    def received(self, topic: str, payload: bytes) -> None:
        text = payload.decode("utf-8", errors="replace").strip()
        self._heard_at = self._context.clock.monotonic()
        self._silent = False
        self._context.faults.cleared(SILENT)
        if self._understood(text):
            self._context.faults.cleared(GARBLED)
        else:
            self._forget()
            self._context.faults.raised(GARBLED, f"{topic} said {text[:40]!r}")

    def _understood(self, text: str) -> bool:
        """Take in what the device said; false when the settings don't name it."""
        raise NotImplementedError

    def _forget(self) -> None:
        raise NotImplementedError

    async def _watch_silence(self, longest: float) -> None:
        clock = self._context.clock
        while True:
            remaining = longest - (clock.monotonic() - self._heard_at) / SECOND
            if remaining > 0:
                await clock.sleep(remaining)
                continue
            if self._reached:
                self._silent = True
                self._forget()
                self._context.faults.raised(SILENT, f"nothing for {longest:g} s")
                if self.poll_topic is not None:
                    self._connection.poll(self.poll_topic)
            self._heard_at = clock.monotonic()


class MqttBarrier(_MqttPart):
    """Its arm closes by itself; nothing is published at start or stop but polls."""

    def __init__(self, settings: MqttBarrierSettings, context: DriverContext) -> None:
        super().__init__(settings, (settings.position_topic,) if settings.position_topic else (), context)
        self._settings = settings
        self._payload = string.Template(settings.payload_vend)
        self._positions = {
            settings.payload_open: Position.OPEN,
            settings.payload_closed: Position.CLOSED,
            settings.payload_moving: Position.MOVING,
        }
        self._position = Position.UNKNOWN
        self._heard_by: list[Callable[[Position], None]] = []

    @property
    def position(self) -> Position:
        return self._position

    def on_position(self, heard: Callable[[Position], None]) -> None:
        self._heard_by.append(heard)

    async def vend(self, vend_id: str) -> None:
        if self._silent:
            # What hangs between here and the arm may wake up and deliver it after the vehicle has gone.
            raise DriverError(SILENT, "a device that says nothing isn't told to move")
        until = self._context.clock.read().wall + round(self._settings.vend_expires * SECOND)
        payload = self._payload.substitute(vend=vend_id, until=until)
        try:
            self._connection.publish(self._settings.command_topic, payload, self._settings.vend_expires)
        except NotConnected as error:
            raise DriverError(UNREACHABLE, str(error)) from error

    def _understood(self, text: str) -> bool:
        position = self._positions.get(text)
        if position is not None:
            self._set(position)
        return position is not None

    def _forget(self) -> None:
        self._set(Position.UNKNOWN)

    def _set(self, position: Position) -> None:
        if position is not self._position:
            self._position = position
            for heard in self._heard_by:
                heard(position)


class MqttInput(_MqttPart):
    """Its level is unknown until the device says it live."""

    def __init__(self, settings: MqttInputSettings, context: DriverContext) -> None:
        super().__init__(settings, (settings.topic,), context)
        self._levels = {settings.payload_on: True, settings.payload_off: False}
        self._level: bool | None = None
        self._heard_by: list[Callable[[bool | None], None]] = []

    @property
    def level(self) -> bool | None:
        return self._level

    def on_level(self, heard: Callable[[bool | None], None]) -> None:
        self._heard_by.append(heard)

    def _understood(self, text: str) -> bool:
        level = self._levels.get(text)
        if level is not None:
            self._set(level)
        return level is not None

    def _forget(self) -> None:
        self._set(None)

    def _set(self, level: bool | None) -> None:
        if level is not self._level:
            self._level = level
            for heard in self._heard_by:
                heard(level)


class MqttClassifier(_MqttPart):
    """The kind of vehicle as the device last said it."""

    def __init__(self, settings: MqttClassifierSettings, context: DriverContext) -> None:
        super().__init__(settings, (settings.topic,), context)
        self._kinds: dict[str, VehicleType | None] = {**settings.payloads, settings.payload_none: None}
        self._vehicle_type: VehicleType | None = None

    @property
    def vehicle_type(self) -> VehicleType | None:
        return self._vehicle_type

    def _understood(self, text: str) -> bool:
        self._vehicle_type = self._kinds.get(text)
        return text in self._kinds

    def _forget(self) -> None:
        self._vehicle_type = None
