"""The MQTT connection to the cloud's broker: paho in its own thread, heard on the event loop."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import paho.mqtt.client as mqtt
import structlog
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.subscribeoptions import SubscribeOptions

_LOG = structlog.get_logger("edge.sync")
_IN_FLIGHT = 10


@dataclass(frozen=True)
class Broker:
    """Where the cloud's broker is and who we are there. `password` is never logged."""

    host: str
    port: int
    client_id: str
    username: str | None = None
    password: str | None = None
    tls: bool = False
    ca: str | None = None
    keepalive: int = 20


class Connection:
    """Reconnects for ever. Publishes only while connected: nothing queues here that a broker's death could lose
    or a reconnection could repeat late; the journal is the only queue."""

    def __init__(
        self,
        broker: Broker,
        will: tuple[str, bytes],
        topics: list[str],
        on_connected: Callable[[], None],
        on_message: Callable[[str, bytes], None],
    ) -> None:
        self._broker, self._will, self._topics = broker, will, topics
        self._on_connected, self._on_message = on_connected, on_message
        self.connected = False

    def start(self) -> None:
        """Begin to connect; on the event loop, which will hear of everything."""
        self._loop = asyncio.get_running_loop()
        client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=self._broker.client_id, protocol=mqtt.MQTTv5)
        client.max_inflight_messages_set(_IN_FLIGHT)
        if self._broker.username is not None:
            client.username_pw_set(self._broker.username, self._broker.password)
        if self._broker.tls:
            client.tls_set_context(  # pyright: ignore[reportUnknownMemberType]
                ssl.create_default_context(cafile=self._broker.ca)
            )
        client.will_set(*self._will, qos=1, retain=True)
        client.reconnect_delay_set(min_delay=1, max_delay=15)
        client.on_connect = self._connected
        client.on_disconnect = self._disconnected
        client.on_message = self._message
        client.on_publish = self._published
        self._client = client
        client.connect_async(self._broker.host, self._broker.port, keepalive=self._broker.keepalive, clean_start=True)
        client.loop_start()

    async def stop(self) -> None:
        await self._loop.run_in_executor(None, self._hang_up)

    def publish(
        self, topic: str, payload: bytes, *, qos: int, retain: bool = False, expires: int | None = None
    ) -> bool:
        """Whether the message was handed to a live connection. That alone proves nothing about its arrival."""
        if not self.connected:
            return False
        return self._client.publish(topic, payload, qos, retain).rc == mqtt.MQTT_ERR_SUCCESS

    def _hang_up(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _tell(self, what: Callable[..., None], *about: Any) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(what, *about)

    # These run in paho's thread.

    def _connected(self, client: mqtt.Client, userdata: object, flags: object, reason: Any, properties: object) -> None:
        if reason.is_failure:
            _LOG.warning("link.refused", host=self._broker.host, reason=str(reason))
            return
        client.subscribe([(topic, SubscribeOptions(qos=1)) for topic in self._topics])
        self._tell(self._up)

    def _disconnected(
        self, client: mqtt.Client, userdata: object, flags: object, reason: Any, properties: object
    ) -> None:
        self._tell(self._down, str(reason))

    def _message(self, client: mqtt.Client, userdata: object, message: mqtt.MQTTMessage) -> None:
        if not message.retain:
            self._tell(self._on_message, message.topic, bytes(message.payload))

    def _published(self, client: mqtt.Client, userdata: object, mid: int, reason: Any, properties: object) -> None:
        # paho calls a refused publish a success; the reason code is the only place that says otherwise.
        if reason.is_failure:
            _LOG.warning("link.publish_refused", host=self._broker.host, reason=str(reason))

    # These run on the event loop.

    def _up(self) -> None:
        self.connected = True
        _LOG.info("link.up", host=self._broker.host, port=self._broker.port)
        self._on_connected()

    def _down(self, reason: str) -> None:
        if self.connected:
            _LOG.warning("link.down", host=self._broker.host, reason=reason)
        self.connected = False
