"""A connection to the broker for what is asked and answered at once: nothing on it is kept or repeated."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from typing import Any

import paho.mqtt.client as mqtt
import structlog
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from cloud.broker.thread import BrokerThread
from cloud.settings import CloudSettings
from models.ids import LotId
from models.wire.topics import lot_of

log = structlog.get_logger(__name__)

Heard = Callable[[LotId, str, bytes], None]
"""A live message of a lot: its topic and what it says. Called on the event loop."""


class Line:
    """Reconnects for ever. Its session ends with it: an answer that nobody waits for any more is lost, as it should."""

    def __init__(self, settings: CloudSettings, topics: Sequence[str], heard: Heard) -> None:
        self._settings, self._topics, self._heard = settings, topics, heard
        self._ready = asyncio.Event()
        self._client: mqtt.Client | None = None
        self.away = ""
        """Why the last attempt came to nothing."""

    @property
    def ready(self) -> bool:
        """Whether what is asked now can be answered."""
        return self._ready.is_set()

    async def wait_until_ready(self) -> None:
        await self._ready.wait()

    async def run(self) -> None:
        """Until cancelled."""
        self._loop = asyncio.get_running_loop()
        client = self._client = self._a_client()
        client.connect_async(
            self._settings.mqtt_host, self._settings.mqtt_port, self._settings.mqtt_keepalive, clean_start=True
        )
        thread = BrokerThread(client, self._is_away)
        thread.start()
        try:
            await asyncio.Event().wait()
        finally:
            self._ready.clear()
            await asyncio.to_thread(thread.stop)

    def publish(self, topic: str, payload: bytes) -> bool:
        """Whether it was handed to a live connection, at quality of service 0: said once, never repeated."""
        if self._client is None or not self.ready:
            return False
        return self._client.publish(topic, payload, qos=0).rc == mqtt.MQTT_ERR_SUCCESS

    def _a_client(self) -> mqtt.Client:
        settings = self._settings
        name = f"{settings.mqtt_client_id}-line-{secrets.token_hex(4)}"
        client = mqtt.Client(CallbackAPIVersion.VERSION2, name, protocol=mqtt.MQTTv5)
        if settings.mqtt_username is not None:
            client.username_pw_set(settings.mqtt_username, settings.broker_password())
        if settings.mqtt_tls:
            client.tls_set(ca_certs=str(settings.mqtt_ca_file) if settings.mqtt_ca_file else None)
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        return client

    # These run in the client's thread.

    def _is_away(self, reason: str) -> None:
        self.away = reason

    def _on_connect(self, client: mqtt.Client, _data: Any, _flags: Any, reason: ReasonCode, _properties: Any) -> None:
        if reason.is_failure:
            self.away = str(reason)
            log.warning("line.refused_us", reason=str(reason))
            return
        client.subscribe([(topic, 0) for topic in self._topics])  # pyright: ignore[reportArgumentType]

    def _on_subscribe(
        self, _client: mqtt.Client, _data: Any, _mid: int, reasons: list[ReasonCode], _properties: Any
    ) -> None:
        refused = [str(reason) for reason in reasons if reason.is_failure]
        if refused:
            log.warning("line.refused_listening", reasons=refused)
        else:
            self._tell(self._ready.set)

    def _on_disconnect(self, _client: mqtt.Client, _data: Any, _flags: Any, _reason: Any, _properties: Any) -> None:
        self._tell(self._ready.clear)

    def _on_message(self, _client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        try:
            lot = lot_of(message.topic)
        except ValueError:
            return
        if not message.retain:
            self._tell(self._heard, lot, message.topic, bytes(message.payload))

    def _tell(self, what: Callable[..., None], *about: Any) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(what, *about)
