"""The MQTT side of ingest: paho in a thread of ours, hopping to the event loop, acknowledging by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import paho.mqtt.client as mqtt
import structlog
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from cloud.broker.thread import BrokerThread
from cloud.settings import CloudSettings
from models.wire.envelopes import WINDOW_BYTES

log = structlog.get_logger(__name__)

IN_FLIGHT = 512
"""Messages that the broker may have with us unacknowledged. What waits here can be applied together; what waits at
the broker can be lost with it, or dropped when its own queue is full."""
_ACKS_IN_FLIGHT = 100
_ACKS_WAITING = 10_000
_TOPICS_AT_ONCE = 100
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
        self,
        settings: CloudSettings,
        heard: Callable[[Arrived], None],
        changed: Callable[[bool], None],
        part: str = "",
    ) -> None:
        """`part` names a second connection of this process."""
        self._heard, self._changed = heard, changed
        self._settings = settings
        self._loop = asyncio.get_running_loop()
        self._connection = 0
        self._topics: frozenset[str] = frozenset()
        self._told = False
        self._unanswered = 0
        self._refused = False
        self._part = part
        self._client = _client(settings, part)
        self._thread: BrokerThread | None = None
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_message = self._on_message
        self._client.on_publish = self._on_publish
        self._client.on_subscribe = self._on_subscribe
        self.refused_publishes = 0

    @property
    def connected(self) -> bool:
        return self._client.is_connected()

    @property
    def listening(self) -> bool:
        """Connected, and the broker has heard of all topics that there are to listen to."""
        return self._told and self.hears

    @property
    def hears(self) -> bool:
        """Connected, and the broker refuses nothing and owes no answer; true also without anything to listen to."""
        return self.connected and self._unanswered == 0 and not (self._refused and self._topics)

    def start(self) -> None:
        """Begins to connect, and returns at once whether the broker is there or not."""
        properties = Properties(PacketTypes.CONNECT)
        properties.ReceiveMaximum = IN_FLIGHT
        properties.MaximumPacketSize = PACKET_BYTES
        self._client.connect_async(
            self._settings.mqtt_host,
            self._settings.mqtt_port,
            self._settings.mqtt_keepalive,
            # Nothing is to wait for us at a broker that may die: whoever serves a lot asks it for what was missed.
            clean_start=True,
            properties=properties,
        )
        self._thread = BrokerThread(self._client, self._unreachable)
        self._thread.start()

    async def stop(self) -> None:
        if self._thread is not None:
            await asyncio.to_thread(self._thread.stop)

    def listen(self, topics: frozenset[str]) -> None:
        """From now on to these topics only, over all reconnections. What is published after this call comes after it
        has taken effect."""
        gone, new = self._topics - topics, topics - self._topics
        if not self._topics:
            self._refused = False  # it is asked anew
        self._topics, self._told = topics, True
        if self._client.is_connected():
            self._subscribe(new)
            for some in _chunks(gone):
                self._client.unsubscribe(some)

    def release(self, message: Arrived) -> None:
        """Tells the broker that we are done with a message; what came on a lost connection it sends again anyway."""
        if message.qos and message.connection == self._connection:
            self._client.ack(message.mid, message.qos)

    def publish(self, topic: str, payload: bytes) -> bool:
        """Hands a message to the broker. False when it is away: nothing is queued, the lot will ask again."""
        if not self._client.is_connected():
            return False
        return self._client.publish(topic, payload, qos=QOS).rc == mqtt.MQTT_ERR_SUCCESS

    def _unreachable(self, reason: str) -> None:
        settings = self._settings
        log.warning(
            "broker.unreachable", part=self._part, host=settings.mqtt_host, port=settings.mqtt_port, reason=reason
        )

    def _on_connect(
        self, client: mqtt.Client, userdata: Any, flags: Any, reason: ReasonCode, properties: Properties | None
    ) -> None:
        if reason.is_failure:
            log.warning("broker.refused_us", reason=str(reason))
            return
        self._connection += 1
        self._unanswered, self._refused = 0, False
        self._subscribe(self._topics)
        log.info("broker.connected", part=self._part, host=self._settings.mqtt_host, port=self._settings.mqtt_port)
        self._loop.call_soon_threadsafe(self._changed, True)

    def _subscribe(self, topics: frozenset[str]) -> None:
        for some in _chunks(topics):
            self._unanswered += 1
            self._client.subscribe([(topic, QOS) for topic in some])

    def _on_subscribe(
        self, client: mqtt.Client, userdata: Any, mid: int, reasons: list[ReasonCode], properties: Properties | None
    ) -> None:
        self._unanswered = max(0, self._unanswered - 1)
        refused = {str(reason) for reason in reasons if reason.is_failure}
        if refused:
            self._refused = True
            log.error("broker.refused_subscription", topics=len(reasons), reasons=sorted(refused))

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


def _client(settings: CloudSettings, part: str) -> mqtt.Client:
    name = f"{settings.mqtt_client_id}-{part}" if part else settings.mqtt_client_id
    client = mqtt.Client(CallbackAPIVersion.VERSION2, name, protocol=mqtt.MQTTv5, manual_ack=True)
    client.max_inflight_messages_set(_ACKS_IN_FLIGHT)
    client.max_queued_messages_set(_ACKS_WAITING)
    if settings.mqtt_username is not None:
        client.username_pw_set(settings.mqtt_username, settings.broker_password())
    if settings.mqtt_tls:
        client.tls_set(ca_certs=str(settings.mqtt_ca_file) if settings.mqtt_ca_file else None)
    return client


def _chunks(topics: frozenset[str]) -> Iterator[list[str]]:
    """As many as fit into one packet each."""
    ordered = sorted(topics)
    for first in range(0, len(ordered), _TOPICS_AT_ONCE):
        yield ordered[first : first + _TOPICS_AT_ONCE]
