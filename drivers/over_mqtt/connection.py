"""One connection to a broker, shared by all the parts of a lot that are reached through it."""

from __future__ import annotations

import asyncio
import math
import secrets
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

import paho.mqtt.client as paho
import structlog
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from drivers.broker import BrokerSettings
from models.instants import Clock

log = structlog.get_logger()

RECONNECT_SECONDS = (1, 5)
CONNECT_WITHIN_SECONDS = 5.0
UNDELIVERED_MILLISECONDS = 2000
"""Bytes that a dead network hasn't taken in this time are dropped with the connection, not delivered late."""
LAST_WORDS_SECONDS = 10
"""What the broker says for a daemon that is gone is of no use to a device that comes back later."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """A message: what is said, and where."""

    topic: str
    payload: str = ""


class Listener(Protocol):
    """A part that hears from its device through the broker. Called on the event loop only."""

    topics: tuple[str, ...]
    polls: tuple[Spoken, ...]
    """What makes its device say its state; sent once for all parts that ask the same"""

    def reached(self) -> None:
        """The broker sends what the device says from now on; the polls, if any, go out next."""
        ...

    def refused(self, detail: str) -> None: ...

    def lost(self, detail: str) -> None: ...

    def received(self, topic: str, payload: bytes) -> None:
        """A live message; a retained one is never passed on."""
        ...


class NotConnected(Exception):
    """Nothing was sent, and nothing will be."""


class BrokerConnection:
    """Connects with the first listener and leaves with the last; in between it reconnects for ever.

    paho's own thread does the network; what it hears is handed to the event loop in the order of arrival.
    `last_words` are spoken by the broker when this connection dies without a farewell. `speaks_5`: some brokers
    of the makers of sensors know only MQTT 3.1.1.
    """

    def __init__(
        self,
        broker: BrokerSettings,
        *,
        last_words: Spoken | None = None,
        speaks_5: bool = True,
        clock: Clock | None = None,
    ) -> None:
        self._broker, self._last_words, self._speaks_5, self._clock = broker, last_words, speaks_5, clock
        self._listeners: list[Listener] = []
        self._by_topic: dict[str, list[Listener]] = {}
        self._awaiting_suback: dict[int | None, list[Listener]] = {}
        self._topics_asked: dict[int | None, list[str]] = {}
        self._connected = False
        self._failure = ""
        self._tls_is_set = False
        self._client: paho.Client | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def join(self, listener: Listener) -> None:
        """Returns at once; the listener is told when it is reached."""
        self._listeners.append(listener)
        for topic in listener.topics:
            self._by_topic.setdefault(topic, []).append(listener)
        if self._client is None:
            self._loop = asyncio.get_running_loop()
            self._tls_is_set = False
            self._client = self._new_client()
            self._client.loop_start()
        elif self._connected:
            self._subscribe([listener])

    async def leave(self, listener: Listener) -> None:
        """Publishes nothing. The last to leave waits for the network thread to end: a few seconds at worst."""
        if listener not in self._listeners:
            return
        self._listeners.remove(listener)
        for topic in listener.topics:
            self._by_topic[topic].remove(listener)
        if self._listeners or self._client is None:
            return
        client, self._client, self._connected = self._client, None, False
        client.disconnect()
        await asyncio.to_thread(client.loop_stop)

    def publish(
        self, topic: str, payload: str, expires_seconds: float | None = None, *, retained: bool = False
    ) -> None:
        """Send now or not at all: quality of service 0, never queued across a reconnect. Raises NotConnected.

        The broker drops it when it couldn't pass it on within `expires_seconds`. Nothing that moves anything may
        be `retained`.
        """
        if self._client is None or not self._connected or not self._client.is_connected():
            raise NotConnected(f"no connection to the broker {self._broker.address}")
        properties = self._expiring(PacketTypes.PUBLISH, expires_seconds)
        sent = self._client.publish(topic, payload, qos=0, retain=retained, properties=properties)
        if sent.rc is not paho.MQTT_ERR_SUCCESS:
            raise NotConnected(f"the broker {self._broker.address} didn't take it: {paho.error_string(sent.rc)}")

    def _expiring(self, kind: int, seconds: float | None) -> Properties | None:
        """MQTT 3.1.1 knows no expiry."""
        if seconds is None or not self._speaks_5:
            return None
        properties = Properties(kind)
        properties.MessageExpiryInterval = max(1, math.ceil(seconds))
        return properties

    def _new_client(self) -> paho.Client:
        version = paho.MQTTv5 if self._speaks_5 else paho.MQTTv311
        name = f"parkgate-{secrets.token_hex(6)}"
        client = paho.Client(CallbackAPIVersion.VERSION2, client_id=name, protocol=version)
        client.connect_timeout = CONNECT_WITHIN_SECONDS
        client.reconnect_delay_set(*RECONNECT_SECONDS)
        client.on_pre_connect = self._log_in
        client.on_socket_open = _give_up_soon
        client.on_connect = lambda client, _data, _flags, reason, _properties: self._hop(client, self._answered, reason)
        client.on_connect_fail = lambda client, _data: self._hop(client, self._failed)
        client.on_disconnect = lambda client, _data, _flags, reason, _properties: self._hop(
            client, self._broken, reason
        )
        client.on_subscribe = lambda client, _data, mid, reasons, _properties: self._hop(
            client, self._subscribed, mid, reasons
        )
        client.on_message = lambda client, _data, message: self._hop(client, self._heard, message)
        if self._last_words is not None:
            expiring = self._expiring(PacketTypes.WILLMESSAGE, LAST_WORDS_SECONDS)
            client.will_set(self._last_words.topic, self._last_words.payload, qos=1, properties=expiring)
        anew = True if self._speaks_5 else paho.MQTT_CLEAN_START_FIRST_ONLY
        client.connect_async(self._broker.host, self._broker.port, math.ceil(self._broker.keepalive), clean_start=anew)
        return client

    # On paho's thread.

    def _hop(self, client: paho.Client, call: Callable[..., None], *arguments: Any) -> None:
        def unless_left() -> None:
            if client is self._client:
                call(*arguments)

        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(unless_left)

    def _log_in(self, client: paho.Client, _data: Any) -> None:
        """Before each connection. An OSError from here counts as a failed attempt: paho tries again later."""
        self._failure = ""
        try:
            client.username_pw_set(self._broker.username, self._broker.password())
            if self._broker.tls is not None and not self._tls_is_set:
                client.tls_set_context(self._broker.tls_context(self._clock))
                self._tls_is_set = True
        except OSError as error:
            self._failure = f"{error}"
            raise

    # On the event loop.

    def _answered(self, reason: ReasonCode) -> None:
        if reason.is_failure:
            self._failure = f"the broker {self._broker.address} refused the login: {reason}"
            self._failed()
            return
        self._connected = True
        log.info("broker connected", broker=self._broker.address)
        self._subscribe(self._listeners)

    def _failed(self) -> None:
        self._tell_all_lost(self._failure or f"the broker {self._broker.address} doesn't answer")

    def _broken(self, reason: ReasonCode) -> None:
        if self._connected:
            log.warning("broker lost", broker=self._broker.address, reason=str(reason))
        self._connected = False
        self._awaiting_suback.clear()
        self._topics_asked.clear()
        self._tell_all_lost(self._failure or f"the connection to the broker {self._broker.address} broke: {reason}")

    def _tell_all_lost(self, detail: str) -> None:
        for listener in tuple(self._listeners):
            listener.lost(detail)

    def _subscribe(self, listeners: Iterable[Listener]) -> None:
        asking = list(listeners)
        deaf = [listener for listener in asking if not listener.topics]
        for listener in deaf:
            listener.reached()
        self._poll_for(deaf)
        topics = list(dict.fromkeys(topic for listener in asking for topic in listener.topics))
        if self._client is None or not topics:
            return
        _, mid = self._client.subscribe([(topic, self._live_only()) for topic in topics])
        self._awaiting_suback[mid] = [listener for listener in asking if listener.topics]
        self._topics_asked[mid] = topics

    def _live_only(self) -> Any:
        """A broker of MQTT 3.1.1 can't be told to keep its retained messages; they are dropped on arrival."""
        return SubscribeOptions(qos=1, retainHandling=SubscribeOptions.RETAIN_DO_NOT_SEND) if self._speaks_5 else 1

    def _subscribed(self, mid: int, reasons: list[ReasonCode]) -> None:
        asking, topics = self._awaiting_suback.pop(mid, []), self._topics_asked.pop(mid, [])
        refused = {topic: reason for topic, reason in zip(topics, reasons, strict=False) if reason.is_failure}
        reached: list[Listener] = []
        for listener in asking:
            if listener not in self._listeners:
                continue
            denied = next((topic for topic in listener.topics if topic in refused), None)
            if denied is None:
                reached.append(listener)
                listener.reached()
            else:
                listener.refused(f"the broker {self._broker.address} refuses {denied}: {refused[denied]}")
        self._poll_for(reached)

    def _poll_for(self, listeners: Iterable[Listener]) -> None:
        self.poll(*dict.fromkeys(poll for listener in listeners for poll in listener.polls))

    def poll(self, *questions: Spoken) -> None:
        """Ask devices to say their state. Does nothing without a connection."""
        try:
            for question in questions:
                self.publish(question.topic, question.payload, UNDELIVERED_MILLISECONDS / 1000)
        except NotConnected:
            log.debug("poll not sent", broker=self._broker.address)

    def _heard(self, message: paho.MQTTMessage) -> None:
        if message.retain:
            log.debug("retained message not believed", topic=message.topic)
            return
        for listener in tuple(self._by_topic.get(message.topic, ())):
            listener.received(message.topic, bytes(message.payload))


def _give_up_soon(_client: paho.Client, _data: Any, connection: Any) -> None:
    """A vend that lies in the kernel of a machine whose cable is out must not arrive when the cable is back."""
    if hasattr(socket, "TCP_USER_TIMEOUT") and hasattr(connection, "setsockopt"):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNDELIVERED_MILLISECONDS)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
