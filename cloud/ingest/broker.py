"""The MQTT side of ingest: paho in its own thread, hopping to the event loop, acknowledging by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import paho.mqtt.client as mqtt
import structlog
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from cloud.settings import CloudSettings
from models.wire.envelopes import WINDOW_BYTES
from models.wire.topics import ROOT

log = structlog.get_logger(__name__)

IN_FLIGHT = 32
"""Messages that the broker may have with us unacknowledged: all the queueing that we ask of it."""
SESSION_SECONDS = 3600
PACKET_BYTES = 2 * WINDOW_BYTES
"""The largest packet that the broker may send us, with room for topic and properties."""
QOS = 1


@dataclass(frozen=True, slots=True)
class Arrived:
    """One message, as the broker gave it. `connection` numbers the connection that it came on."""

    topic: str
    payload: bytes
    retained: bool
    mid: int
    qos: int
    connection: int


class BrokerLink:
    """A connection that is made again for ever. `heard` is called on the event loop, once a message."""

    def __init__(
        self, settings: CloudSettings, heard: Callable[[Arrived], None], changed: Callable[[bool], None]
    ) -> None:
        self._heard, self._changed = heard, changed
        self._settings = settings
        self._loop = asyncio.get_running_loop()
        self._connection = 0
        self._client = _client(settings)
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_message = self._on_message
        self._client.on_publish = self._on_publish
        self.refused_publishes = 0

    @property
    def connected(self) -> bool:
        return self._client.is_connected()

    def start(self) -> None:
        """Begins to connect, and returns at once whether the broker is there or not."""
        properties = Properties(PacketTypes.CONNECT)
        properties.SessionExpiryInterval = SESSION_SECONDS
        properties.ReceiveMaximum = IN_FLIGHT
        properties.MaximumPacketSize = PACKET_BYTES
        self._client.connect_async(
            self._settings.mqtt_host,
            self._settings.mqtt_port,
            self._settings.mqtt_keepalive,
            clean_start=False,
            properties=properties,
        )
        self._client.loop_start()

    async def stop(self) -> None:
        self._client.disconnect()
        await asyncio.to_thread(self._client.loop_stop)

    def release(self, message: Arrived) -> None:
        """Tells the broker that we are done with a message; what came on a lost connection it sends again anyway."""
        if message.qos and message.connection == self._connection:
            self._client.ack(message.mid, message.qos)

    def publish(self, topic: str, payload: bytes) -> bool:
        """Hands a message to the broker. False when it is away: nothing is queued, the lot will ask again."""
        if not self._client.is_connected():
            return False
        return self._client.publish(topic, payload, qos=QOS).rc == mqtt.MQTT_ERR_SUCCESS

    def _on_connect(
        self, client: mqtt.Client, userdata: Any, flags: Any, reason: ReasonCode, properties: Properties | None
    ) -> None:
        if reason.is_failure:
            log.warning("broker.refused_us", reason=str(reason))
            return
        self._connection += 1
        share = f"$share/{self._settings.mqtt_share}/" if self._settings.mqtt_share else ""
        client.subscribe([(f"{share}{ROOT}/+/up/+", QOS), (f"{ROOT}/+/state", QOS)])
        log.info("broker.connected", host=self._settings.mqtt_host, port=self._settings.mqtt_port)
        self._loop.call_soon_threadsafe(self._changed, True)

    def _on_disconnect(
        self, client: mqtt.Client, userdata: Any, flags: Any, reason: ReasonCode, properties: Properties | None
    ) -> None:
        log.warning("broker.lost", reason=str(reason))
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._changed, False)

    def _on_message(self, client: mqtt.Client, userdata: Any, message: mqtt.MQTTMessage) -> None:
        arrived = Arrived(
            message.topic, bytes(message.payload), message.retain, message.mid, message.qos, self._connection
        )
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._heard, arrived)

    def _on_publish(
        self, client: mqtt.Client, userdata: Any, mid: int, reason: ReasonCode, properties: Properties | None
    ) -> None:
        # paho calls a refused publish a success: only the reason code tells.
        if reason.is_failure:
            self.refused_publishes += 1
            log.warning("broker.refused_publish", reason=str(reason))


def _client(settings: CloudSettings) -> mqtt.Client:
    client = mqtt.Client(CallbackAPIVersion.VERSION2, settings.mqtt_client_id, protocol=mqtt.MQTTv5, manual_ack=True)
    client.reconnect_delay_set(min_delay=1, max_delay=15)
    client.max_queued_messages_set(10 * IN_FLIGHT)
    if settings.mqtt_username is not None:
        client.username_pw_set(settings.mqtt_username, settings.broker_password())
    if settings.mqtt_tls:
        client.tls_set(ca_certs=str(settings.mqtt_ca_file) if settings.mqtt_ca_file else None)
    return client
