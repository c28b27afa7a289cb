"""An arm that is moved by MQTT messages, in whatever words its maker chose."""

from __future__ import annotations

import abc
import asyncio
import secrets
import string
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from pydantic import Field

from drivers.contract import Barrier, DriverContext, DriverError, NotSent, Position
from drivers.over_mqtt.faults import CANNOT, HEARING
from drivers.over_mqtt.part import FreeTopicSettings, MqttPart, Said, Watched
from drivers.values import Seconds
from models.faults import Fault
from models.instants import SECOND

LOWER_EXPIRES_SECONDS = 1.0
"""The shortest that a broker can count: what was under the arm was looked at when the order was given"""


class BarrierSettings(FreeTopicSettings, abc.ABC):
    """What all arms behind a broker have in common."""

    contract: ClassVar[type] = Barrier
    faults: ClassVar[tuple[Fault, ...]] = (*HEARING, CANNOT)

    vend_expires: Seconds = Field(default=2.0, gt=0, le=10)
    """The broker drops an order that it couldn't deliver within this time; counted in whole seconds. An order to close
    has one second at most"""
    assumed_open: Seconds = Field(default=10.0, gt=0)
    """Where nothing says the arm's position: it is taken to be up for so long after a vend, and down afterwards"""

    @property
    @abc.abstractmethod
    def words(self) -> BarrierWords: ...

    def build(self, context: DriverContext) -> MqttBarrier:
        return MqttBarrier(self, context)


@dataclass(frozen=True, slots=True)
class BarrierWords:
    """How one kind of arm is spoken to. Templates know $id (or $vend) and $until; None: it has no word for that."""

    command_topic: str
    vend: str
    hold: str | None
    release: str | None
    lower: str | None
    position_topic: str | None
    positions: Mapping[str, Position]


class MqttBarrier(MqttPart):
    """Its arm closes by itself; nothing is published at start, reconnection or stop but polls.

    A hold is what the arm was told, not what it will be told again: after a reconnection the lane decides anew.
    """

    def __init__(self, settings: BarrierSettings, context: DriverContext) -> None:
        self._words = settings.words
        super().__init__(settings, context, settings.wiring(self._words.position_topic))
        self._expires, self._assumed_open = settings.vend_expires, settings.assumed_open
        self._position = Watched(Position.UNKNOWN)
        self._coming_down: asyncio.Task[None] | None = None

    @property
    def position(self) -> Position:
        return self._position.value

    @property
    def reads_back(self) -> bool:
        return self._words.position_topic is not None

    @property
    def can_hold(self) -> bool:
        return self._words.hold is not None

    @property
    def can_lower(self) -> bool:
        return self._words.lower is not None

    def on_position(self, heard: Callable[[Position], None]) -> None:
        self._position.on_change(heard)

    async def vend(self, vend_id: str) -> None:
        self._order(self._words.vend, vend_id)
        if self.position is not Position.HELD:
            self._assume(Position.OPEN)

    async def hold(self) -> None:
        self._order(self._words.hold)
        self._assume(Position.HELD)

    async def release(self) -> None:
        self._order(self._words.release)
        self._assume(Position.OPEN)

    async def lower(self) -> None:
        self._order(self._words.lower, expires=LOWER_EXPIRES_SECONDS)
        self._assume(Position.MOVING)

    async def stop(self) -> None:
        await super().stop()
        if self._coming_down is not None:
            await asyncio.gather(self._coming_down, return_exceptions=True)

    def _order(self, template: str | None, order_id: str | None = None, expires: float | None = None) -> None:
        if template is None:
            raise NotSent(CANNOT, "this part's settings have no payload for that")
        expires = self._expires if expires is None else min(expires, self._expires)
        until = self._context.clock.read().wall + round(expires * SECOND)
        named = order_id or secrets.token_hex(8)
        payload = string.Template(template).substitute(id=named, vend=named, until=until)
        try:
            self._must_live()
            self._say(self._words.command_topic, payload, expires)
        except DriverError as error:
            # One message is the whole order: what wasn't handed to the broker has moved nothing.
            raise NotSent(error.fault, error.detail) from None

    @property
    def _known_words(self) -> Iterable[str]:
        return self._words.positions

    def _understood(self, topic: str, text: str) -> Said:
        position = self._words.positions.get(text)
        if position is None:
            return Said.GARBLED
        self._position.set(position)
        return Said.STATE

    def _forget(self) -> None:
        self._no_longer_coming_down()
        self._position.set(Position.UNKNOWN)

    # Where nothing says the arm's position.

    def _assume(self, position: Position) -> None:
        if self.reads_back:
            return
        self._no_longer_coming_down()
        self._position.set(position)
        if position is not Position.HELD:
            self._coming_down = asyncio.create_task(self._come_down(), name=f"{self._context.part} assumed")

    async def _come_down(self) -> None:
        await self._context.clock.sleep(self._assumed_open)
        self._position.set(Position.CLOSED)

    def _no_longer_coming_down(self) -> None:
        if self._coming_down is not None:
            self._coming_down.cancel()
