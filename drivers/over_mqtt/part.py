"""What every part behind an MQTT broker does alike: listen, notice silence, and say an order once."""

from __future__ import annotations

import abc
import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import ClassVar, Generic, TypeVar

from pydantic import Field, field_validator

from drivers.broker import BrokerSettings
from drivers.contract import DriverContext, DriverError
from drivers.over_mqtt.connection import BrokerConnection, NotConnected, Spoken
from drivers.over_mqtt.faults import GARBLED, HEARING, NEVER_HEARD, OFFLINE, REFUSED, SILENT, UNREACHABLE
from drivers.settings import DriverSettings
from drivers.values import Payload, Seconds, Topic
from models.faults import Fault
from models.instants import SECOND, Monotonic

ORDER_EXPIRES_SECONDS = 2.0
"""The broker drops an order that it couldn't deliver by then."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Availability:
    """Where the broker says for a device whether it is connected, and in which words."""

    topic: str
    online: str
    offline: str


@dataclass(frozen=True, slots=True)
class Wiring:
    """How one part is wired to its device through the broker."""

    states: tuple[str, ...] = ()
    """Topics on which the device says its state"""
    polls: tuple[Spoken, ...] = ()
    availability: Availability | None = None
    last_words: Spoken | None = None
    """What the broker says to the device for a daemon that is gone"""

    @property
    def topics(self) -> tuple[str, ...]:
        more = () if self.availability is None else (self.availability.topic,)
        return tuple(dict.fromkeys((*self.states, *more)))


class MqttSettings(DriverSettings, BrokerSettings):
    """What all parts behind a broker have in common."""

    faults: ClassVar[tuple[Fault, ...]] = HEARING
    speaks_5: ClassVar[bool] = True

    stale_after: Seconds | None = None
    """For a device that repeats its state: silent for longer than this, its state is unknown again"""
    heard_within: Seconds = Field(default=60.0, gt=0)
    """A device that hasn't said its state even once for so long since the connection was made is reported"""

    @field_validator("stale_after")
    @classmethod
    def _not_at_once(cls, stale_after: float | None) -> float | None:
        if stale_after is not None and stale_after <= 0:
            raise ValueError("longer than nothing is expected; leave the key out when the device doesn't repeat itself")
        return stale_after

    @property
    def reaches_hardware(self) -> bool:
        return not self.on_loopback

    def connection(self, context: DriverContext, last_words: Spoken | None = None) -> BrokerConnection:
        """The one connection to this broker with this login, for all parts of the lot.

        Whoever has something for the broker to say after its death gets a connection of its own.
        """
        login = self.username, self.password_env, self.password_file
        tls = self.tls is not None, self.tls and self.tls.ca
        key = ("mqtt", self.host, self.port, *login, *tls, self.keepalive, self.speaks_5, last_words)
        made = BrokerConnection(self, last_words=last_words, speaks_5=self.speaks_5, clock=context.clock)
        return context.shared.setdefault(key, made)

    def claim(self, **topics: str | None) -> Mapping[str, str]:
        return {key: f"topic {topic} on {self.address}" for key, topic in topics.items() if topic is not None}


class FreeTopicSettings(MqttSettings):
    """For devices whose topics the technician writes down one by one."""

    poll_topic: Topic | None = None
    """Where an empty message makes the device say its state; sent at each connection"""
    availability_topic: Topic | None = None
    """Where the broker says for the device whether it is connected: the topic of its last will"""
    payload_available: Payload = "online"
    """What is said there when the device is connected"""
    payload_not_available: Payload = "offline"
    """What is said there when the device has lost its connection"""

    @property
    def is_missed(self) -> bool:
        return self.stale_after is not None or self.availability_topic is not None

    def wiring(self, *states: str | None, last_words: Spoken | None = None) -> Wiring:
        availability = None
        if self.availability_topic is not None:
            words = self.payload_available, self.payload_not_available
            availability = Availability(self.availability_topic, *words)
        return Wiring(
            states=tuple(topic for topic in states if topic is not None),
            polls=() if self.poll_topic is None else (Spoken(self.poll_topic),),
            availability=availability,
            last_words=last_words,
        )


class Watched(Generic[T]):
    """A value, and those who want to know when it changes."""

    def __init__(self, value: T) -> None:
        self.value = value
        self._heard_by: list[Callable[[T], None]] = []

    def on_change(self, heard: Callable[[T], None]) -> None:
        self._heard_by.append(heard)

    def set(self, value: T) -> None:
        if value is not self.value:
            self.value = value
            for heard in self._heard_by:
                heard(value)


class Said(Enum):
    """What a message was to the part that heard it."""

    STATE = "state"
    NOT_OURS = "not ours"
    """Something else that the device says on the same topic"""
    GARBLED = "garbled"


class MqttPart(abc.ABC):
    """A part's side of its connection: what it knows ends with the connection, or with the device's silence."""

    def __init__(self, settings: MqttSettings, context: DriverContext, wiring: Wiring) -> None:
        self.topics, self.polls = wiring.topics, wiring.polls
        self._states, self._availability = wiring.states, wiring.availability
        self._context = context
        self._connection = settings.connection(context, wiring.last_words)
        self._stale_after, self._heard_within = settings.stale_after, settings.heard_within
        self._reached = self._offline = self._silent = self._heard = False
        self._heard_at = Monotonic(0)
        self._silence: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        await self._connection.join(self)
        watched = [(self._heard_within, self._never_heard), (self._stale_after, self._fallen_silent)]
        self._silence += [
            asyncio.create_task(self._watch_silence(patience, missed), name=self._context.part)
            for patience, missed in watched
            if self._states and patience is not None
        ]

    async def stop(self) -> None:
        for watching in self._silence:
            watching.cancel()
        await asyncio.gather(*self._silence, return_exceptions=True)
        self._silence.clear()
        await self._connection.leave(self)
        self._reached = False
        self._forget()

    # What the connection tells.

    def reached(self) -> None:
        self._reached, self._heard = True, False
        self._heard_at = self._context.clock.monotonic()
        self._context.faults.cleared(UNREACHABLE)
        self._context.faults.cleared(REFUSED)

    def refused(self, detail: str) -> None:
        self._forget()
        self._context.faults.cleared(UNREACHABLE)
        self._context.faults.raised(REFUSED, detail)

    def lost(self, detail: str) -> None:
        self._reached = self._offline = False
        self._forget()
        self._context.faults.cleared(OFFLINE)
        self._context.faults.cleared(NEVER_HEARD)
        self._context.faults.raised(UNREACHABLE, detail)

    def received(self, topic: str, payload: bytes) -> None:
        text = payload.decode("utf-8", errors="replace").strip()
        if self._availability is not None and topic == self._availability.topic:
            self._is_available(text, self._availability)
            return
        match self._understood(topic, text):
            case Said.STATE:
                self._heard_something()
                self._context.faults.cleared(GARBLED)
            case Said.GARBLED:
                self._heard_something()
                self._forget()
                self._context.faults.raised(GARBLED, _garbled(topic, text, self._known_words))
            case Said.NOT_OURS:
                pass

    @property
    def _known_words(self) -> Iterable[str]:
        """What the device may say, where its settings name each word."""
        return ()

    @abc.abstractmethod
    def _understood(self, topic: str, text: str) -> Said:
        """Take in what the device said."""

    @abc.abstractmethod
    def _forget(self) -> None:
        """What the device said isn't known to hold any more."""

    # Saying something.

    def _ask(self) -> None:
        self._connection.poll(*self.polls)

    def _say(self, topic: str, payload: str, expires: float = ORDER_EXPIRES_SECONDS) -> None:
        """Once, now or never. Raises DriverError."""
        try:
            self._connection.publish(topic, payload, expires)
        except NotConnected as error:
            raise DriverError(UNREACHABLE, str(error)) from error

    def _must_live(self) -> None:
        """What hangs between here and the device may wake up and deliver an order after the vehicle has gone."""
        if self._offline:
            raise DriverError(OFFLINE, "a device that isn't connected to the broker isn't told to move")
        if self._silent:
            raise DriverError(SILENT, "a device that says nothing isn't told to move")

    # Noticing that nobody is there.

    def _is_available(self, text: str, words: Availability) -> None:
        if text == words.online:
            self._back_on_line()
            self._ask()
        elif text == words.offline:
            self._offline = True
            self._forget()
            self._context.faults.raised(OFFLINE, f"{words.topic} said {text!r}")
        else:
            self._context.faults.raised(GARBLED, _garbled(words.topic, text, (words.online, words.offline)))

    def _back_on_line(self) -> None:
        self._offline = False
        self._context.faults.cleared(OFFLINE)

    def _heard_something(self) -> None:
        self._heard_at = self._context.clock.monotonic()
        self._heard, self._silent = True, False
        self._back_on_line()
        self._context.faults.cleared(SILENT)
        self._context.faults.cleared(NEVER_HEARD)

    async def _watch_silence(self, patience: float, missed: Callable[[float], None]) -> None:
        """Tells `missed` each time that nothing was heard for so long, though the device could be."""
        clock, looked = self._context.clock, Monotonic(0)
        while True:
            remaining = patience - (clock.monotonic() - max(self._heard_at, looked)) / SECOND
            if remaining > 0:
                await clock.sleep(remaining)
                continue
            if self._reached and not self._offline:
                missed(patience)
            looked = clock.monotonic()

    def _never_heard(self, seconds: float) -> None:
        if not self._heard:
            self._context.faults.raised(NEVER_HEARD, f"nothing on {', '.join(self._states)} for {seconds:g} s")
            self._ask()

    def _fallen_silent(self, seconds: float) -> None:
        self._silent = True
        self._forget()
        if self._heard:
            self._context.faults.raised(SILENT, f"nothing for {seconds:g} s")
            self._ask()
        else:
            self._never_heard(seconds)


def _garbled(topic: str, text: str, words: Iterable[str]) -> str:
    expected = " or ".join(repr(word) for word in words)
    return f"{topic} said {text[:40]!r}" + (f"; the settings expect {expected}" if expected else "")
