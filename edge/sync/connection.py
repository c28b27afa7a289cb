"""The MQTT connection to the cloud's broker: paho in its own thread, heard on the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import paho.mqtt.client as mqtt
import structlog
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.subscribeoptions import SubscribeOptions

from drivers.broker import BrokerSettings, NoPassword
from drivers.contract import FaultReporter
from edge.sync.faults import REFUSED
from models.instants import Clock

_LOG = structlog.get_logger("edge.sync")
_IN_FLIGHT = 10


class Connection:
    """Reconnects for ever. Publishes only while connected, and only as much as the broker takes: what it hasn't
    confirmed is published again by paho after a reconnection, so that little must never grow. The journal is the
    only queue."""

    def __init__(
        self,
        broker: BrokerSettings,
        client_id: str,
        will: tuple[str, bytes],
        on_connected: Callable[[], None],
        on_message: Callable[[str, bytes], None],
        on_retained: Callable[[str, bytes], None],
        on_taken: Callable[[], None],
        faults: FaultReporter,
        clock: Clock | None = None,
    ) -> None:
        self._broker, self._client_id, self._will, self._clock = broker, client_id, will, clock
        self._topics: list[str] = []
        self._on_connected, self._on_message, self._on_taken = on_connected, on_message, on_taken
        self._on_retained = on_retained
        self._faults = faults
        self._client: mqtt.Client | None = None
        self._not_taken: set[int] = set()
        self.connected = False

    @property
    def all_taken(self) -> bool:
        """Whether the broker has confirmed every message published at quality of service 1."""
        return not self._not_taken

    def start(self, topics: list[str]) -> None:
        """Begin to connect, and to listen to `topics`; on the event loop, which will hear of everything.

        Raises OSError (drivers.broker.NoPassword included) when the login or the authority can't be read.
        """
        self._loop, self._topics = asyncio.get_running_loop(), topics
        client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=self._client_id, protocol=mqtt.MQTTv5)
        client.max_inflight_messages_set(_IN_FLIGHT)
        if self._broker.username is not None:
            client.username_pw_set(self._broker.username, self._broker.password())
        context = self._broker.tls_context(self._clock)
        if context is not None:
            client.tls_set_context(context)  # pyright: ignore[reportUnknownMemberType]
        client.will_set(*self._will, qos=1, retain=True)
        client.reconnect_delay_set(min_delay=1, max_delay=15)
        client.on_pre_connect = self._before_connecting
        client.on_connect = self._connected
        client.on_subscribe = self._subscribed
        client.on_disconnect = self._disconnected
        client.on_message = self._message
        client.on_publish = self._published
        client.connect_async(
            self._broker.host, self._broker.port, keepalive=round(self._broker.keepalive), clean_start=True
        )
        client.loop_start()
        self._client, self._not_taken = client, set()

    async def stop(self) -> None:
        if self._client is not None:
            await self._loop.run_in_executor(None, self._hang_up, self._client)

    def publish(self, topic: str, payload: bytes, *, qos: int, retain: bool = False) -> bool:
        """Whether the message was handed to a live connection. That alone proves nothing about its arrival.

        A slow line has only so many unconfirmed messages on it; `on_taken` tells when there is room again.
        """
        if not self.connected or self._client is None or (qos and len(self._not_taken) >= _IN_FLIGHT):
            return False
        published = self._client.publish(topic, payload, qos, retain)
        if qos:
            # paho keeps even what it couldn't send, and sends it after the reconnection.
            self._not_taken.add(published.mid)
        return published.rc == mqtt.MQTT_ERR_SUCCESS

    @staticmethod
    def _hang_up(client: mqtt.Client) -> None:
        client.disconnect()
        client.loop_stop()

    def _tell(self, what: Callable[..., None], *about: Any) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(what, *about)

    # These run in paho's thread.

    def _before_connecting(self, client: mqtt.Client, userdata: object) -> None:
        """The password is read for each login, so that a changed one needs no restart."""
        if self._broker.username is None:
            return
        try:
            client.username_pw_set(self._broker.username, self._broker.password())
        except NoPassword as wrong:
            _LOG.error("link.no_login", why=str(wrong))

    def _connected(self, client: mqtt.Client, userdata: object, flags: object, reason: Any, properties: object) -> None:
        if reason.is_failure:
            self._tell(self._refused, f"login: {reason}")
            return
        # What is published to be kept says so even where it comes at once.
        client.subscribe([(topic, SubscribeOptions(qos=1, retainAsPublished=True)) for topic in self._topics])

    def _subscribed(
        self, client: mqtt.Client, userdata: object, mid: int, reasons: list[Any], properties: object
    ) -> None:
        """Only a link that will hear the cloud is one."""
        refused = [str(reason) for reason in reasons if reason.is_failure]
        if refused:
            self._tell(self._refused, f"listening: {', '.join(refused)}")
        else:
            self._tell(self._up)

    def _disconnected(
        self, client: mqtt.Client, userdata: object, flags: object, reason: Any, properties: object
    ) -> None:
        self._tell(self._down, str(reason))

    def _message(self, client: mqtt.Client, userdata: object, message: mqtt.MQTTMessage) -> None:
        heard = self._on_retained if message.retain else self._on_message
        self._tell(heard, message.topic, bytes(message.payload))

    def _published(self, client: mqtt.Client, userdata: object, mid: int, reason: Any, properties: object) -> None:
        # paho calls a refused publish a success; the reason code is the only place that says otherwise.
        if reason.is_failure:
            self._tell(self._refused, f"publishing: {reason}")
        self._tell(self._taken, mid)

    # These run on the event loop.

    def _refused(self, what: str) -> None:
        self._faults.raised(REFUSED, f"{self._broker.address} refuses {what}")

    def _up(self) -> None:
        self.connected = True
        self._faults.cleared(REFUSED)
        _LOG.info("link.up", host=self._broker.host, port=self._broker.port)
        self._on_connected()

    def _down(self, reason: str) -> None:
        if self.connected:
            _LOG.warning("link.down", host=self._broker.host, reason=reason)
        self.connected = False

    def _taken(self, mid: int) -> None:
        if mid in self._not_taken:
            self._not_taken.remove(mid)
            self._on_taken()
